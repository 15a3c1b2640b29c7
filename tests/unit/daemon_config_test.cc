#include "daemon/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "daemon/units.h"

namespace wfdcast::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Config with(std::vector<std::string> settings) { return load_config("", settings); }

std::string refusal(std::vector<std::string> settings) {
  try {
    (void)with(std::move(settings));
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

// A configuration file for the length of a test.
class File {
 public:
  explicit File(std::string_view text) { std::ofstream(path_) << text; }
  ~File() { std::remove(path_.c_str()); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string refusal() const {
    try {
      (void)load_config(path_, {});
    } catch (const ConfigError& error) {
      return std::string(error.what()).substr(path_.size());
    }
    return "accepted";
  }

 private:
  std::string path_ = ::testing::TempDir() + "wfdd-test.toml";
};

TEST(Config, DefaultsAreThoseOfTheContract) {
  const Config config = with({});
  EXPECT_EQ(config.role, DaemonRole::Sink);
  EXPECT_THAT(config.interface, ElementsAre("wlan0"));
  EXPECT_EQ(config.discovery.port, 7236);
  EXPECT_EQ(config.discovery.ttl, 5s);
  EXPECT_EQ(config.rtsp.keepalive, 10s);
  EXPECT_EQ(config.stream.group, "239.0.0.11");
  EXPECT_EQ(config.stream.rtp_port, 15550);
  EXPECT_EQ(config.source.bitrate, 8'000'000u);
  EXPECT_EQ(config.sink.output, "display:");
  EXPECT_EQ(config.latency(), 150ms);
}

TEST(Config, SetTakesTextAsItIs) {
  EXPECT_EQ(with({"name=Lobby = 2"}).name, "Lobby = 2");
  EXPECT_EQ(with({"http.listen="}).http.listen, "");
  EXPECT_EQ(with({"source.input=exec:cat \"a b\""}).source.input, "exec:cat \"a b\"");
}

TEST(Config, SetTakesListsByCommaAndAsToml) {
  EXPECT_THAT(with({"interface=wlan0,eth0"}).interface, ElementsAre("wlan0", "eth0"));
  EXPECT_THAT(with({"interface=[\"wlan1\"]"}).interface, ElementsAre("wlan1"));
  EXPECT_TRUE(with({"stream.repair="}).stream.repair.empty());
}

TEST(Config, SizesAndTimesHaveUnits) {
  EXPECT_EQ(with({"source.bitrate=4M"}).source.bitrate, 4'000'000u);
  EXPECT_EQ(with({"source.bitrate=800k"}).source.bitrate, 800'000u);
  EXPECT_EQ(with({"discovery.interval=250ms"}).discovery.interval, 250ms);
}

TEST(Config, EachMistakeNamesItsKey) {
  EXPECT_EQ(refusal({"stream.tll=4"}), "stream.tll: unknown key");
  EXPECT_EQ(refusal({"stream.ttl=0"}), "stream.ttl: must be 1 to 255");
  EXPECT_THAT(refusal({"stream.ttl=many"}), HasSubstr("stream.ttl: \"many\" is not a value: "));
  EXPECT_EQ(refusal({"stream.ttl"}), "stream.ttl: must be KEY=VALUE");
  EXPECT_EQ(refusal({"role=both"}), "role: must be one of \"source\", \"sink\"");
  EXPECT_THAT(refusal({"stream.rtp_port=15551"}), HasSubstr("stream.rtp_port: must be even"));
  EXPECT_THAT(refusal({"stream.group=10.0.0.1"}),
              HasSubstr("stream.group: must be \"auto\" or a multicast address"));
  EXPECT_THAT(refusal({"stream.ssm=true"}),
              HasSubstr("stream.group: must be in 232.0.0.0/8 with stream.ssm"));
  EXPECT_THAT(refusal({"stream.announce=true"}), HasSubstr("stream.announce: needs security.mode"));
  for (const char* matrix : {"3x10", "10x3", "21x4", "11x10", "10", "axb"})
    EXPECT_THAT(refusal({std::string("stream.fec_matrix=") + matrix}),
                HasSubstr("stream.fec_matrix: must be"))
        << matrix;
  EXPECT_THAT(refusal({"source.input=http://x"}), HasSubstr("source.input: "));
  EXPECT_THAT(refusal({"sink.output=vga:"}), HasSubstr("sink.output: "));
  EXPECT_THAT(refusal({"security.mode=closed"}), HasSubstr("security.mode: "));
  EXPECT_THAT(refusal({"interface=a/b"}), HasSubstr("interface: "));
  EXPECT_THAT(refusal({"stream.video=tall"}), HasSubstr("stream.video: "));
}

TEST(Config, FileMistakesNameLineColumnAndKey) {
  EXPECT_EQ(File("role = \"sink\"\n[stream]\nttl = \"4\"\n").refusal(),
            ":3:7: stream.ttl: must be an integer, not a string");
  EXPECT_EQ(File("\n[stream]\ncolour = 1\n").refusal(), ":3:1: stream.colour: unknown key");
  EXPECT_THAT(File("role = \n").refusal(), ::testing::StartsWith(":1:"));
}

TEST(Config, FileIsReadAndSettingsWin) {
  const File file("role = \"source\"\ninterface = [\"eth0\", \"wlan0\"]\n[discovery]\nttl = \"9s\"\n");
  const std::vector<std::string> settings{"discovery.ttl=7s"};
  const Config config = load_config(file.path(), settings);
  EXPECT_EQ(config.role, DaemonRole::Source);
  EXPECT_THAT(config.interface, ElementsAre("eth0", "wlan0"));
  EXPECT_EQ(config.discovery.ttl, 7s);
}

TEST(Config, WhatIsPrintedReadsBackTheSame) {
  const Config config = with({"name=A \"quoted\" name", "interface=wlan0,eth0", "source.bitrate=1234567",
                              "log.level=debug", "stream.loop=true", "stream.delivery=multicast"});
  const File file(print_config(config));
  EXPECT_EQ(print_config(load_config(file.path(), {})), print_config(config));
}

TEST(Config, ChangedKeysAreNamedAndCopied) {
  const Config before = with({});
  const Config after = with({"source.bitrate=4M", "stream.ttl=9"});
  EXPECT_THAT(changed_keys(before, after), ElementsAre("stream.ttl", "source.bitrate"));
  EXPECT_TRUE(changes_live("source.bitrate"));
  EXPECT_FALSE(changes_live("stream.ttl"));
  Config copy = before;
  copy_key(copy, after, "source.bitrate");
  EXPECT_THAT(changed_keys(copy, after), ElementsAre("stream.ttl"));
}

TEST(Config, VideoLimitChoosesFromTheTables) {
  const auto has = [](const std::string& limit, unsigned width, unsigned height, unsigned rate) {
    const auto mode = find_mode(width, height, rate);
    return mode && !(with({"stream.video=" + limit}).wanted_modes() & mode->bit()).empty();
  };
  EXPECT_TRUE(has("720p30", 1280, 720, 30));
  EXPECT_FALSE(has("720p30", 1280, 720, 60));
  EXPECT_FALSE(has("720p30", 1920, 1080, 30));
  EXPECT_TRUE(has("best", 1920, 1080, 60));
  EXPECT_TRUE(has("best", 640, 480, 60));
}

TEST(Units, RoundTripAndRefuse) {
  EXPECT_EQ(print_duration(1500ms), "1500ms");
  EXPECT_EQ(print_duration(2s), "2s");
  EXPECT_EQ(print_size(8'000'000), "8M");
  for (const char* text : {"", "5", "s", "-1s", "1.5s", "99999999999999999999s", "5m"}) {
    EXPECT_FALSE(parse_duration(text)) << text;
  }
  for (const char* text : {"", "M", "-1", "4G", "99999999999999999999M"})
    EXPECT_FALSE(parse_size(text)) << text;
}

}  // namespace
}  // namespace wfdcast::daemon
