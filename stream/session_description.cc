#include "stream/session_description.h"

#include "base/bytes.h"
#include "base/text.h"
#include "stream/rtp.h"

namespace wfdcast::stream {
namespace {

constexpr std::uint8_t kSapVersion = 0x20, kSapDeletion = 0x04;
constexpr std::string_view kSapType = "application/sdp";
constexpr std::uint32_t kAdministrative = 239, kSourceSpecific = 232;  // first octet
constexpr Ipv4Address kLocalScope{0xEFFF'FFFF};                        // 239.255.255.255
constexpr Ipv4Address kGlobalScope{0xE002'7FFE};                       // sap.mcast.net, 224.2.127.254

std::uint32_t first_octet(Ipv4Address address) { return address.value >> 24; }

}  // namespace

std::string serialize(const SessionDescription& description) {
  const std::string source = to_string(description.source), group = to_string(description.group.address);
  std::string name = printable(description.name);
  if (name.empty()) name = "-";
  std::string text = "v=0\r\n";
  text += "o=- " + std::to_string(description.id) + " " + std::to_string(description.version) + " IN IP4 " +
          source + "\r\n";
  text += "s=" + name + "\r\n";
  text += "c=IN IP4 " + group + "/" + std::to_string(description.ttl) + "\r\n";
  text += "t=0 0\r\na=tool:wfdcast\r\na=recvonly\r\n";
  // RFC 4570; not for the others: a program that would join for the source needs IGMPv3 in the network.
  if (first_octet(description.group.address) == kSourceSpecific)
    text += "a=source-filter: incl IN IP4 " + group + " " + source + "\r\n";
  const std::string type = std::to_string(kPayloadTypeMp2t);
  text += "m=video " + std::to_string(description.group.port) + " RTP/AVP " + type + "\r\n";
  return text + "a=rtpmap:" + type + " MP2T/90000\r\n";
}

Endpoint sap_target(Ipv4Address group) {
  return {first_octet(group) == kAdministrative ? kLocalScope : kGlobalScope, kSapPort};
}

std::vector<std::uint8_t> sap_packet(SapKind kind, std::uint16_t hash,
                                     const SessionDescription& description) {
  const std::string sdp = serialize(description);
  std::vector<std::uint8_t> packet(8 + kSapType.size() + 1 + sdp.size());
  ByteWriter out(packet);
  out.u8(kind == SapKind::Deletion ? kSapVersion | kSapDeletion : kSapVersion);
  out.u8(0);  // no authentication
  out.u16(hash);
  out.u32(description.source.value);
  out.bytes(as_bytes(kSapType));
  out.u8(0);
  out.bytes(as_bytes(sdp));
  return packet;
}

}  // namespace wfdcast::stream
