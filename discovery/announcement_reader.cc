#include <array>

#include "discovery/announcement_format.h"

namespace wfdcast::discovery {
namespace {

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
  std::optional<Cookie> cookie(Tlv id = Tlv::ProbeCookie) {
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

}  // namespace wfdcast::discovery
