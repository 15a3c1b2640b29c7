#pragma once

#include <string>

#include "wfd/ids.h"

namespace wfdcast::daemon {

// This board's device id: random, made at the first start and kept in
// `directory`/device-id. Where that cannot be written it is temporary, and
// `warning` says so.
struct OwnId {
  DeviceId id;
  std::string warning;
};
[[nodiscard]] OwnId load_device_id(const std::string& directory);

}  // namespace wfdcast::daemon
