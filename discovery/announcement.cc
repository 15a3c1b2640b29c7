#include "discovery/announcement.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/overloaded.h"
#include "discovery/announcement_format.h"

namespace wfdcast::discovery {
namespace {

// At most kMaxName bytes; a code point that would be cut in half is left out.
std::string_view cut_name(std::string_view name) {
  if (name.size() <= kMaxName) return name;
  std::size_t end = kMaxName;
  const auto continues = [&] { return (static_cast<std::uint8_t>(name[end]) & 0xC0) == 0x80; };
  while (end > kMaxName - 3 && continues()) --end;
  return name.substr(0, continues() ? kMaxName : end);
}

// Writes the header, then TLVs.
class Composer {
 public:
  explicit Composer(Kind kind) {
    out_.u32(kMagic);
    out_.u8(kVersion);
    out_.u8(static_cast<std::uint8_t>(kind));
  }
  void field(Tlv id, ByteView body) { write_subelement(out_, static_cast<std::uint8_t>(id), body); }
  void cookie(const std::optional<Cookie>& cookie, Tlv id = Tlv::ProbeCookie) {
    if (cookie) field(id, *cookie);
  }
  void key(const std::optional<PublicKey>& key) {
    if (key) field(Tlv::PublicKey, key->bytes);
  }
  void information(const DeviceInformation& information) { write_device_information(out_, information); }
  void name(std::string_view name) { field(Tlv::Name, as_bytes(cut_name(name))); }
  void address(Ipv4Address address) {
    start(Tlv::Address, 5);
    out_.u8(kIpv4);
    out_.u32(address.value);
  }
  void state(SinkState state) {
    start(Tlv::State, 1);
    out_.u8(static_cast<std::uint8_t>(state));
  }
  void interval(std::chrono::milliseconds interval) {
    constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
    start(Tlv::Interval, 4);
    out_.u32(static_cast<std::uint32_t>(std::clamp<std::int64_t>(interval.count(), 0, kMost)));
  }
  void position(std::uint64_t boot_id, std::uint32_t sequence) {
    start(Tlv::BootId, 8);
    out_.u64(boot_id);
    start(Tlv::Sequence, 4);
    out_.u32(sequence);
  }
  [[nodiscard]] std::vector<std::uint8_t> datagram() const {
    const ByteView bytes = out_.written();
    return {bytes.begin(), bytes.end()};
  }

 private:
  void start(Tlv id, std::uint16_t size) {
    out_.u8(static_cast<std::uint8_t>(id));
    out_.u16(size);
  }

  std::array<std::uint8_t, kMaxDatagram> memory_;  // all fields at their longest are below 300 bytes
  ByteWriter out_{memory_};
};

std::vector<std::uint8_t> compose(const Beacon& beacon) {
  Composer out(Kind::Beacon);
  out.information(beacon.information);
  out.field(Tlv::DeviceId, beacon.id.bytes);
  out.name(beacon.name);
  out.address(beacon.address);
  out.position(beacon.boot_id, beacon.sequence);
  out.state(beacon.state);
  out.interval(beacon.interval);
  out.cookie(beacon.cookie);
  out.key(beacon.key);
  out.cookie(beacon.invitation_cookie, Tlv::InvitationCookie);
  return out.datagram();
}

std::vector<std::uint8_t> compose(const Probe& probe) {
  Composer out(Kind::Probe);
  out.field(Tlv::DeviceId, probe.id.bytes);
  out.cookie(probe.cookie);
  return out.datagram();
}

std::vector<std::uint8_t> compose(const Invitation& invitation) {
  Composer out(Kind::Invitation);
  out.information(invitation.information);
  out.field(Tlv::DeviceId, invitation.source.bytes);
  out.name(invitation.name);
  out.position(invitation.boot_id, invitation.sequence);
  out.field(Tlv::Token, invitation.token.bytes);
  out.field(Tlv::Recipient, invitation.sink.bytes);
  out.cookie(invitation.cookie);
  out.key(invitation.key);
  if (invitation.purpose != Purpose::Session) {
    const std::uint8_t purpose = static_cast<std::uint8_t>(invitation.purpose);
    out.field(Tlv::Purpose, {&purpose, 1});
  }
  return out.datagram();
}

std::vector<std::uint8_t> compose(const Goodbye& goodbye) {
  Composer out(Kind::Goodbye);
  out.field(Tlv::DeviceId, goodbye.id.bytes);
  out.position(goodbye.boot_id, goodbye.sequence);
  out.cookie(goodbye.cookie);
  return out.datagram();
}

}  // namespace

std::vector<std::uint8_t> serialize(const Announcement& announcement) {
  return std::visit([](const auto& kind) { return compose(kind); }, announcement);
}

std::optional<Sealed> sealed(ByteView datagram) {
  if (datagram.size() < kHeaderSize + kSignatureTlv) return std::nullopt;
  const ByteView message = datagram.first(datagram.size() - kSignatureTlv);
  ByteReader in(datagram.subspan(message.size()));
  if (in.u8() != static_cast<std::uint8_t>(Tlv::Signature) || in.u16() != Signature{}.bytes.size())
    return std::nullopt;
  Sealed result{message, {}};
  std::ranges::copy(in.bytes(result.signature.bytes.size()), result.signature.bytes.begin());
  return result;
}

void append_signature(std::vector<std::uint8_t>& datagram, const Signature& signature) {
  const std::array<std::uint8_t, 3> head{static_cast<std::uint8_t>(Tlv::Signature), 0,
                                         static_cast<std::uint8_t>(signature.bytes.size())};
  datagram.insert(datagram.end(), head.begin(), head.end());
  datagram.insert(datagram.end(), signature.bytes.begin(), signature.bytes.end());
}

const char* to_string(AnnouncementError error) {
  switch (error) {
    case AnnouncementError::Truncated:
      return "truncated";
    case AnnouncementError::TooLong:
      return "longer than 512 bytes";
    case AnnouncementError::BadMagic:
      return "not a wfdcast datagram";
    case AnnouncementError::UnknownVersion:
      return "unknown version";
    case AnnouncementError::UnknownKind:
      return "unknown kind";
    case AnnouncementError::Missing:
      return "a field is missing";
    case AnnouncementError::BadField:
      return "a field has an impossible value";
  }
  return "";
}

const char* to_string(SinkState state) {
  switch (state) {
    case SinkState::Available:
      return "available";
    case SinkState::Busy:
      return "busy";
    case SinkState::Playing:
      return "playing";
    case SinkState::Paused:
      return "paused";
    case SinkState::Standby:
      return "standby";
  }
  return "";
}

}  // namespace wfdcast::discovery
