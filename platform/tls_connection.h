#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "platform/stream_connection.h"

struct ssl_ctx_st;
struct ssl_st;
struct bio_st;
struct x509_store_ctx_st;

namespace wfdcast::platform {

// What every TLS connection of this process shares: our certificate and the rules. TLS 1.3 only, both ends
// with an Ed25519 certificate, no session tickets, no resumption, no early data.
class TlsContext {
 public:
  // Both DER. Throws std::runtime_error.
  TlsContext(ByteView certificate, ByteView private_key);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;
  [[nodiscard]] ssl_ctx_st* get() const { return context_; }

 private:
  ssl_ctx_st* context_;
};

// TLS over a TCP connection. The peer proves an Ed25519 key; whether that key may talk to us under the
// protocol that was agreed (ALPN) is its owner's question, asked during the handshake. Nothing of the
// certificate but the key counts, so no clock is needed. A peer that is refused gets no byte of ours but an
// alert.
class TlsConnection : public Connection {
 public:
  using Key = std::array<std::uint8_t, 32>;
  enum class Role { Client, Server };
  // More than any handshake of ours takes.
  static constexpr std::size_t kMaxHandshake = 16 * 1024;
  struct Options {
    Role role = Role::Client;
    std::vector<std::string> protocols;  // a client offers the first; a server takes any of them
    std::function<bool(std::string_view protocol, const Key& key)> accepts;
    std::function<void()> on_secured;  // the handshake is done; may set_callbacks()
    Duration handshake_timeout = 5s;   // then it is closed
  };
  TlsConnection(EventLoop& loop, Fd fd, const TlsContext& context, Options options, Callbacks callbacks);
  ~TlsConnection() override;

  void set_callbacks(Callbacks callbacks) override { callbacks_ = std::move(callbacks); }
  void write(std::string_view bytes) override;  // once secured
  void finish(Duration grace) override;
  [[nodiscard]] std::size_t unsent() const override { return stream_.unsent(); }
  [[nodiscard]] Endpoint peer() const override { return stream_.peer(); }
  [[nodiscard]] Endpoint local() const override { return stream_.local(); }

  // Once secured.
  [[nodiscard]] const std::string& protocol() const { return protocol_; }
  [[nodiscard]] const Key& peer_key() const { return peer_key_; }
  // RFC 8446 section 7.5, without a context value; both ends get the same bytes.
  [[nodiscard]] std::vector<std::uint8_t> exported(std::string_view label, std::size_t size) const;

 private:
  enum class State { Handshaking, Secured, Finishing, Failed };
  friend class TlsContext;
  static int verify_peer(x509_store_ctx_st* store, void*);
  static int choose_protocol(ssl_st* ssl, const unsigned char** out, unsigned char* out_size,
                             const unsigned char* in, unsigned int in_size, void*);

  void receive(std::string_view bytes);
  void shake_hands();
  void read();
  void flush();
  void fail(std::string reason);
  [[nodiscard]] bool accepts(const Key& key);

  EventLoop& loop_;
  Options options_;
  Callbacks callbacks_;
  State state_ = State::Handshaking;
  std::string protocol_;
  Key peer_key_{};
  std::size_t handshake_bytes_ = 0;
  std::string reason_;
  std::unique_ptr<ssl_st, void (*)(ssl_st*)> ssl_;
  bio_st* in_;   // from the peer; belongs to ssl_
  bio_st* out_;  // to the peer; belongs to ssl_
  Timer timer_;  // of the handshake; then on_closed after a failure
  StreamConnection stream_;
};

}  // namespace wfdcast::platform
