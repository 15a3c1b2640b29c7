// Whole conversations with named devices, from tests/data/rtsp_peers. They are
// made from descriptions, as their names say, not recorded. A line of a script:
//   < text    of the peer's next message (its CSeq is added: that of our last
//             request, or its own next one); << text   of its body
//   >  text   our next message begins so; ">" alone: we say nothing more
//   >> text   its body has a line that begins so; >- text: it has none
//   = state   the session's; + 10s  that much later; ! what  the owner does
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

#include "base/text.h"
#include "rtsp_rig.h"
#include "tests/unit/test_data.h"

namespace wfdcast::rtsp::test {
namespace {

using Commands = std::map<std::string, std::function<void(SourceRig&)>>;
const Commands kOfSource{
    {"select", [](SourceRig& rig) { rig.call(&SourceSession::select, format_720p30(), unicast()); }},
    {"written", [](SourceRig& rig) { rig.call(&SourceSession::written); }},
    {"pause", [](SourceRig& rig) { rig.call(&SourceSession::pause); }},
    {"end", [](SourceRig& rig) { rig.call(&SourceSession::end); }},
    {"close", [](SourceRig& rig) { rig.call(&SourceSession::connection_lost); }},
    {"quirk: stop_refused_keepalive",
     [](SourceRig& rig) { rig.call(&SourceSession::set_quirks, Quirks{.stop_refused_keepalive = true}); }},
    {"quirk: keepalive off, wait_for_m2",
     [](SourceRig& rig) {
       rig.call(&SourceSession::set_quirks, Quirks{.keepalive = 0s, .wait_for_m2 = true});
     }},
};
using SinkCommands = std::map<std::string, std::function<void(SinkRig&)>>;
const SinkCommands kOfSink{
    {"idr", [](SinkRig& rig) { rig.call(&SinkSession::request_idr); }},
    {"end", [](SinkRig& rig) { rig.call(&SinkSession::end); }},
    {"close", [](SinkRig& rig) { rig.call(&SinkSession::connection_lost); }},
};

template <class Rig>
class Script {
 public:
  Script(Rig& rig, const std::map<std::string, std::function<void(Rig&)>>& commands)
      : rig_(rig), commands_(commands) {}

  void run(const std::filesystem::path& path) {
    std::ifstream file(path);
    int number = 0;
    for (std::string line; std::getline(file, line);) {
      SCOPED_TRACE(path.filename().string() + ":" + std::to_string(++number));
      const std::size_t space = line.find(' ');
      const std::string mark = line.substr(0, space);
      const std::string text = space == std::string::npos ? "" : line.substr(space + 1);
      if (mark != "<" && mark != "<<") speak();
      take(mark, text);
      if (testing::Test::HasFailure()) return;
    }
    speak();
    nothing_more();
  }
  void collect() {
    for (const Message& message : rig_.said) ours_.push_back(message);
    rig_.said.clear();
  }

 private:
  void take(const std::string& mark, const std::string& text) {
    if (mark == "<") {
      if (text.starts_with("RTSP/") || text.ends_with(" RTSP/1.0")) speak();  // one begins anew
      if (head_.empty() && text.starts_with("RTSP/")) answer_ = true;
      head_ += (head_.empty() ? text : "\r\n" + text);
    } else if (mark == "<<") {
      body_ += text + "\r\n";
    } else if (mark == ">") {
      text.empty() ? nothing_more() : expect(text);
    } else if (mark == ">>") {
      EXPECT_TRUE(has(text)) << current_;
    } else if (mark == ">-") {
      EXPECT_FALSE(has(text)) << current_;
    } else if (mark == "=") {
      EXPECT_EQ(text, to_string(rig_.session.state()));
    } else if (mark == "+") {
      rig_.advance(std::chrono::seconds(*parse_number<int>(text.substr(0, text.size() - 1))));
      collect();
    } else if (mark == "!") {
      ASSERT_TRUE(commands_.contains(text));
      commands_.at(text)(rig_);
      collect();
    } else {
      EXPECT_TRUE(line_is_comment(mark)) << mark;
    }
  }
  static bool line_is_comment(const std::string& mark) { return mark.empty() || mark[0] == '#'; }

  // What stands together is one message.
  void speak() {
    if (head_.empty()) return;
    const std::uint32_t cseq = answer_ ? rig_.last_request : rig_.peer_cseq++;
    std::string message = head_ + "\r\nCSeq: " + std::to_string(cseq) + "\r\n";
    if (!body_.empty())
      message += "Content-Type: text/parameters\r\nContent-Length: " + std::to_string(body_.size()) + "\r\n";
    message += "\r\n" + body_;
    head_.clear();
    body_.clear();
    answer_ = false;
    rig_.hear(message);
    collect();
  }
  void expect(const std::string& text) {
    ASSERT_FALSE(ours_.empty()) << "nothing was said";
    current_ = std::visit([](const auto& message) { return serialize(message); }, ours_.front());
    ours_.erase(ours_.begin());
    EXPECT_TRUE(current_.starts_with(text)) << current_;
  }
  bool has(const std::string& text) const { return ("\n" + current_).find("\n" + text) != std::string::npos; }
  void nothing_more() {
    for (const Message& message : ours_)
      ADD_FAILURE() << std::visit([](const auto& one) { return serialize(one); }, message);
    ours_.clear();
  }

  Rig& rig_;
  const std::map<std::string, std::function<void(Rig&)>>& commands_;
  std::string head_, body_, current_;
  bool answer_ = false;
  std::vector<Message> ours_;
};

const std::filesystem::path kPeers = std::filesystem::path(kTestData) / "rtsp_peers";

std::vector<std::string> scripts(std::string_view role) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kPeers)) {
    std::string name = entry.path().stem().string();
    if (name.find(role) != std::string::npos) names.push_back(std::move(name));
  }
  return names;
}

class SinkMadeFromDescription : public testing::TestWithParam<std::string> {};
TEST_P(SinkMadeFromDescription, PlaysOurStream) {
  SourceRig rig;
  Script<SourceRig> script(rig, kOfSource);
  rig.call(&SourceSession::start);
  script.collect();
  script.run(kPeers / (GetParam() + ".txt"));
}
INSTANTIATE_TEST_SUITE_P(All, SinkMadeFromDescription, testing::ValuesIn(scripts("_sink_")),
                         [](const auto& device) { return device.param; });

class SourceMadeFromDescription : public testing::TestWithParam<std::string> {};
TEST_P(SourceMadeFromDescription, ShowsOnUs) {
  SinkOptions options = sink_options();
  options.header.reset();
  SinkRig rig(options);
  Script<SinkRig> script(rig, kOfSink);
  rig.call(&SinkSession::start);
  script.collect();
  script.run(kPeers / (GetParam() + ".txt"));
}
INSTANTIATE_TEST_SUITE_P(All, SourceMadeFromDescription, testing::ValuesIn(scripts("_source_")),
                         [](const auto& device) { return device.param; });

}  // namespace
}  // namespace wfdcast::rtsp::test
