// platform/wpa_control.h of a build without Wi-Fi Direct: says so once, and is never up.
#include <utility>

#include "platform/wpa_control.h"

namespace wfdcast::platform {

void WpaControl::Deleter::operator()(wpa_ctrl*) const {}

WpaControl::WpaControl(EventLoop& loop, Options options, Callbacks callbacks)
    : loop_(loop),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      timer_(loop, [this] { callbacks_.on_down("this program was built without it"); }) {
  timer_.set(loop_.now());
}
WpaControl::~WpaControl() = default;
bool WpaControl::request(std::string, OnReply) { return false; }

}  // namespace wfdcast::platform
