#include "daemon/trust.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "base/text.h"
#include "platform/log.h"
#include "security/state_file.h"

namespace wfdcast::daemon {

using platform::log;
using platform::Severity;
using security::Identity;
using security::TrustEntry;

namespace {

constexpr std::string_view kCredential = "credential:";

// Empty: none was given to us.
std::string credential_path(std::string_view name) {
  const char* const directory = std::getenv("CREDENTIALS_DIRECTORY");
  return directory == nullptr ? std::string() : std::string(directory) + '/' + std::string(name);
}

// The lines of a file, if it is there; "#" begins a comment.
Result<std::vector<TrustEntry>> read_lines(const std::string& path, Time now) {
  std::vector<TrustEntry> entries;
  const auto text = security::read_state_file(path);
  if (!text) {
    if (text.error() == std::errc::no_such_file_or_directory) return entries;
    log(Severity::Error, "{}: {}", path, text.error().message());
    return fail(text.error());
  }
  int number = 0;
  for (const std::string_view line : Parts(*text, '\n')) {
    ++number;
    if (line.empty() || line.front() == '#') continue;
    auto entry = security::parse_trust_line(line, now);
    if (entry) {
      entries.push_back(std::move(*entry));
    } else {
      log(Severity::Error, "{}:{}: {}; ignoring this line", path, number, entry.error());
    }
  }
  return entries;
}

std::vector<TrustEntry> read_directory(const std::string& path, Time now) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(path, error)) {
    if (file.path().extension() == ".pub") files.push_back(file.path());
  }
  std::ranges::sort(files);
  std::vector<TrustEntry> entries;
  for (const std::string& file : files) {
    if (auto lines = read_lines(file, now)) std::ranges::move(*lines, std::back_inserter(entries));
  }
  return entries;
}

Identity identity_from(const std::string& pem, const std::string& path) {
  auto identity = Identity::from_pem(pem);
  if (!identity)
    throw ConfigError(fmt::format("security.identity: {} holds no Ed25519 private key in PEM", path));
  return std::move(*identity);
}

}  // namespace

Trust::Trust(platform::EventLoop& loop, const Config& config)
    : loop_(loop), config_(config), identity_(load_identity()), expiry_(loop, [this] { expire(); }) {
  (void)load_store();
}

Identity Trust::load_identity() {
  const std::string& setting = config_.security.identity;
  if (setting == "state") return own_identity();
  std::string path = setting;
  if (setting.starts_with(kCredential)) path = credential_path(setting.substr(kCredential.size()));
  const auto text = security::read_state_file(path);
  if (!text) throw ConfigError(fmt::format("security.identity: {}: {}", path, text.error().message()));
  return identity_from(*text, path);
}

// The one in the state directory; made at the first start of any instance.
Identity Trust::own_identity() {
  const std::string path = config_.state.directory + "/identity";
  auto done = security::make_private_directory(config_.state.directory);
  const security::StateLock lock(config_.state.directory);
  const auto text = security::read_state_file(path);
  if (text) return identity_from(*text, path);
  Identity identity = Identity::generate();
  if (done && text.error() != std::errc::no_such_file_or_directory) done = fail(text.error());
  if (done) done = security::write_atomically(path, identity.to_pem());
  if (!done) {
    temporary_ = true;
    warnings_.push_back(fmt::format("{}: {}; the identity is temporary: pairings end with this process", path,
                                    done.error().message()));
  }
  return identity;
}

// Other instances on this board write the file too: what is there counts, and where it cannot be read what we
// knew of it. A pending entry keeps its time.
Result<void> Trust::load_store() {
  security::TrustStore fresh;
  const auto own = read_lines(trusted_path(), loop_.now());
  std::vector<TrustEntry> entries = own ? *own : store_.entries();
  for (TrustEntry& entry : entries) {
    if (entry.origin != TrustEntry::Origin::State) continue;
    const TrustEntry* const known = store_.find(entry.key);
    if (known && entry.pending_until) entry.pending_until = known->pending_until;
    (void)fresh.add(std::move(entry));
  }
  fresh.set_provisioned(read_directory(config_.security.trusted_directory, loop_.now()));
  store_ = std::move(fresh);
  expiry_.set(store_.next_deadline());
  if (!own) return fail(own.error());
  return {};
}

std::string Trust::trusted_path() const { return config_.state.directory + "/trusted"; }

template <class Change>
Result<void, std::string> Trust::update(Change change) {
  const auto made = security::make_private_directory(config_.state.directory);
  const security::StateLock lock(config_.state.directory);
  const auto read = on_disk_ ? load_store() : Result<void>{};
  if (const Result<void, std::string> changed = change(); !changed) return changed;
  // Nor is a file written that could not be read: there is more in it than we know.
  Result<void> saved = made ? read : made;
  if (saved) saved = security::write_atomically(trusted_path(), store_.text());
  on_disk_ = saved.has_value() || !read;
  changed();
  if (!saved) return fail("cannot be saved, lasts until wfdd ends: " + saved.error().message());
  return {};
}

void Trust::changed() {
  expiry_.set(store_.next_deadline());
  if (on_change_) on_change_();
}

Result<void, std::string> Trust::add(TrustEntry entry) {
  if (entry.key == identity_.public_key()) return fail(std::string("this is our own key"));
  return update([&]() -> Result<void, std::string> {
    if (!store_.add(std::move(entry))) return fail(std::string("too many paired boards"));
    return {};
  });
}

Result<void, std::string> Trust::remove(const PublicKey& key) {
  return update([&]() -> Result<void, std::string> {
    const TrustEntry* const entry = store_.find(key);
    if (entry && entry->origin == TrustEntry::Origin::Provisioned) {
      return fail(fmt::format("it is in {}; remove its line there, and reload wfdd",
                              config_.security.trusted_directory));
    }
    if (!store_.remove(key)) return fail(std::string("not paired"));
    return {};
  });
}

void Trust::promote(const PublicKey& key) {
  const TrustEntry* const entry = store_.find(key);
  if (!entry || entry->trusted()) return;
  log(Severity::Notice, "paired with {}", entry->name);
  report(update([&]() -> Result<void, std::string> {
    (void)store_.promote(key);
    return {};
  }));
}

void Trust::reload() {
  if (on_disk_) (void)load_store();
  changed();
}

void Trust::expire() {
  log(Severity::Notice, "a pairing that was never used has expired");
  report(update([&]() -> Result<void, std::string> {
    (void)store_.expire(loop_.now());
    return {};
  }));
}

void Trust::report(const Result<void, std::string>& done) {
  if (!done) log(Severity::Error, "trusted: {}", done.error());
}

void Trust::bind(MethodTable& methods) {
  methods.bind_answer("identity", [this](const json& params) { return show_identity(params); });
  methods.bind_answer("trust", [this](const json& params) { return trust_line(params); });
  methods.bind_answer("paired", [this](const json&) { return paired(); });
  methods.bind_answer("unpair", [this](const json& params) { return unpair(params); });
}

Result<json, RpcError> Trust::show_identity(const json& params) {
  if (params.value("renew", false)) {
    if (config_.security.identity != "state")
      return fail(failed("identity: security.identity names a file; renew it there"));
    const Identity fresh = Identity::generate();
    const security::StateLock lock(config_.state.directory);
    const auto saved = security::write_atomically(config_.state.directory + "/identity", fresh.to_pem());
    if (!saved) return fail(failed("identity: " + saved.error().message()));
    log(Severity::Notice, "a new identity was made; it takes effect at the next start");
    return json{{"id", to_string(fresh.id())},
                {"line", security::identity_line(fresh.public_key(), config_.name)},
                {"temporary", false},
                {"restart", true}};
  }
  return json{{"id", to_string(identity_.id())},
              {"line", security::identity_line(identity_.public_key(), config_.name)},
              {"temporary", temporary_},
              {"restart", false}};
}

Result<json, RpcError> Trust::trust_line(const json& params) {
  auto entry = security::parse_trust_line(params["line"].get<std::string>(), loop_.now());
  if (!entry) return fail(failed("trust: " + entry.error()));
  entry->pending_until.reset();
  if (params.contains("rights")) {
    const auto rights = security::parse_rights(params["rights"].get<std::string>());
    if (!rights) return fail(failed("trust: rights are may-show, may-watch and may-input, with commas"));
    entry->rights = *rights;
  }
  const DeviceId id = security::device_id_of(entry->key);
  const std::string name = entry->name;
  if (const auto added = add(std::move(*entry)); !added) return fail(failed("trust: " + added.error()));
  log(Severity::Notice, "trusting {} ({})", name, to_string(id));
  return json{{"id", to_string(id)}, {"name", name}, {"result", "trusted"}};
}

json Trust::paired() const {
  json rows = json::array();
  for (const TrustEntry& entry : store_.entries()) {
    rows.push_back({{"id", to_string(security::device_id_of(entry.key))},
                    {"name", entry.name},
                    {"key", to_hex(entry.key.bytes)},
                    {"rights", security::to_string(entry.rights)},
                    {"state", entry.trusted() ? "trusted" : "pending"},
                    {"origin", entry.origin == TrustEntry::Origin::State ? "state" : "trusted.d"}});
  }
  return rows;
}

Result<json, RpcError> Trust::unpair(const json& params) {
  const auto wanted = params["peer"].get<std::string>();
  std::vector<const TrustEntry*> found;
  const auto keep_if = [&](auto matches) {
    if (!found.empty()) return;
    for (const TrustEntry& entry : store_.entries()) {
      if (matches(entry)) found.push_back(&entry);
    }
  };
  keep_if([&](const TrustEntry& entry) { return iequals(entry.name, wanted); });
  keep_if([&](const TrustEntry& entry) {
    return wanted.size() >= 4 && to_string(security::device_id_of(entry.key)).starts_with(to_lower(wanted));
  });
  if (found.empty())
    return fail(failed(fmt::format("unpair: no paired board matches \"{}\"", printable(wanted))));
  if (found.size() > 1)
    return fail(failed(fmt::format("unpair: \"{}\" is ambiguous: use the id", printable(wanted))));
  const TrustEntry entry = *found.front();
  const std::string id = to_string(security::device_id_of(entry.key));
  if (const auto removed = remove(entry.key); !removed)
    return fail(failed(fmt::format("unpair: {}: {}", entry.name, removed.error())));
  log(Severity::Notice, "unpaired {} ({})", entry.name, id);
  return json{{"id", id}, {"name", entry.name}, {"result", "unpaired"}};
}

}  // namespace wfdcast::daemon
