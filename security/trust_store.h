#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "wfd/ids.h"

namespace wfdcast::security {

struct Rights {
  bool show = false;   // a source may show on us
  bool watch = false;  // a sink may watch us
  bool input = false;  // a sink may send touch, mouse and keys
  bool operator==(const Rights&) const = default;
};
inline constexpr Rights kDefaultRights{.show = true, .watch = true};
// "may-show,may-watch"; "" for none.
[[nodiscard]] std::string to_string(const Rights& rights);
[[nodiscard]] std::optional<Rights> parse_rights(std::string_view text);

// A board that we know. Pending: both persons have confirmed, but no mutual TLS handshake has succeeded yet;
// it gives no right, and is forgotten after TrustStore::kPendingLife.
struct TrustEntry {
  PublicKey key;
  std::string name;  // printable, at most 64 bytes
  Rights rights = kDefaultRights;
  std::optional<Time> pending_until;                                // none: trusted
  enum class Origin { State, Provisioned } origin = Origin::State;  // Provisioned: from trusted.d
  [[nodiscard]] bool trusted() const { return !pending_until; }
  bool operator==(const TrustEntry&) const = default;
};

// One line: "wfdcast-ed25519 KEY [rights=LIST] [pending] [NAME]"; KEY is 64 hex digits. The public key line
// of a board (wfdctl identity) is one without rights. A pending line is pending from `now` on.
[[nodiscard]] Result<TrustEntry, std::string> parse_trust_line(std::string_view line, Time now);
[[nodiscard]] std::string to_line(const TrustEntry& entry);
[[nodiscard]] std::string identity_line(const PublicKey& key, std::string_view name);

// The boards that we know, by their whole keys. It holds no file: its owner saves text() when it has changed.
class TrustStore {
 public:
  static constexpr std::size_t kMaxEntries = 4096;
  static constexpr Duration kPendingLife = 10min;

  // Takes the place of an entry with the same key; an entry that is trusted does not become pending again.
  // false: full.
  [[nodiscard]] bool add(TrustEntry entry);
  [[nodiscard]] bool remove(const PublicKey& key);
  // A mutual TLS handshake with this key succeeded; true: it was pending until now.
  [[nodiscard]] bool promote(const PublicKey& key);
  // Forgets what was pending for too long; true: there was some.
  [[nodiscard]] bool expire(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;
  // Takes the place of all entries that came from trusted.d.
  void set_provisioned(std::vector<TrustEntry> entries);

  // Trusted or pending.
  [[nodiscard]] const TrustEntry* find(const PublicKey& key) const;
  [[nodiscard]] const TrustEntry* find(const DeviceId& id) const;
  // In the order in which they came.
  [[nodiscard]] const std::vector<TrustEntry>& entries() const { return entries_; }
  // One line an entry of our own; what trusted.d holds stays there.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<TrustEntry> entries_;
  std::vector<DeviceId> ids_;  // of the entries
};

}  // namespace wfdcast::security
