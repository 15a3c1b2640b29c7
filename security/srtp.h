#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "wfd/group_key.h"

struct srtp_ctx_t_;

namespace wfdcast::security {

// RFC 3711 section 3.3.1: how often the sequence numbers of an SSRC have wrapped, and the sequence number.
struct PacketIndex {
  std::uint32_t roc = 0;
  std::uint16_t sequence = 0;
  bool operator==(const PacketIndex&) const = default;
};

// Throws std::runtime_error where the SRTP library has no AES-GCM.
void require_srtp();

// Protects what one end sends, RTP and RTCP, under one key (RFC 3711, RFC 7714). Each packet is protected
// once; every copy and every retransmission of it is the same bytes.
//   RTP:  header, ciphertext, tag (16 bytes), MKI (4 bytes) when there is one
//   RTCP: first 8 bytes, ciphertext, tag, E and index (4 bytes), MKI
class SrtpSender {
 public:
  // At most what a packet grows by: tag, index, MKI.
  static constexpr std::size_t kMaxGrowth = 16 + 4 + 4;
  // Throws std::runtime_error.
  SrtpSender(const SrtpKey& key, std::optional<std::uint32_t> mki);
  ~SrtpSender();
  SrtpSender(const SrtpSender&) = delete;
  SrtpSender& operator=(const SrtpSender&) = delete;

  // From where on an SSRC is numbered; without it from roll-over counter 0.
  void begin(Ssrc ssrc, PacketIndex index);
  // The protected packet in `out`; empty: not RTP, no room, or older than SrtpReceiver::kWindow packets. One
  // that was protected before gives the same bytes. Another packet with its number is a bug of ours, which
  // a debug build finds.
  [[nodiscard]] ByteView protect_rtp(ByteView packet, ByteSpan out);
  [[nodiscard]] ByteView protect_rtcp(ByteView packet, ByteSpan out);
  // Where the next packet of this SSRC is.
  [[nodiscard]] PacketIndex next_index(Ssrc ssrc) const;

 private:
  [[nodiscard]] ByteView finish(ByteSpan out, std::size_t size);

  SrtpKey key_;
  std::optional<std::uint32_t> mki_;
  srtp_ctx_t_* session_ = nullptr;
  struct Stream {
    std::uint64_t next = 0;  // index of its next packet
    bool used = false;       // libsrtp counts on from the first packet
  };
  std::map<std::uint32_t, Stream> streams_;
#ifndef NDEBUG
  void record(std::uint32_t ssrc, std::uint64_t index, ByteView packet);
  std::map<std::pair<std::uint32_t, std::uint64_t>, std::size_t>
      ledger_;  // (SSRC, index): hash of the packet
#endif
};

// Reads what came, under one key: checks, decrypts, and refuses what was read before.
class SrtpReceiver {
 public:
  // Packets; more than twice the longest latency (400 ms) of a stream of 40 Mbit/s.
  static constexpr int kWindow = 4096;
  // SSRCs under one key: a source has a handful, and may change them a few times.
  static constexpr std::size_t kMaxStreams = 64;
  explicit SrtpReceiver(const SrtpKey& key);
  ~SrtpReceiver();
  SrtpReceiver(const SrtpReceiver&) = delete;
  SrtpReceiver& operator=(const SrtpReceiver&) = delete;

  // Takes packets of this SSRC, which are about there now. Others are refused, and those beyond kMaxStreams.
  void expect(Ssrc ssrc, PacketIndex index);
  // The plain packet in `out`, without an MKI; empty: forged, replayed, or under another key.
  [[nodiscard]] ByteView unprotect_rtp(ByteView packet, ByteSpan out);
  [[nodiscard]] ByteView unprotect_rtcp(ByteView packet, ByteSpan out);
  // The last one was refused for its number alone: read before, or older than the window. Whether it was
  // genuine is not known then.
  [[nodiscard]] bool repeated() const { return repeated_; }

 private:
  struct Stream {
    std::uint64_t index = 0;  // of the newest good packet, or what was announced
    bool used = false;        // libsrtp counts on from the first good packet
  };
  SrtpKey key_;
  srtp_ctx_t_* session_ = nullptr;
  std::map<std::uint32_t, Stream> streams_;
  bool repeated_ = false;
};

// A sink's view of the group's keys: the one in use, and one more while a change is under way. An old key
// lasts for `overlap` after the first packet under the new one.
class GroupKeyRing {
 public:
  explicit GroupKeyRing(Duration overlap) : overlap_(overlap) {}
  // A new key, or the one that is known with a newer index.
  void add(const GroupKey& key);
  [[nodiscard]] ByteView unprotect_rtp(ByteView packet, ByteSpan out, Time now);
  [[nodiscard]] ByteView unprotect_rtcp(ByteView packet, ByteSpan out, Time now);
  [[nodiscard]] std::uint64_t refused() const { return refused_; }    // forged, unknown key
  [[nodiscard]] std::uint64_t repeated() const { return repeated_; }  // had before: SrtpReceiver::repeated()

 private:
  struct Held {
    GroupKey key;
    std::unique_ptr<SrtpReceiver> receiver;
    std::optional<Time> until;  // set when a newer key is in use
  };
  template <class Unprotect>
  [[nodiscard]] ByteView with_key_of(ByteView packet, Time now, Unprotect unprotect);

  Duration overlap_;
  std::vector<Held> held_;  // oldest first, at most two
  std::uint64_t refused_ = 0, repeated_ = 0;
};

}  // namespace wfdcast::security
