// platform/tls_connection.h of a build without TLS: no TlsContext can be made, so no connection either.
#include <stdexcept>

#include "platform/tls_connection.h"

namespace wfdcast::platform {

TlsContext::TlsContext(ByteView, ByteView) : context_(nullptr) {
  throw std::runtime_error("this program was built without TLS");
}
TlsContext::~TlsContext() = default;

TlsConnection::TlsConnection(EventLoop& loop, Fd fd, const TlsContext&, Options, Callbacks)
    : loop_(loop), ssl_(nullptr, nullptr), timer_(loop, [] {}), stream_(loop, std::move(fd), {}) {}
TlsConnection::~TlsConnection() = default;
void TlsConnection::write(std::string_view) {}
void TlsConnection::finish(Duration) {}
std::vector<std::uint8_t> TlsConnection::exported(std::string_view, std::size_t) const { return {}; }

}  // namespace wfdcast::platform
