#include "stream/rtp_queue.h"

#include <bit>

namespace wfdcast::stream {

RtpQueue::RtpQueue(std::size_t capacity)
    : buffers_(std::make_unique_for_overwrite<RtpBuffer[]>(capacity)),
      free_(capacity),
      free_count_(capacity),
      slots_(std::bit_ceil(capacity + 1)),
      mask_(slots_.size() - 1) {
  for (std::size_t i = 0; i < capacity; ++i) free_[i] = static_cast<std::uint32_t>(capacity - 1 - i);
}

}  // namespace wfdcast::stream
