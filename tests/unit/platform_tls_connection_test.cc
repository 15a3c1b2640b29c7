#include "platform/tls_connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sys/socket.h>

#include "tests/unit/platform_loop.h"

namespace wfdcast::platform {
namespace {

// An Ed25519 key and its certificate, made here: platform knows no identities.
struct Board {
  std::vector<std::uint8_t> certificate, private_key;
  TlsConnection::Key key{};

  Board() {
    EVP_PKEY* const pkey = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
    X509* const x = X509_new();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    // Long over: no clock is asked.
    ASN1_TIME_set_string(X509_getm_notBefore(x), "19700101000000Z");
    ASN1_TIME_set_string(X509_getm_notAfter(x), "19710101000000Z");
    X509_set_pubkey(x, pkey);
    X509_sign(x, pkey, nullptr);
    certificate.resize(static_cast<std::size_t>(i2d_X509(x, nullptr)));
    unsigned char* at = certificate.data();
    i2d_X509(x, &at);
    private_key.resize(static_cast<std::size_t>(i2d_PrivateKey(pkey, nullptr)));
    at = private_key.data();
    i2d_PrivateKey(pkey, &at);
    std::size_t size = key.size();
    EVP_PKEY_get_raw_public_key(pkey, key.data(), &size);
    X509_free(x);
    EVP_PKEY_free(pkey);
  }
};

// One end of a connection, and what happened to it.
struct End {
  std::unique_ptr<TlsConnection> connection;
  std::string received, closed;
  bool secured = false;

  Connection::Callbacks callbacks() {
    return {
        .on_bytes = [this](std::string_view bytes) { received += bytes; },
        .on_closed = [this](std::string reason) { closed = reason.empty() ? "closed" : std::move(reason); }};
  }
};

class Tls : public testing::Test {
 protected:
  Tls() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    client_fd_ = Fd(ends[0]);
    server_fd_ = Fd(ends[1]);
  }
  void start_server(std::vector<std::string> protocols, TlsConnection::Key accepted, Duration timeout = 5s) {
    server.connection = std::make_unique<TlsConnection>(
        loop, std::move(server_fd_), server_context,
        TlsConnection::Options{
            .role = TlsConnection::Role::Server,
            .protocols = std::move(protocols),
            .accepts = [accepted](std::string_view,
                                  const TlsConnection::Key& key) { return key == accepted; },
            .on_secured = [this] { server.secured = true; },
            .handshake_timeout = timeout},
        server.callbacks());
  }
  void start_client(std::string protocol, TlsConnection::Key accepted) {
    client.connection = std::make_unique<TlsConnection>(
        loop, std::move(client_fd_), client_context,
        TlsConnection::Options{
            .role = TlsConnection::Role::Client,
            .protocols = {std::move(protocol)},
            .accepts = [accepted](std::string_view,
                                  const TlsConnection::Key& key) { return key == accepted; },
            .on_secured = [this] { client.secured = true; },
            .handshake_timeout = 5s},
        client.callbacks());
  }

  EventLoop loop;
  Board client_board, server_board;
  TlsContext client_context{client_board.certificate, client_board.private_key};
  TlsContext server_context{server_board.certificate, server_board.private_key};
  Fd client_fd_, server_fd_;
  End client, server;
};

TEST_F(Tls, BothKnowEachOtherAndTalk) {
  start_server({"other/1", "test/1"}, client_board.key);
  start_client("test/1", server_board.key);
  ASSERT_TRUE(run_until(loop, [&] { return client.secured && server.secured; }));
  EXPECT_EQ(server.connection->protocol(), "test/1");
  EXPECT_EQ(server.connection->peer_key(), client_board.key);
  EXPECT_EQ(client.connection->peer_key(), server_board.key);
  EXPECT_EQ(client.connection->exported("EXPORTER-test", 60),
            server.connection->exported("EXPORTER-test", 60));
  EXPECT_NE(client.connection->exported("EXPORTER-test", 32),
            client.connection->exported("EXPORTER-else", 32));
  const std::string large(100'000, 'x');
  client.connection->write("hello");
  server.connection->write(large);
  ASSERT_TRUE(run_until(loop, [&] { return server.received == "hello" && client.received == large; }));
  client.connection->finish(1s);
  ASSERT_TRUE(run_until(loop, [&] { return !server.closed.empty(); }));
  EXPECT_EQ(server.closed, "the peer closed the connection");
}

TEST_F(Tls, AnUnknownClientHearsNothing) {
  start_server({"test/1"}, server_board.key);
  start_client("test/1", server_board.key);
  ASSERT_TRUE(run_until(loop, [&] { return !server.closed.empty() && !client.closed.empty(); }));
  EXPECT_FALSE(server.secured);
  EXPECT_EQ(client.received, "");
}

TEST_F(Tls, AnUnknownServerIsLeft) {
  start_server({"test/1"}, client_board.key);
  start_client("test/1", client_board.key);
  ASSERT_TRUE(run_until(loop, [&] { return !server.closed.empty() && !client.closed.empty(); }));
  EXPECT_FALSE(client.secured || server.secured);
}

TEST_F(Tls, AnotherProtocolIsRefused) {
  start_server({"test/1"}, client_board.key);
  start_client("test/2", server_board.key);
  ASSERT_TRUE(run_until(loop, [&] { return !server.closed.empty() && !client.closed.empty(); }));
  EXPECT_FALSE(client.secured || server.secured);
  EXPECT_EQ(client.closed, "TLS: tlsv1 alert no application protocol") << "the server's reason";
}

TEST_F(Tls, TheFirstByteOfSomethingElseCloses) {
  start_server({"test/1"}, client_board.key);
  ASSERT_EQ(::send(client_fd_.get(), "O", 1, 0), 1);
  ASSERT_TRUE(run_until(loop, [&] { return !server.closed.empty(); }));
  EXPECT_EQ(server.closed, "not TLS");
}

TEST_F(Tls, AHandshakeHasItsTimeAndItsSize) {
  start_server({"test/1"}, client_board.key, 50ms);
  ASSERT_EQ(::send(client_fd_.get(), "\x16\x03\x01", 3, 0), 3);
  ASSERT_TRUE(run_until(loop, [&] { return !server.closed.empty(); }));
  EXPECT_EQ(server.closed, "no TLS handshake in time");
}

TEST_F(Tls, NoiseIsNoHandshake) {
  start_server({"test/1"}, client_board.key);
  std::string noise(TlsConnection::kMaxHandshake + 1, '\x16');
  ASSERT_GT(::send(client_fd_.get(), noise.data(), noise.size(), 0), 0);
  ASSERT_TRUE(run_until(loop, [&] { return !server.closed.empty(); }));
  EXPECT_FALSE(server.secured);
}

TEST_F(Tls, NoiseAfterTheHandshakeCloses) {
  start_server({"test/1"}, client_board.key);
  const int raw = client_fd_.get();
  start_client("test/1", server_board.key);
  ASSERT_TRUE(run_until(loop, [&] { return client.secured && server.secured; }));
  const std::string noise = std::string("\x17\x03\x03\x00\x20", 5) + std::string(32, 'x');
  ASSERT_EQ(::send(raw, noise.data(), noise.size(), 0), static_cast<ssize_t>(noise.size()));
  ASSERT_TRUE(run_until(loop, [&] { return !server.closed.empty(); }));
  EXPECT_EQ(server.received, "");
}

}  // namespace
}  // namespace wfdcast::platform
