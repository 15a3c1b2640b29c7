// security/srtp.h of a build without TLS: there is no key, so there is no SRTP.
#include <stdexcept>

#include "security/srtp.h"

namespace wfdcast::security {

void require_srtp() { throw std::runtime_error("this program was built without SRTP"); }

SrtpSender::SrtpSender(const SrtpKey&, std::optional<std::uint32_t>) { require_srtp(); }
SrtpSender::~SrtpSender() = default;
void SrtpSender::begin(Ssrc, PacketIndex) {}
ByteView SrtpSender::protect_rtp(ByteView, ByteSpan) { return {}; }
ByteView SrtpSender::protect_rtcp(ByteView, ByteSpan) { return {}; }
PacketIndex SrtpSender::next_index(Ssrc) const { return {}; }

SrtpReceiver::SrtpReceiver(const SrtpKey&) { require_srtp(); }
SrtpReceiver::~SrtpReceiver() = default;
void SrtpReceiver::expect(Ssrc, PacketIndex) {}
ByteView SrtpReceiver::unprotect_rtp(ByteView, ByteSpan) { return {}; }
ByteView SrtpReceiver::unprotect_rtcp(ByteView, ByteSpan) { return {}; }

}  // namespace wfdcast::security
