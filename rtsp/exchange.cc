#include "rtsp/exchange.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "rtsp/timers.h"

namespace wfdcast::rtsp {
namespace {

enum class Silence : std::uint8_t { EndsSession, IsTolerated };
struct AskedRow {
  Asked asked;
  Silence silence;
  const char* name;
};
// In the order of the enum. TEARDOWN has a timer of its own; M16 and the PLAY
// and PAUSE triggers stay unanswered by real sinks.
constexpr std::array<AskedRow, 21> kAsked{{{Asked::M1, Silence::EndsSession, "M1"},
                                           {Asked::M2, Silence::IsTolerated, "M2"},
                                           {Asked::M3, Silence::EndsSession, "M3"},
                                           {Asked::M4, Silence::EndsSession, "M4"},
                                           {Asked::SetupTrigger, Silence::EndsSession, "M5 SETUP"},
                                           {Asked::PlayTrigger, Silence::IsTolerated, "M5 PLAY"},
                                           {Asked::PauseTrigger, Silence::IsTolerated, "M5 PAUSE"},
                                           {Asked::TeardownTrigger, Silence::IsTolerated, "M5 TEARDOWN"},
                                           {Asked::M6, Silence::EndsSession, "M6"},
                                           {Asked::M7, Silence::EndsSession, "M7"},
                                           {Asked::M8, Silence::IsTolerated, "M8"},
                                           {Asked::M9, Silence::EndsSession, "M9"},
                                           {Asked::M13, Silence::IsTolerated, "M13"},
                                           {Asked::M16, Silence::IsTolerated, "M16"},
                                           {Asked::M12, Silence::IsTolerated, "M12"},
                                           {Asked::FormatChange, Silence::EndsSession, "M4 in session"},
                                           {Asked::Move, Silence::EndsSession, "wfdcast_transport"},
                                           {Asked::Delivery, Silence::IsTolerated, "wfdcast_delivery"},
                                           {Asked::Key, Silence::EndsSession, "wfdcast_group_key"},
                                           {Asked::M14, Silence::IsTolerated, "M14"},
                                           {Asked::M15, Silence::IsTolerated, "M15"}}};

const AskedRow& row_of(Asked asked) { return kAsked[static_cast<std::size_t>(asked)]; }

}  // namespace

const char* to_string(Asked asked) { return row_of(asked).name; }

Duration patience(Asked asked) { return asked == Asked::M6 ? kSetupTimeout : kReplyTimeout; }

std::string Exchange::request(Asked what, Request request, Time now) {
  forget(what);
  request.cseq = ++last_cseq_;
  awaited_.push_back({what, request.cseq, now});
  return serialize(request);
}

std::optional<Asked> Exchange::answered(const Response& response) {
  const auto found = std::find_if(awaited_.begin(), awaited_.end(),
                                  [&](const Awaited& awaited) { return awaited.cseq == response.cseq; });
  if (found == awaited_.end()) return std::nullopt;
  const Asked what = found->what;
  awaited_.erase(found);
  return what;
}

bool Exchange::awaits(Asked what, Time now) const {
  return std::any_of(awaited_.begin(), awaited_.end(), [&](const Awaited& awaited) {
    return awaited.what == what && now < awaited.sent + patience(what);
  });
}

void Exchange::forget(Asked what) {
  std::erase_if(awaited_, [&](const Awaited& awaited) { return awaited.what == what; });
}

std::optional<Time> Exchange::deadline() const {
  std::optional<Time> first;
  for (const Awaited& awaited : awaited_) {
    if (row_of(awaited.what).silence == Silence::EndsSession)
      first = earliest(first, awaited.sent + patience(awaited.what));
  }
  return first;
}

std::optional<Asked> Exchange::overdue(Time now) const {
  for (const Awaited& awaited : awaited_) {
    const bool fatal = row_of(awaited.what).silence == Silence::EndsSession;
    if (fatal && now >= awaited.sent + patience(awaited.what)) return awaited.what;
  }
  return std::nullopt;
}

std::optional<Response> refuse_at_sight(const Request& request) {
  if (request.version != kVersion) return Response{.status = Status::VersionNotSupported};
  if (const auto required = find(request.headers, "Require")) {
    for (const std::string_view option : Parts(*required, ',')) {
      if (iequals(option, kWfdOption)) continue;
      return Response{.status = Status::OptionNotSupported,
                      .headers = {{"Unsupported", std::string(option)}}};
    }
  }
  if (request.method == Method::Other) return Response{.status = Status::NotImplemented};
  return std::nullopt;
}

Response method_not_allowed(std::string_view allowed) {
  return {.status = Status::MethodNotAllowed, .headers = {{"Allow", std::string(allowed)}}};
}

std::string_view session_id(std::string_view value) { return trim(value.substr(0, value.find(';'))); }

}  // namespace wfdcast::rtsp
