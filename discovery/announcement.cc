#include "discovery/announcement.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/overloaded.h"

namespace wfdcast::discovery {
namespace {

constexpr std::uint32_t kMagic = 0x57464443;  // "WFDC"
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kHeaderSize = 6;
constexpr std::size_t kMaxName = 64;
constexpr std::uint8_t kIpv4 = 1;  // IANA address family number

enum class Kind : std::uint8_t { Beacon = 1, Probe = 2, Invitation = 3, Goodbye = 4 };

// docs/protocol.md lists these.
enum class Tlv : std::uint8_t {
  DeviceInformation = wfdcast::DeviceInformation::kId,
  DeviceId = 128,
  Name = 129,
  Address = 130,
  BootId = 131,
  Sequence = 132,
  State = 133,
  Interval = 134,
  PublicKey = 135,
  Cookie = 136,
  Signature = 137,
  Token = 138,
  Recipient = 139,
  InvitationCookie = 140,
  Purpose = 141,
};
constexpr std::uint8_t kFirstOwn = 128, kLastOwn = 141;
constexpr std::size_t kSignatureTlv = 3 + 64;

// The TLVs of one datagram by id, the first of each. A field that is absent or
// wrong reads as zero and sets error(); the first error stays.
class Fields {
 public:
  explicit Fields(ByteReader in) {
    while (const auto element = next_subelement(in)) {
      const auto index = index_of(element->id);
      if (index && !bodies_[*index]) bodies_[*index] = element->body;
    }
    if (!in.ok()) note(AnnouncementError::Truncated);
  }

  // A body of at least `size` bytes; of a longer one the prefix counts, as in a WFD IE.
  ByteReader need(Tlv id, std::size_t size) {
    const auto body = find(id);
    if (!body) note(AnnouncementError::Missing);
    if (body && body->size() < size) note(AnnouncementError::BadField);
    return ByteReader(body && body->size() >= size ? *body : ByteView{});
  }
  template <std::size_t N>
  std::array<std::uint8_t, N> array(Tlv id) {
    std::array<std::uint8_t, N> value{};
    const ByteView body = need(id, N).bytes(N);
    std::copy(body.begin(), body.end(), value.begin());
    return value;
  }
  DeviceId device(Tlv id) { return {array<16>(id)}; }
  std::optional<Cookie> cookie(Tlv id = Tlv::Cookie) {
    if (!find(id)) return std::nullopt;
    return array<16>(id);
  }
  std::optional<PublicKey> key() {
    if (!find(Tlv::PublicKey)) return std::nullopt;
    return PublicKey{array<32>(Tlv::PublicKey)};
  }
  Purpose purpose() {
    if (!find(Tlv::Purpose)) return Purpose::Session;
    const std::uint8_t value = need(Tlv::Purpose, 1).u8();
    if (value > static_cast<std::uint8_t>(Purpose::Pairing)) note(AnnouncementError::BadField);
    return static_cast<Purpose>(value);
  }
  std::string name() {
    const ByteView body = find(Tlv::Name).value_or(ByteView{});
    if (body.size() > kMaxName) note(AnnouncementError::BadField);
    return std::string(as_text(body.first(std::min(body.size(), kMaxName))));
  }
  Ipv4Address address() {
    ByteReader body = need(Tlv::Address, 5);
    if (body.u8() != kIpv4) note(AnnouncementError::BadField);
    return {body.u32()};
  }
  DeviceInformation information() {
    const auto size = need(Tlv::DeviceInformation, 6).remaining();
    return size > 0 ? *parse_device_information(*find(Tlv::DeviceInformation)) : DeviceInformation{};
  }
  SinkState state() {
    const std::uint8_t value = need(Tlv::State, 1).u8();
    if (value > static_cast<std::uint8_t>(SinkState::Standby)) note(AnnouncementError::BadField);
    return static_cast<SinkState>(value);
  }
  std::chrono::milliseconds interval() {
    if (!find(Tlv::Interval)) return Beacon{}.interval;
    return std::chrono::milliseconds(need(Tlv::Interval, 4).u32());
  }

  void note(AnnouncementError error) {
    if (!error_) error_ = error;
  }
  [[nodiscard]] std::optional<AnnouncementError> error() const { return error_; }

 private:
  static std::optional<std::size_t> index_of(std::uint8_t id) {
    if (id == DeviceInformation::kId) return 0;
    if (id < kFirstOwn || id > kLastOwn) return std::nullopt;
    return static_cast<std::size_t>(id - kFirstOwn + 1);
  }
  [[nodiscard]] std::optional<ByteView> find(Tlv id) const {
    return bodies_[*index_of(static_cast<std::uint8_t>(id))];
  }

  std::array<std::optional<ByteView>, kLastOwn - kFirstOwn + 2> bodies_;
  std::optional<AnnouncementError> error_;
};

Beacon read_beacon(Fields& in) {
  Beacon beacon;
  beacon.id = in.device(Tlv::DeviceId);
  beacon.name = in.name();
  beacon.address = in.address();
  beacon.information = in.information();
  beacon.boot_id = in.need(Tlv::BootId, 8).u64();
  beacon.sequence = in.need(Tlv::Sequence, 4).u32();
  beacon.state = in.state();
  beacon.interval = in.interval();
  beacon.cookie = in.cookie();
  beacon.key = in.key();
  beacon.invitation_cookie = in.cookie(Tlv::InvitationCookie);
  return beacon;
}

Probe read_probe(Fields& in) { return {.id = in.device(Tlv::DeviceId), .cookie = in.cookie()}; }

Invitation read_invitation(Fields& in) {
  Invitation invitation;
  invitation.source = in.device(Tlv::DeviceId);
  invitation.sink = in.device(Tlv::Recipient);
  invitation.name = in.name();
  invitation.information = in.information();
  if (invitation.information.control_port == 0) in.note(AnnouncementError::BadField);
  invitation.token = {in.array<16>(Tlv::Token)};
  invitation.boot_id = in.need(Tlv::BootId, 8).u64();
  invitation.sequence = in.need(Tlv::Sequence, 4).u32();
  invitation.purpose = in.purpose();
  invitation.key = in.key();
  invitation.cookie = in.cookie();
  return invitation;
}

Goodbye read_goodbye(Fields& in) {
  Goodbye goodbye;
  goodbye.id = in.device(Tlv::DeviceId);
  goodbye.boot_id = in.need(Tlv::BootId, 8).u64();
  goodbye.sequence = in.need(Tlv::Sequence, 4).u32();
  goodbye.cookie = in.cookie();
  return goodbye;
}

Result<Announcement, AnnouncementError> read_kind(Kind kind, Fields& in) {
  switch (kind) {
    case Kind::Beacon:
      return read_beacon(in);
    case Kind::Probe:
      return read_probe(in);
    case Kind::Invitation:
      return read_invitation(in);
    case Kind::Goodbye:
      return read_goodbye(in);
  }
  return fail(AnnouncementError::UnknownKind);
}

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
  void cookie(const std::optional<Cookie>& cookie, Tlv id = Tlv::Cookie) {
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

Result<Announcement, AnnouncementError> parse_announcement(ByteView datagram) {
  if (datagram.size() > kMaxDatagram) return fail(AnnouncementError::TooLong);
  if (datagram.size() < kHeaderSize) return fail(AnnouncementError::Truncated);
  ByteReader in(datagram);
  if (in.u32() != kMagic) return fail(AnnouncementError::BadMagic);
  if (in.u8() != kVersion) return fail(AnnouncementError::UnknownVersion);
  const auto kind = static_cast<Kind>(in.u8());
  Fields fields(in);
  auto announcement = read_kind(kind, fields);
  if (announcement && fields.error()) return fail(*fields.error());
  return announcement;
}

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
