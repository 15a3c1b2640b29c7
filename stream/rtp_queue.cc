#include "stream/rtp_queue.h"

#include <bit>

namespace wfdcast::stream {

RtpQueue::RtpQueue(std::size_t capacity)
    : buffers_(std::make_unique_for_overwrite<RtpBuffer[]>(capacity)),
      free_(capacity),
      free_count_(capacity),
      mask_(std::bit_ceil(capacity + 1) - 1),
      memory_(
          std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(mask_ + 1) * sizeof(RtpSlot))),
      slots_(reinterpret_cast<RtpSlot*>(memory_.get())) {
  for (std::size_t i = 0; i < capacity; ++i) free_[i] = static_cast<std::uint32_t>(capacity - 1 - i);
}

}  // namespace wfdcast::stream
