#include "rtsp/transport.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace wfdcast::rtsp {
namespace {

// "a" or "a-b". Each number must be a port; an RTCP port of 0 or equal to the
// RTP port (Roku, Hisense) means that there is none.
Result<PortPair, TransportError> parse_ports(std::string_view text) {
  const std::size_t dash = text.find('-');
  PortPair ports;
  const auto rtp = parse_number<std::uint16_t>(trim(text.substr(0, dash)));
  if (!rtp || *rtp == 0) return fail(TransportError::BadPort);
  ports.rtp = *rtp;
  if (dash == std::string_view::npos) return ports;
  const auto rtcp = parse_number<std::uint16_t>(trim(text.substr(dash + 1)));
  if (!rtcp) return fail(TransportError::BadPort);
  if (*rtcp != ports.rtp) ports.rtcp = *rtcp;
  return ports;
}

std::string to_text(const PortPair& ports) {
  std::string text = std::to_string(ports.rtp);
  if (ports.rtcp != 0) text += '-' + std::to_string(ports.rtcp);
  return text;
}

Result<void, TransportError> read_ports(std::string_view value, PortPair& ports) {
  const auto parsed = parse_ports(value);
  if (!parsed) return fail(parsed.error());
  ports = *parsed;
  return {};
}

Result<void, TransportError> read_address(std::string_view value, Ipv4Address& address) {
  const auto parsed = parse_address(value);
  if (!parsed) return fail(TransportError::BadField);
  address = *parsed;
  return {};
}

using ReadField = Result<void, TransportError> (*)(std::string_view value, Transport& transport);
struct Field {
  std::string_view name;
  ReadField read;
};
constexpr std::array<Field, 7> kFields{{
    {"client_port", [](std::string_view value, Transport& t) { return read_ports(value, t.client); }},
    {"port", [](std::string_view value, Transport& t) { return read_ports(value, t.client); }},
    {"server_port", [](std::string_view value, Transport& t) { return read_ports(value, t.server); }},
    {"destination", [](std::string_view value, Transport& t) { return read_address(value, t.destination); }},
    {"source", [](std::string_view value, Transport& t) { return read_address(value, t.source); }},
    {"ttl",
     [](std::string_view value, Transport& t) -> Result<void, TransportError> {
       const auto ttl = parse_number<std::uint8_t>(value);
       if (!ttl) return fail(TransportError::BadField);
       t.ttl = *ttl;
       return {};
     }},
    {"ssrc",
     [](std::string_view value, Transport& t) -> Result<void, TransportError> {
       const auto ssrc = parse_number<std::uint32_t>(value, 16);
       if (!ssrc) return fail(TransportError::BadField);
       t.ssrc = Ssrc{*ssrc};
       return {};
     }},
}};

// Keeps "a" and "b" of "a=b"; a field without "=" is its own name.
Result<void, TransportError> read_field(std::string_view text, Transport& transport) {
  const std::size_t equals = text.find('=');
  const std::string_view name = trim(text.substr(0, equals));
  if (iequals(name, "multicast")) transport.delivery = Delivery::Multicast;
  if (equals == std::string_view::npos) return {};
  for (const Field& field : kFields) {
    if (iequals(name, field.name)) return field.read(trim(text.substr(equals + 1)), transport);
  }
  return {};
}

Result<Transport, TransportError> parse_one(std::string_view text) {
  Parts fields(text, ';');
  if (!iequals(*fields, "RTP/AVP/UDP") && !iequals(*fields, "RTP/AVP")) {
    return fail(TransportError::UnknownProfile);
  }
  Transport transport;
  for (++fields; fields != fields.end(); ++fields) {
    if (const auto read = read_field(*fields, transport); !read) return fail(read.error());
  }
  if (transport.delivery == Delivery::Unicast) {
    transport.destination = {};
    transport.ttl = 0;
  } else if (!transport.destination.is_multicast()) {
    return fail(TransportError::NoGroup);
  } else if (transport.client.rtp == 0) {
    return fail(TransportError::BadPort);
  }
  return transport;
}

}  // namespace

const char* to_string(TransportError error) {
  switch (error) {
    case TransportError::UnknownProfile:
      return "not RTP/AVP over UDP";
    case TransportError::BadPort:
      return "impossible port";
    case TransportError::BadField:
      return "bad field";
    case TransportError::NoGroup:
      return "multicast without a group";
  }
  return "";
}

Result<Transport, TransportError> parse_transport(std::string_view value) {
  for (const std::string_view one : Parts(value, ',')) {
    auto transport = parse_one(one);
    if (transport || transport.error() != TransportError::UnknownProfile) return transport;
  }
  return fail(TransportError::UnknownProfile);
}

std::string serialize(const Transport& transport) {
  std::string out;
  out.reserve(192);  // room for the longest
  if (transport.delivery == Delivery::Multicast) {
    out.append("RTP/AVP/UDP;multicast;destination=").append(to_string(transport.destination));
    out.append(";port=").append(to_text(transport.client));
    out.append(";ttl=").append(std::to_string(transport.ttl));
  } else {
    out.append("RTP/AVP/UDP;unicast;client_port=").append(to_text(transport.client));
  }
  if (transport.server.rtp != 0) out.append(";server_port=").append(to_text(transport.server));
  if (transport.source) out.append(";source=").append(to_string(transport.source));
  if (transport.ssrc) {
    const std::uint32_t value = transport.ssrc->value;
    const std::array bytes{static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
                           static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
    out += ";ssrc=" + to_hex(bytes);
  }
  return out;
}

}  // namespace wfdcast::rtsp
