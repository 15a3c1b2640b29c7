#include "stream/h264.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace wfdcast::stream {
namespace {

constexpr std::uint8_t kIdrSlice = 5, kSps = 7;
constexpr std::size_t kMaxSps = 512;        // far more than any real one
constexpr std::uint32_t kMaxCode = 65'535;  // no field that is read here is larger
constexpr unsigned kMaxSize = 16'384;
constexpr std::uint32_t kExtendedSar = 255;

// The bytes behind the next start code (0 0 1); empty: none.
ByteView next_nal(ByteView& bytes) {
  for (std::size_t at = 2; at < bytes.size(); ++at) {
    const auto* const one =
        static_cast<const std::uint8_t*>(std::memchr(bytes.data() + at, 1, bytes.size() - at));
    if (one == nullptr) break;
    at = static_cast<std::size_t>(one - bytes.data());
    if (one[-1] == 0 && one[-2] == 0) return bytes = bytes.subspan(at + 1);
  }
  return bytes = {};
}

std::uint8_t nal_type(ByteView nal) { return nal[0] & 0x1F; }

// The bits of a NAL unit without its emulation prevention bytes. Reading past
// the end yields zeros and makes ok() false for good, as with ByteReader.
class BitReader {
 public:
  explicit BitReader(ByteView nal) {
    std::size_t zeros = 0;
    for (const std::uint8_t byte : nal.first(std::min(nal.size(), kMaxSps))) {
      if (zeros >= 2 && byte <= 1) break;  // the next start code
      if (zeros >= 2 && byte == 3) {
        zeros = 0;
        continue;
      }
      zeros = byte == 0 ? zeros + 1 : 0;
      bytes_.push_back(byte);
    }
  }
  std::uint32_t bits(unsigned count) {
    std::uint32_t value = 0;
    for (; count > 0; --count) value = value << 1 | bit();
    return value;
  }
  bool flag() { return bit() != 0; }
  // ue(v) of section 9.1; also skips se(v), which has the same length.
  std::uint32_t code() {
    unsigned zeros = 0;
    while (ok_ && bit() == 0) ++zeros;
    if (zeros > 31) ok_ = false;
    if (!ok_) return 0;
    return (1u << zeros) - 1 + bits(zeros);
  }
  // ue(v) that is sane; a larger one makes ok() false.
  std::uint32_t small(std::uint32_t most = kMaxCode) {
    const std::uint32_t value = code();
    if (value > most) ok_ = false;
    return ok_ ? value : 0;
  }
  std::int32_t signed_code() {
    const std::uint32_t value = small();
    const auto half = static_cast<std::int32_t>((value + 1) / 2);
    return value % 2 != 0 ? half : -half;
  }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::uint32_t bit() {
    if (position_ / 8 >= bytes_.size()) {
      ok_ = false;
      return 0;
    }
    const std::uint32_t value = bytes_[position_ / 8] >> (7 - position_ % 8) & 1u;
    ++position_;
    return value;
  }

  std::vector<std::uint8_t> bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

bool has_chroma_format(std::uint8_t profile) {
  static constexpr std::array<std::uint8_t, 13> kProfiles = {100, 110, 122, 244, 44,  83, 86,
                                                             118, 128, 138, 139, 134, 135};
  return std::find(kProfiles.begin(), kProfiles.end(), profile) != kProfiles.end();
}

void skip_scaling_list(BitReader& in, int size) {
  std::int32_t last = 8;
  for (int i = 0; i < size && last != 0 && in.ok(); ++i) last = (last + in.signed_code() + 256) % 256;
}

// chroma_format_idc.
std::uint32_t read_chroma_format(BitReader& in) {
  const std::uint32_t chroma = in.small(3);
  if (chroma == 3) in.bits(1);  // separate_colour_plane_flag
  in.small(6);                  // bit depths
  in.small(6);
  in.bits(1);
  if (!in.flag()) return chroma;
  for (int list = 0; list < (chroma == 3 ? 12 : 8); ++list) {
    if (in.flag()) skip_scaling_list(in, list < 6 ? 16 : 64);
  }
  return chroma;
}

void skip_picture_order(BitReader& in) {
  const std::uint32_t type = in.small(2);
  if (type == 0) in.small();
  if (type != 1) return;
  in.bits(1);
  in.code();
  in.code();
  const std::uint32_t cycle = in.small(255);
  for (std::uint32_t i = 0; i < cycle && in.ok(); ++i) in.code();
}

// Frames a second of the VUI (section E.1.1); 0: not told.
unsigned read_rate(BitReader& in) {
  if (in.flag() && in.bits(8) == kExtendedSar) in.bits(32);
  if (in.flag()) in.bits(1);  // overscan
  if (in.flag()) {            // video_signal_type
    in.bits(4);
    if (in.flag()) in.bits(24);
  }
  if (in.flag()) {  // chroma location
    in.small(5);
    in.small(5);
  }
  if (!in.flag()) return 0;
  const std::uint64_t units = in.bits(32);
  const std::uint64_t scale = in.bits(32);
  if (!in.ok() || units == 0) return 0;
  const std::uint64_t rate = (scale + units) / (2 * units);  // one frame is two fields
  return rate <= 1'000 ? static_cast<unsigned>(rate) : 0;
}

std::optional<SequenceParameters> parse_sps(ByteView nal) {
  BitReader in(nal.subspan(1));
  SequenceParameters sps;
  sps.profile = static_cast<std::uint8_t>(in.bits(8));
  sps.constraints = static_cast<std::uint8_t>(in.bits(8));
  sps.level = static_cast<std::uint8_t>(in.bits(8));
  in.small(31);
  const std::uint32_t chroma = has_chroma_format(sps.profile) ? read_chroma_format(in) : 1;
  in.small();  // log2_max_frame_num
  skip_picture_order(in);
  in.small();  // max_num_ref_frames
  in.bits(1);
  const unsigned width = (in.small(kMaxSize / 16) + 1) * 16;
  const unsigned map_units = in.small(kMaxSize / 16) + 1;
  sps.interlaced = !in.flag();
  const unsigned fields = sps.interlaced ? 2 : 1;
  if (sps.interlaced) in.bits(1);
  const unsigned height = map_units * 16 * fields;
  in.bits(1);
  unsigned crop_x = 0, crop_y = 0;
  if (in.flag()) {  // in units of chroma samples (table 6-1)
    crop_x = (in.small(kMaxSize) + in.small(kMaxSize)) * (chroma == 1 || chroma == 2 ? 2 : 1);
    crop_y = (in.small(kMaxSize) + in.small(kMaxSize)) * (chroma == 1 ? 2 : 1) * fields;
  }
  if (!in.ok() || crop_x >= width || crop_y >= height) return std::nullopt;
  sps.width = width - crop_x;
  sps.height = height - crop_y;
  if (in.flag()) sps.rate = read_rate(in);
  return sps;
}

}  // namespace

PictureStart look_at_picture(ByteView bytes) {
  PictureStart seen;
  for (ByteView nal = next_nal(bytes); !nal.empty(); nal = next_nal(bytes)) {
    const std::uint8_t type = nal_type(nal);
    if (type == kIdrSlice || type == kSps) seen.key = true;
    if (type == kSps && nal.size() >= 4) seen.profile = {nal[1], nal[2], nal[3]};
  }
  return seen;
}

std::optional<SequenceParameters> find_sps(ByteView bytes) {
  for (ByteView nal = next_nal(bytes); !nal.empty(); nal = next_nal(bytes)) {
    if (nal_type(nal) == kSps) {
      if (const auto sps = parse_sps(nal)) return sps;
    }
  }
  return std::nullopt;
}

}  // namespace wfdcast::stream
