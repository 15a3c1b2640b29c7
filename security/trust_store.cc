#include "security/trust_store.h"

#include <algorithm>

#include "base/text.h"
#include "security/identity.h"

namespace wfdcast::security {
namespace {

constexpr std::string_view kKeyType = "wfdcast-ed25519";
constexpr std::string_view kRightsPrefix = "rights=";
constexpr std::size_t kMaxName = 64;

// Cuts the first word off.
std::string_view next_word(std::string_view& line) {
  line = trim(line);
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

}  // namespace

std::string to_string(const Rights& rights) {
  std::string text;
  const auto append = [&](bool has, std::string_view name) {
    if (has) text.append(text.empty() ? "" : ",").append(name);
  };
  append(rights.show, "may-show");
  append(rights.watch, "may-watch");
  append(rights.input, "may-input");
  return text;
}

std::optional<Rights> parse_rights(std::string_view text) {
  Rights rights;
  if (trim(text).empty()) return rights;
  for (const std::string_view name : Parts(text, ',')) {
    if (name == "may-show") {
      rights.show = true;
    } else if (name == "may-watch") {
      rights.watch = true;
    } else if (name == "may-input") {
      rights.input = true;
    } else {
      return std::nullopt;
    }
  }
  return rights;
}

Result<TrustEntry, std::string> parse_trust_line(std::string_view line, Time now) {
  if (next_word(line) != kKeyType) return fail(std::string("a line begins with \"wfdcast-ed25519\""));
  const auto key = parse_public_key(next_word(line));
  if (!key) return fail(std::string("a key is 64 hex digits"));
  TrustEntry entry{.key = *key, .name = {}, .pending_until = std::nullopt};
  std::string_view rest = line;
  std::string_view word = next_word(rest);
  if (word.starts_with(kRightsPrefix)) {
    const auto rights = parse_rights(word.substr(kRightsPrefix.size()));
    if (!rights) return fail(std::string("rights are may-show, may-watch and may-input, with commas"));
    entry.rights = *rights;
    line = rest;
    word = next_word(rest);
  }
  if (word == "pending") {
    entry.pending_until = now + TrustStore::kPendingLife;
    line = rest;
  }
  entry.name = printable(trim(line).substr(0, kMaxName));
  return entry;
}

std::string to_line(const TrustEntry& entry) {
  std::string line = std::string(kKeyType) + ' ' + to_hex(entry.key.bytes) + ' ' +
                     std::string(kRightsPrefix) + to_string(entry.rights);
  if (!entry.trusted()) line += " pending";
  if (!entry.name.empty()) line += ' ' + entry.name;
  return line;
}

std::string identity_line(const PublicKey& key, std::string_view name) {
  return std::string(kKeyType) + ' ' + to_hex(key.bytes) + ' ' + printable(name);
}

bool TrustStore::add(TrustEntry entry) {
  const auto same = std::ranges::find(entries_, entry.key, &TrustEntry::key);
  if (same != entries_.end()) {
    if (same->trusted()) entry.pending_until.reset();
    if (same->origin == TrustEntry::Origin::State) entry.origin = TrustEntry::Origin::State;
    *same = std::move(entry);
    return true;
  }
  if (entries_.size() >= kMaxEntries) return false;
  ids_.push_back(device_id_of(entry.key));
  entries_.push_back(std::move(entry));
  return true;
}

bool TrustStore::remove(const PublicKey& key) {
  const auto same = std::ranges::find(entries_, key, &TrustEntry::key);
  if (same == entries_.end()) return false;
  ids_.erase(ids_.begin() + (same - entries_.begin()));
  entries_.erase(same);
  return true;
}

bool TrustStore::promote(const PublicKey& key) {
  const auto same = std::ranges::find(entries_, key, &TrustEntry::key);
  if (same == entries_.end() || same->trusted()) return false;
  same->pending_until.reset();
  return true;
}

bool TrustStore::expire(Time now) {
  std::vector<PublicKey> over;
  for (const TrustEntry& entry : entries_) {
    if (entry.pending_until && now >= *entry.pending_until) over.push_back(entry.key);
  }
  for (const PublicKey& key : over) (void)remove(key);
  return !over.empty();
}

std::optional<Time> TrustStore::next_deadline() const {
  std::optional<Time> next;
  for (const TrustEntry& entry : entries_) next = earliest(next, entry.pending_until);
  return next;
}

void TrustStore::set_provisioned(std::vector<TrustEntry> entries) {
  const auto before = entries_;
  for (const TrustEntry& entry : before) {
    if (entry.origin == TrustEntry::Origin::Provisioned) (void)remove(entry.key);
  }
  for (TrustEntry& entry : entries) {
    entry.origin = TrustEntry::Origin::Provisioned;
    entry.pending_until.reset();
    if (!find(entry.key)) (void)add(std::move(entry));
  }
}

const TrustEntry* TrustStore::find(const PublicKey& key) const {
  const auto same = std::ranges::find(entries_, key, &TrustEntry::key);
  return same == entries_.end() ? nullptr : &*same;
}

const TrustEntry* TrustStore::find(const DeviceId& id) const {
  const auto same = std::ranges::find(ids_, id);
  return same == ids_.end() ? nullptr : &entries_[static_cast<std::size_t>(same - ids_.begin())];
}

std::string TrustStore::text() const {
  std::string text;
  for (const TrustEntry& entry : entries_) {
    if (entry.origin == TrustEntry::Origin::State) text += to_line(entry) + '\n';
  }
  return text;
}

}  // namespace wfdcast::security
