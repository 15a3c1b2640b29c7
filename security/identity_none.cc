// security/identity.h of a build without TLS. The identity is 32 random bytes in the place of a public key: a
// name that nobody can prove, as good as any in open mode.
#include <sys/random.h>

#include <algorithm>
#include <stdexcept>

#include "base/text.h"
#include "security/identity.h"

namespace wfdcast::security {
namespace {

constexpr std::string_view kHead = "wfdcast-unproven ";

[[noreturn]] void missing() { throw std::runtime_error("this program was built without TLS"); }

}  // namespace

bool has_tls() { return false; }

DeviceId device_id_of(const PublicKey& key) {
  DeviceId id;
  std::copy_n(key.bytes.begin(), id.bytes.size(), id.bytes.begin());
  return id;
}

bool verify(const PublicKey&, ByteView, const Signature&) { return false; }
std::array<std::uint8_t, 32> sha256(std::initializer_list<ByteView>) { missing(); }

Identity::Identity(evp_pkey_st*) {}

Identity Identity::generate() {
  Identity identity(nullptr);
  auto& bytes = identity.public_key_.bytes;
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw std::runtime_error("getrandom failed");
  return identity;
}

std::optional<Identity> Identity::from_pem(std::string_view pem) {
  Identity identity(nullptr);
  if (!pem.starts_with(kHead)) return std::nullopt;
  const auto key = parse_public_key(trim(pem.substr(kHead.size())));
  if (!key) return std::nullopt;
  identity.public_key_ = *key;
  return identity;
}

Signature Identity::sign(ByteView) const { return {}; }
std::string Identity::to_pem() const { return std::string(kHead) + to_hex(public_key_.bytes) + '\n'; }
std::vector<std::uint8_t> Identity::private_key() const { missing(); }
std::vector<std::uint8_t> Identity::certificate() const { missing(); }

}  // namespace wfdcast::security
