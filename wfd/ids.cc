#include "wfd/ids.h"

#include <algorithm>

#include "base/text.h"

namespace wfdcast {
namespace {

template <class Id>
std::optional<Id> parse_id(std::string_view text) {
  const auto bytes = from_hex(text);
  Id id;
  if (!bytes || bytes->size() != id.bytes.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), id.bytes.begin());
  return id;
}

}  // namespace

std::string to_string(const DeviceId& id) { return to_hex(id.bytes); }
std::string to_string(const InvitationToken& token) { return to_hex(token.bytes); }
std::optional<DeviceId> parse_device_id(std::string_view text) { return parse_id<DeviceId>(text); }
std::optional<PublicKey> parse_public_key(std::string_view text) { return parse_id<PublicKey>(text); }
std::optional<InvitationToken> parse_token(std::string_view text) { return parse_id<InvitationToken>(text); }

}  // namespace wfdcast
