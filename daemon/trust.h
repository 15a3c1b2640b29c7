#pragma once

#include <functional>
#include <string>
#include <vector>

#include "daemon/config.h"
#include "daemon/method_table.h"
#include "platform/event_loop.h"
#include "security/identity.h"
#include "security/trust_store.h"

namespace wfdcast::daemon {

// Who we are and whom we know: the identity, the trust store, and their files: `identity` and `trusted` in
// the state directory (or security.identity), and what a fleet's maker put into `trusted.d`.
class Trust {
 public:
  // Reads the files; makes an identity at the first start. What cannot be written is kept in memory, and
  // warnings() says so. Throws ConfigError for an identity that is there but cannot be used.
  Trust(platform::EventLoop& loop, const Config& config);

  [[nodiscard]] const security::Identity& identity() const { return identity_; }
  [[nodiscard]] const security::TrustStore& store() const { return store_; }
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }

  // Each is on disk when it returns; after each that changed something, `on_change` is called.
  [[nodiscard]] Result<void, std::string> add(security::TrustEntry entry);
  [[nodiscard]] Result<void, std::string> remove(const PublicKey& key);
  void promote(const PublicKey& key);  // a mutual TLS handshake succeeded
  void reload();                       // trusted.d again

  void on_change(std::function<void()> callback) { on_change_ = std::move(callback); }
  void bind(MethodTable& methods);

 private:
  [[nodiscard]] security::Identity load_identity();
  Result<void> load_store();
  [[nodiscard]] security::Identity own_identity();
  [[nodiscard]] std::string trusted_path() const;
  // Reads, changes, writes. The change says why it cannot be.
  template <class Change>
  [[nodiscard]] Result<void, std::string> update(Change change);
  static void report(const Result<void, std::string>& done);
  void expire();
  void changed();
  [[nodiscard]] json paired() const;
  [[nodiscard]] Result<json, RpcError> show_identity(const json& params);
  [[nodiscard]] Result<json, RpcError> trust_line(const json& params);
  [[nodiscard]] Result<json, RpcError> unpair(const json& params);

  platform::EventLoop& loop_;
  const Config& config_;
  std::vector<std::string> warnings_;
  bool temporary_ = false;  // the identity is not on disk
  bool on_disk_ = true;     // what we trust is
  security::Identity identity_;
  security::TrustStore store_;
  std::function<void()> on_change_;
  platform::Timer expiry_;
};

}  // namespace wfdcast::daemon
