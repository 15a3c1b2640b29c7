#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "stream/rtp.h"

namespace wfdcast::stream {

// SMPTE ST 2022-1 (Pro-MPEG CoP3): each FEC packet is the XOR of one column or
// one row of a matrix of RTP packets, L columns wide and D rows high.
inline constexpr std::uint8_t kPayloadTypeFec = 96;
inline constexpr std::uint16_t kColumnPort = 2, kRowPort = 4;  // above the RTP port
inline constexpr std::size_t kFecHeader = 16;
inline constexpr std::size_t kMaxFecPacket = kRtpHeader + kFecHeader + kTsPacketsPerRtp * kTsPacket;
inline constexpr unsigned kMostColumns = 20, kMostRows = 20, kMostInMatrix = 100;

struct FecMatrix {
  unsigned columns = 10, rows = 5;  // L, D
  bool row_packets = false;         // beside those of the columns
  bool operator==(const FecMatrix&) const = default;
};

// One FEC packet: the XOR of `count` packets from `base` on, `offset` apart.
struct FecPacket {
  std::uint16_t base = 0;
  std::uint8_t offset = 1;  // 1: a row
  std::uint8_t count = 0;
  std::uint16_t length = 0;     // XOR of the payload lengths
  std::uint8_t type = 0;        // of the payload types
  std::uint32_t timestamp = 0;  // of the time stamps
  ByteView payload{};           // of the payloads, the shorter ones with zeros behind
};
// nullopt: not FEC of this kind, or beyond its limits. The fields of the RTP
// header hold recovery bits in some encoders, so only the type is looked at.
[[nodiscard]] std::optional<FecPacket> parse_fec(ByteView datagram);

// What a row or column has so far.
struct FecSum {
  std::uint16_t length = 0;
  std::uint8_t type = 0;
  std::uint32_t timestamp = 0;
  std::size_t longest = 0;
  std::array<std::uint8_t, kTsPacketsPerRtp * kTsPacket> payload{};

  void add(std::uint8_t payload_type, RtpTime time, ByteView bytes);
};

// Makes the FEC packets of a stream as it is sent. A matrix that changes does
// so when the running one is complete. Memory is fixed.
class FecEncoder {
 public:
  struct Options {
    Ssrc column{0}, row{0};  // 0 in open mode, as the standard and its encoders have it
  };
  enum class Kind : std::uint8_t { Column, Row };

  explicit FecEncoder(const Options& options) : options_(options) {}

  // nullopt: no FEC from the next matrix on.
  void set_matrix(const std::optional<FecMatrix>& matrix) { next_ = matrix; }
  [[nodiscard]] bool active() const { return matrix_.has_value() || next_.has_value(); }
  [[nodiscard]] const std::optional<FecMatrix>& matrix() const { return matrix_; }

  // The next packet of the stream. Calls out(Kind, ByteView) for FEC packets
  // that go out now: rows as they end, columns spread over the next matrix.
  template <class Out>
  void add(ByteView rtp, Out&& out) {
    if (position_ == 0 && matrix_ != next_) {
      // The columns of another width would fall out of step: all at once.
      while (waiting_ > 0) out(Kind::Column, take_column());
      matrix_ = next_;
    }
    if (!matrix_) return;
    sum(rtp);
    const unsigned column = position_ % matrix_->columns;
    if (matrix_->row_packets && column == matrix_->columns - 1) {
      out(Kind::Row, finish(row_, Kind::Row, row_base_, 1, matrix_->columns));
      row_ = {};
    }
    // The columns that were completed by the last matrix.
    if (waiting_ > 0 && position_ % waiting_rows_ == 0) out(Kind::Column, take_column());
    if (++position_ == matrix_->columns * matrix_->rows) end_matrix();
  }

 private:
  void end_matrix();
  void sum(ByteView rtp);
  [[nodiscard]] ByteView take_column();
  [[nodiscard]] ByteView finish(const FecSum& sum, Kind kind, std::uint16_t base, unsigned offset,
                                unsigned count);

  Options options_;
  std::optional<FecMatrix> matrix_, next_;
  unsigned position_ = 0;  // in the matrix
  std::uint16_t base_ = 0, row_base_ = 0;
  std::uint32_t timestamp_ = 0;
  std::array<FecSum, kMostColumns> columns_{}, done_{};
  unsigned waiting_ = 0, waiting_columns_ = 0, waiting_rows_ = 1;
  std::uint16_t waiting_base_ = 0;
  FecSum row_;
  std::uint16_t column_sequence_ = 0, row_sequence_ = 0;
  std::array<std::uint8_t, kMaxFecPacket> packet_{};
};

}  // namespace wfdcast::stream
