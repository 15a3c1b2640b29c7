// TLS records from a peer that has shaken hands, and from one that has not (first byte odd): the server
// closes, or ignores them, and nothing of it becomes plain text.
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include <cstdlib>

#include "platform/tls_connection.h"

using namespace wfdcast;
using namespace wfdcast::platform;

namespace {

TlsContext& context() {
  static TlsContext* const made = [] {
    EVP_PKEY* const key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    X509* const x = X509_new();
    X509_set_version(x, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 60);
    X509_set_pubkey(x, key);
    X509_sign(x, key, nullptr);
    std::vector<std::uint8_t> certificate(static_cast<std::size_t>(i2d_X509(x, nullptr)));
    std::vector<std::uint8_t> private_key(static_cast<std::size_t>(i2d_PrivateKey(key, nullptr)));
    unsigned char* at = certificate.data();
    i2d_X509(x, &at);
    at = private_key.data();
    i2d_PrivateKey(key, &at);
    X509_free(x);
    EVP_PKEY_free(key);
    return new TlsContext(certificate, private_key);
  }();
  return *made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  EventLoop loop;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) != 0) return 0;
  const int raw = ends[0];
  bool server_secured = false, client_secured = false, closed = false, plain = false;
  const auto options = [&](TlsConnection::Role role, bool& secured) {
    return TlsConnection::Options{.role = role,
                                  .protocols = {"fuzz/1"},
                                  .accepts = [](std::string_view, const TlsConnection::Key&) { return true; },
                                  .on_secured = [&] { secured = true; }};
  };
  TlsConnection server(loop, Fd(ends[1]), context(), options(TlsConnection::Role::Server, server_secured),
                       {.on_bytes = [&](std::string_view) { plain = true; },
                        .on_closed = [&](const std::string&) { closed = true; }});
  std::unique_ptr<TlsConnection> client;
  Fd raw_owner;
  if ((data[0] & 1) == 0) {
    client = std::make_unique<TlsConnection>(
        loop, Fd(raw), context(), options(TlsConnection::Role::Client, client_secured),
        Connection::Callbacks{.on_bytes = [](std::string_view) {}, .on_closed = [](const std::string&) {}});
  } else {
    raw_owner = Fd(raw);
  }
  Timer step(loop, [&] { loop.stop(); });
  const auto run = [&] {
    step.set(loop.now() + 200us);
    loop.run();
  };
  for (int i = 0; i < 50 && client && !server_secured; ++i) run();
  (void)!::send(raw, data + 1, size - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
  for (int i = 0; i < 3 && !closed; ++i) run();
  if (plain) std::abort();
  return 0;
}
