#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "wfd/group_key.h"

namespace wfdcast::rtsp {

// The value of wfdcast_group_key: "mki=00000001;key=<32 hex>;salt=<24 hex>;ssrc=0a0b0c0e;roc=0;seq=1;from=1",
// and for the streams of repair ";also=<ssrc>:<roc>:<seq>,...". Unknown fields are skipped; a missing or
// wrong one makes it nothing.
[[nodiscard]] std::optional<GroupKey> parse_group_key(std::string_view value);
[[nodiscard]] std::string serialize(const GroupKey& key);

}  // namespace wfdcast::rtsp
