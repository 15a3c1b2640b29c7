// A line of `trusted` or `trusted.d`: what is read comes back the same when it is written and read again.
#include <cstdlib>

#include "base/bytes.h"
#include "security/trust_store.h"

using namespace wfdcast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto entry = security::parse_trust_line(as_text({data, size}), Time{1h});
  if (!entry) return 0;
  const auto again = security::parse_trust_line(security::to_line(*entry), Time{1h});
  if (!again || again->key != entry->key || again->rights != entry->rights) std::abort();
  return 0;
}
