#include "daemon/quirks.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "daemon/config.h"
#include "tests/unit/test_data.h"

namespace wfdcast::daemon {
namespace {

const std::string kShipped = std::string(kTestData) + "/../../data/quirks.toml";

// A directory of its own for each test.
class QuirkFiles : public testing::Test {
 protected:
  void SetUp() override {
    directory_ =
        testing::TempDir() + "quirks-" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ + "/" + name) << text;
    return directory_ + "/" + name;
  }
  static std::string mistake(const std::string& path) {
    try {
      (void)QuirkTable::load(std::vector{path});
    } catch (const ConfigError& error) {
      return std::string(error.what()).substr(path.size());
    }
    return "none";
  }
  std::string directory_;
};

TEST_F(QuirkFiles, TheShippedTableIsReadAndMatchesByPartOfTheAgent) {
  const QuirkTable table = QuirkTable::load(std::vector{kShipped});
  EXPECT_GE(table.size(), 6u);
  EXPECT_TRUE(table.match({.agent = "wfdcast"}).names.empty());
  const AppliedQuirks lg = table.match({.agent = "LGE webOS"});
  EXPECT_EQ(lg.names, std::vector<std::string>{"lg-tv"});
  EXPECT_TRUE(lg.session.stop_refused_keepalive);
  const AppliedQuirks adapter = table.match({.agent = "MSFT-WDD"});
  EXPECT_EQ(adapter.session.keepalive, Duration(0s));
  EXPECT_TRUE(adapter.session.wait_for_m2);
  EXPECT_EQ(adapter.prefer_audio, AudioFormat::Lpcm);
  EXPECT_EQ(table.match({.name = "Bedroom Roku 4"}).session.keepalive, Duration(20s));
}

TEST_F(QuirkFiles, ASinkKnowsASourceByItsServer) {
  const QuirkTable table = QuirkTable::load(std::vector{kShipped});
  const auto windows = table.match({.agent = "MSMiracastSource/10.00.22621.1194 guid/6f0cb14d"});
  EXPECT_TRUE(windows.session.one_client_port);
  EXPECT_EQ(windows.names, std::vector<std::string>{"windows-source"});
}

TEST_F(QuirkFiles, ADeviceTypeMatches) {
  const auto path = write(
      "type.toml", "[[quirk]]\nname = \"displays\"\ndevice_type = \"7-0050F204\"\nkeepalive = \"off\"\n");
  const QuirkTable table = QuirkTable::load(std::vector{path});
  EXPECT_EQ(table.match({.device_type = "7-0050F204-1"}).names.size(), 1u);
  EXPECT_TRUE(table.match({.device_type = "1-0050F204-1"}).names.empty());
  EXPECT_TRUE(table.match({}).names.empty());
}

TEST_F(QuirkFiles, ADirectoryAddsRowsAndReplacesThoseOfTheSameName) {
  write("20-site.toml", "[[quirk]]\nname = \"lg-tv\"\nagent = \"LGE\"\nmax_video = \"720p30\"\n");
  write("10-other.toml", "[[quirk]]\nname = \"foyer\"\nfriendly_name = \"foyer\"\nkeepalive = \"off\"\n");
  write("notes.txt", "not read");
  const QuirkTable table = QuirkTable::load(std::vector{kShipped, directory_, directory_ + "/missing"});
  const AppliedQuirks lg = table.match({.agent = "LGE", .name = "Foyer left"});
  EXPECT_EQ(lg.names, (std::vector<std::string>{"foyer", "lg-tv"}));
  EXPECT_FALSE(lg.session.stop_refused_keepalive);  // the shipped row is gone
  EXPECT_TRUE(lg.video.has_value());
}

TEST_F(QuirkFiles, EveryMatchOfARowMustApply) {
  const std::string path =
      write("a.toml", "[[quirk]]\nname = \"both\"\nagent = \"x\"\ndevice_type = \"7-0050F204-1\"\n");
  const QuirkTable table = QuirkTable::load(std::vector{path});
  EXPECT_TRUE(table.match({.agent = "X1"}).names.empty());
  EXPECT_EQ(table.match({.agent = "X1", .device_type = "7-0050f204-1"}).names.size(), 1u);
}

TEST_F(QuirkFiles, MistakesAreNamedWithTheirPlace) {
  EXPECT_EQ(mistake(write("a", "[[quirk]]\nname = \"a\"\nagent = \"x\"\nkeepalife = \"off\"\n")),
            ":4:1: keepalife: unknown key");
  EXPECT_EQ(mistake(write("b", "[[quirk]]\nname = \"a\"\nagent = \"x\"\nkeepalive = \"99s\"\n")),
            ":4:13: keepalive: must be \"off\" or 1s to 55s");
  EXPECT_EQ(mistake(write("c", "[[quirk]]\nname = \"a\"\n")),
            ":1:1: a: needs agent, friendly_name or device_type");
  EXPECT_EQ(mistake(write("d", "quirk = 1\n")), ":1:1: quirk: must be [[quirk]]");
  EXPECT_EQ(mistake(write("e", "[[quirk]]\nname = \"a\"\nagent = \"x\"\nwait_for_m2 = 1\n")),
            ":4:15: wait_for_m2: must be true or false");
}

TEST_F(QuirkFiles, WhatFailsIsTakenOutOfTheCapabilities) {
  SinkCapabilities sink;
  sink.video = {{.profiles = 1, .level = 0x10, .modes = {.cea = 0x1E1}}};
  sink.audio = {{AudioFormat::Aac, 1, 0}, {AudioFormat::Lpcm, 2, 0}};
  AppliedQuirks quirks;
  quirks.prefer_audio = AudioFormat::Lpcm;
  quirks.video = *parse_video_wish("720p30");
  const SinkCapabilities left = without_what_fails(sink, quirks);
  ASSERT_EQ(left.audio.size(), 1u);
  EXPECT_EQ(left.audio[0].format, AudioFormat::Lpcm);
  EXPECT_EQ(left.video[0].modes.cea, 0x21u);
  sink.audio.pop_back();
  EXPECT_EQ(without_what_fails(sink, quirks).audio.size(), 1u);  // AAC is all it has
}

}  // namespace
}  // namespace wfdcast::daemon
