// Walks the tables of docs/rtsp.md: each message in each state, what it is
// answered and which state follows.
#include <fstream>
#include <functional>
#include <map>
#include <sstream>

#include "base/text.h"
#include "rtsp_rig.h"
#include "tests/unit/test_data.h"

namespace wfdcast::rtsp::test {
namespace {

// The cells of each row of the table below `heading`, without the ruler.
std::vector<std::vector<std::string>> table_below(const std::string& heading) {
  std::ifstream file(std::string(kTestData) + "/../../docs/rtsp.md");
  std::vector<std::vector<std::string>> rows;
  bool below = false;
  for (std::string line; std::getline(file, line);) {
    if (line == heading) below = true;
    if (!below || (!line.starts_with("|") && rows.empty())) continue;
    if (!line.starts_with("|")) break;
    if (line.starts_with("|---")) continue;
    std::vector<std::string> cells;
    for (const auto cell : split(std::string_view(line).substr(1, line.size() - 2), '|'))
      cells.emplace_back(cell);
    rows.push_back(std::move(cells));
  }
  return rows;
}

// "455", or with the state that follows where it is another one: "200 playing".
template <class Rig>
std::string outcome(Rig& rig, typename Rig::State before) {
  const auto after = rig.session.state();
  return std::to_string(rig.code()) + (after == before ? "" : std::string(" ") + to_string(after));
}

template <class Rig, class State>
void walk(const std::string& heading, const std::vector<State>& states,
          const std::map<std::string, std::function<void(Rig&)>>& messages) {
  const auto table = table_below(heading);
  ASSERT_EQ(table.size(), messages.size() + 1) << heading;
  ASSERT_EQ(table[0].size(), states.size() + 1);
  for (std::size_t row = 1; row < table.size(); ++row) {
    const std::string& message = table[row][0];
    ASSERT_TRUE(messages.contains(message)) << message;
    std::string actual = "| " + message, expected = "| " + message;
    for (std::size_t column = 0; column < states.size(); ++column) {
      EXPECT_EQ(table[0][column + 1], to_string(states[column]));
      Rig rig;
      rig.reach(states[column]);
      ASSERT_EQ(rig.session.state(), states[column]);
      messages.at(message)(rig);
      actual += " | " + outcome(rig, states[column]);
      expected += " | " + table[row].at(column + 1);
    }
    EXPECT_EQ(actual, expected);
  }
}

template <class Rig>
std::function<void(Rig&)> body(std::string text) {
  return [text = text + "\r\n"](Rig& rig) { rig.set(text); };
}

const std::string kSomeUibc =
    "wfd_uibc_capability: input_category_list=GENERIC;generic_cap_list=Mouse;hidc_cap_list=none;port=none";

TEST(MessageTable, Source) {
  using State = SourceSession::State;
  const auto body = test::body<SourceRig>;
  walk<SourceRig, State>(
      "### 1.1 Each message in each state: source",
      {State::Greeting, State::Querying, State::Choosing, State::Fixing, State::SettingUp, State::Ready,
       State::Playing, State::Paused, State::Standby, State::Ending},
      {{"M2 OPTIONS", [](SourceRig& rig) { rig.ask(Method::Options, "*", {{"Require", "org.wfa.wfd1.0"}}); }},
       {"M6 SETUP", [](SourceRig& rig) { rig.setup(); }},
       {"M7 PLAY", [](SourceRig& rig) { rig.ask(Method::Play, kUrl); }},
       {"M8 TEARDOWN", [](SourceRig& rig) { rig.ask(Method::Teardown, kUrl); }},
       {"M9 PAUSE", [](SourceRig& rig) { rig.ask(Method::Pause, kUrl); }},
       {"M10 wfd_route", body("wfd_route: secondary")},
       {"M11 wfd_connector_type", body("wfd_connector_type: 05")},
       {"M12 wfd_standby", body("wfd_standby")},
       {"M13 wfd_idr_request", body("wfd_idr_request")},
       {"M14 wfd_uibc_capability", body(kSomeUibc)},
       {"M15 wfd_uibc_setting: enable", body("wfd_uibc_setting: enable")},
       {"M15 wfd_uibc_setting: disable", body("wfd_uibc_setting: disable")},
       {"GET_PARAMETER", [](SourceRig& rig) { rig.ask(Method::GetParameter, kControl); }},
       {"DESCRIBE", [](SourceRig& rig) { rig.ask(Method::Describe, kUrl); }}});
}

TEST(MessageTable, Sink) {
  using State = SinkSession::State;
  const auto body = test::body<SinkRig>;
  walk<SinkRig, State>(
      "### 2.1 Each message in each state: sink",
      {State::Greeting, State::Describing, State::AwaitingTrigger, State::SettingUp, State::Starting,
       State::Playing, State::Pausing, State::Paused, State::Standby, State::Ending},
      {{"M1 OPTIONS", [](SinkRig& rig) { rig.m1(); }},
       {"M3 GET_PARAMETER", [](SinkRig& rig) { rig.m3("wfd_video_formats\r\n"); }},
       {"M4", [](SinkRig& rig) { rig.m4(); }},
       {"M4 that cannot be",
        body("wfd_video_formats: 00 00 01 01 00000004 00000000 00000000 00 0000 0000 00 none none")},
       {"M4 and M5 SETUP",
        [](SinkRig& rig) { rig.set(SinkRig::m4_body() + "wfd_trigger_method: SETUP\r\n"); }},
       {"M5 SETUP", [](SinkRig& rig) { rig.trigger("SETUP"); }},
       {"M5 PLAY", [](SinkRig& rig) { rig.trigger("PLAY"); }},
       {"M5 PAUSE", [](SinkRig& rig) { rig.trigger("PAUSE"); }},
       {"M5 TEARDOWN", [](SinkRig& rig) { rig.trigger("TEARDOWN"); }},
       {"M10 wfd_route", body("wfd_route: primary")},
       {"M11 wfd_connector_type", body("wfd_connector_type: 05")},
       {"M12 wfd_standby", body("wfd_standby")},
       {"M14 wfd_uibc_capability", body(kSomeUibc)},
       {"M15 wfd_uibc_setting: enable", body("wfd_uibc_setting: enable")},
       {"M15 wfd_uibc_setting: disable", body("wfd_uibc_setting: disable")},
       {"M16 GET_PARAMETER", [](SinkRig& rig) { rig.m3(""); }},
       {"PLAY", [](SinkRig& rig) { rig.ask(Method::Play, kUrl); }},
       {"PAUSE", [](SinkRig& rig) { rig.ask(Method::Pause, kUrl); }},
       {"TEARDOWN", [](SinkRig& rig) { rig.ask(Method::Teardown, kUrl); }},
       {"SETUP", [](SinkRig& rig) { rig.ask(Method::Setup, kUrl); }}});
}

}  // namespace
}  // namespace wfdcast::rtsp::test
