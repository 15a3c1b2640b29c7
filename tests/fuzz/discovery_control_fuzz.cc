// wpa_supplicant's lines, parts of which peers write: whatever comes out of a line keeps its promises, and a
// command that is made of it is one line.
#include <cstdlib>
#include <string>

#include "base/bytes.h"
#include "base/overloaded.h"
#include "discovery/control_command.h"
#include "discovery/control_event.h"
#include "discovery/control_reply.h"

namespace {

using namespace wfdcast;
using namespace wfdcast::discovery;

void require(bool fact) {
  if (!fact) std::abort();
}

void check_event(const ControlEventBody& body) {
  std::visit(overloaded{
                 [](const P2pDeviceSeen& e) { require(static_cast<bool>(e.device)); },
                 [](const NegotiationRequest& e) { require(command::reject(e.device).size() == 28); },
                 [](const GroupStarted& e) {
                   require(!e.interface.empty() && e.interface.find(' ') == std::string::npos);
                   require(e.prefix >= 0 && e.prefix <= 32);
                 },
                 [](const ProvisionStep& e) {
                   require(e.what != Provision::ShowPin || e.pin.size() == 8);
                   require(e.group.find(' ') == std::string::npos);
                 },
                 [](const StationConnected& e) { require(static_cast<bool>(e.interface)); },
                 [](const auto&) {},
             },
             body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  if (const auto event = parse_event(text)) check_event(event->body);
  if (const auto peer = parse_peer(text)) require(command::peer(peer->seen.device).size() == 26);
  if (const auto pin = parse_pin(text)) require(pin->size() == 8);
  (void)kind_of(text);
  require(command::set("device_name", text).find('\n') == std::string::npos);
  return 0;
}
