// platform/wireless.h of a build without Wi-Fi Direct, and so without libnl.
#include <cerrno>

#include "platform/wireless.h"

namespace wfdcast::platform {

Result<void> set_multicast_to_unicast(const std::string&, Toggle) { return fail_errno(EOPNOTSUPP); }
bool is_station(const std::string&) { return false; }
Result<Toggle> power_save(const std::string&) { return fail_errno(EOPNOTSUPP); }
Result<void> set_power_save(const std::string&, Toggle) { return fail_errno(EOPNOTSUPP); }

}  // namespace wfdcast::platform
