#include "platform/tls_connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <stdexcept>

namespace wfdcast::platform {
namespace {

constexpr std::uint8_t kAlertRecord = 21, kHandshakeRecord = 22;  // RFC 8446 section 5.1
constexpr Duration kAlertGrace = 1s;
constexpr long kMaxCertificates = 4096;  // ours have 300 bytes

std::string last_error() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  const char* const text = error == 0 ? nullptr : ERR_reason_error_string(error);
  return text == nullptr ? "TLS failed" : std::string("TLS: ") + text;
}

void need(bool done) {
  if (!done) throw std::runtime_error(last_error());
}

std::string wire_protocols(const std::vector<std::string>& protocols) {
  return static_cast<char>(protocols.front().size()) + protocols.front();
}

}  // namespace

TlsContext::TlsContext(ByteView certificate, ByteView private_key) : context_(SSL_CTX_new(TLS_method())) {
  need(context_ != nullptr);
  SSL_CTX* const c = context_;
  need(SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) == 1 &&
       SSL_CTX_set_max_proto_version(c, TLS1_3_VERSION) == 1 &&
       SSL_CTX_use_certificate_ASN1(c, static_cast<int>(certificate.size()), certificate.data()) == 1 &&
       SSL_CTX_use_PrivateKey_ASN1(EVP_PKEY_ED25519, c, private_key.data(),
                                   static_cast<long>(private_key.size())) == 1 &&
       SSL_CTX_check_private_key(c) == 1 && SSL_CTX_set1_sigalgs_list(c, "ed25519") == 1 &&
       SSL_CTX_set1_groups_list(c, "X25519") == 1 && SSL_CTX_set_num_tickets(c, 0) == 1 &&
       SSL_CTX_set_max_early_data(c, 0) == 1);
  SSL_CTX_set_options(c, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(c, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_max_cert_list(c, kMaxCertificates);
  SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(c, &TlsConnection::verify_peer, nullptr);
  SSL_CTX_set_alpn_select_cb(c, &TlsConnection::choose_protocol, nullptr);
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

TlsConnection::TlsConnection(EventLoop& loop, Fd fd, const TlsContext& context, Options options,
                             Callbacks callbacks)
    : loop_(loop),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      ssl_(SSL_new(context.get()), &SSL_free),
      in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())),
      timer_(loop,
             [this] {
               if (state_ == State::Handshaking) return fail("no TLS handshake in time");
               timer_.set(std::nullopt);
               callbacks_.on_closed(reason_);
             }),
      stream_(loop, std::move(fd),
              {.on_bytes = [this](std::string_view bytes) { receive(bytes); },
               .on_closed =
                   [this](std::string reason) {
                     if (state_ == State::Failed) return;  // the timer tells
                     timer_.set(std::nullopt);
                     callbacks_.on_closed(std::move(reason));
                   }}) {
  need(ssl_ && in_ != nullptr && out_ != nullptr);
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_app_data(ssl_.get(), this);
  timer_.set(loop.now() + options_.handshake_timeout);
  if (options_.role == Role::Server) {
    SSL_set_accept_state(ssl_.get());
    return;
  }
  SSL_set_connect_state(ssl_.get());
  const std::string offered = wire_protocols(options_.protocols);
  need(SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(offered.data()),
                           static_cast<unsigned>(offered.size())) == 0);
  shake_hands();
}

TlsConnection::~TlsConnection() = default;

// The whole of what makes a certificate good. That the peer has its private key OpenSSL checks by itself.
int TlsConnection::verify_peer(X509_STORE_CTX* store, void*) {
  const auto* const ssl =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* const self = static_cast<TlsConnection*>(SSL_get_app_data(ssl));
  EVP_PKEY* const key = X509_get0_pubkey(X509_STORE_CTX_get0_cert(store));
  Key raw{};
  std::size_t size = raw.size();
  const bool ed25519 = key != nullptr && EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 &&
                       EVP_PKEY_get_raw_public_key(key, raw.data(), &size) == 1;
  if (ed25519 && self->accepts(raw)) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED);
  return 0;
}

int TlsConnection::choose_protocol(SSL* ssl, const unsigned char** out, unsigned char* out_size,
                                   const unsigned char* in, unsigned int in_size, void*) {
  const auto* const self = static_cast<const TlsConnection*>(SSL_get_app_data(ssl));
  ByteReader offered({in, in_size});
  while (offered.remaining() > 0) {
    const ByteView name = offered.bytes(offered.u8());
    if (!offered.ok()) break;
    for (const std::string& ours : self->options_.protocols) {
      if (as_text(name) != ours) continue;
      *out = name.data();
      *out_size = static_cast<unsigned char>(name.size());
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool TlsConnection::accepts(const Key& key) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  if (size == 0) return false;  // the peer did not choose one: another program
  protocol_ = std::string(as_text({name, size}));
  peer_key_ = key;
  return options_.accepts(protocol_, key);
}

void TlsConnection::write(std::string_view bytes) {
  if (state_ != State::Secured || bytes.empty()) return;
  if (SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) <= 0) return fail(last_error());
  flush();
}

void TlsConnection::finish(Duration grace) {
  if (state_ != State::Secured && state_ != State::Handshaking) return;
  if (state_ == State::Secured) SSL_shutdown(ssl_.get());
  state_ = State::Finishing;
  timer_.set(std::nullopt);
  flush();
  stream_.finish(grace);
}

std::vector<std::uint8_t> TlsConnection::exported(std::string_view label, std::size_t size) const {
  std::vector<std::uint8_t> bytes(size);
  need(SSL_export_keying_material(ssl_.get(), bytes.data(), size, label.data(), label.size(), nullptr, 0,
                                  0) == 1);
  return bytes;
}

void TlsConnection::receive(std::string_view bytes) {
  if (state_ == State::Handshaking) {
    const bool first = handshake_bytes_ == 0;
    handshake_bytes_ += bytes.size();
    const auto record = static_cast<std::uint8_t>(bytes.front());
    // A server may begin with an alert, which says what it does not like about us.
    const bool alert = record == kAlertRecord && options_.role == Role::Client;
    if (first && record != kHandshakeRecord && !alert) return fail("not TLS");
    if (handshake_bytes_ > kMaxHandshake) return fail("too long a TLS handshake");
  }
  if (state_ != State::Handshaking && state_ != State::Secured) return;
  if (BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())) != static_cast<int>(bytes.size()))
    return fail(last_error());
  if (state_ == State::Handshaking) shake_hands();
  if (state_ == State::Secured) read();
}

void TlsConnection::shake_hands() {
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  const int error = SSL_get_error(ssl_.get(), done);
  if (done != 1 && error != SSL_ERROR_WANT_READ) return fail(last_error());
  flush();
  if (done != 1) return;
  state_ = State::Secured;
  timer_.set(std::nullopt);
  const auto on_secured = std::move(options_.on_secured);
  options_.on_secured = nullptr;
  options_.accepts = nullptr;
  if (on_secured) on_secured();
}

void TlsConnection::read() {
  std::array<char, 16 * 1024> plain;  // the longest record
  while (state_ == State::Secured) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), plain.data(), static_cast<int>(plain.size()));
    if (got > 0) {
      callbacks_.on_bytes({plain.data(), static_cast<std::size_t>(got)});
      continue;
    }
    const int error = SSL_get_error(ssl_.get(), got);
    if (error == SSL_ERROR_WANT_READ) break;
    return fail(error == SSL_ERROR_ZERO_RETURN ? "the peer closed the connection" : last_error());
  }
  flush();
}

void TlsConnection::flush() {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out_, &bytes);
  if (size <= 0) return;
  stream_.write({bytes, static_cast<std::size_t>(size)});
  (void)BIO_reset(out_);
}

// What is left to say is an alert; on_closed comes by the timer, never from inside write().
void TlsConnection::fail(std::string reason) {
  flush();
  state_ = State::Failed;
  reason_ = std::move(reason);
  ERR_clear_error();
  stream_.finish(kAlertGrace);
  timer_.set(loop_.now());
}

}  // namespace wfdcast::platform
