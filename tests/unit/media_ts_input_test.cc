#include "media/ts_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "media/media_url.h"
#include "media/udp_input.h"
#include "platform/fd.h"
#include "platform/udp_socket.h"
#include "tests/unit/media_rig.h"

namespace wfdcast::media {
namespace {

using ::testing::Test;

TEST(InputUrl, WellFormedOnesAreTaken) {
  for (const char* url : {"test:", "file:/a.ts", "fifo:/p", "udp:239.1.1.1:5000", "exec:cat {width}"}) {
    EXPECT_TRUE(check_input(url)) << url;
  }
}

TEST(InputUrl, OthersAreRefusedWithTheReason) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "does not begin with one of"},    {"http://x", "does not begin with one of"},
      {"display:", "does not begin with"},   {"test:x", "nothing may follow test:"},
      {"file:", "lacks its path"},           {"exec:", "lacks its command"},
      {"udp:1.2.3.4", "not ADDRESS:PORT"},   {"udp:1.2.3.4:0", "not ADDRESS:PORT"},
      {"udp:host:5000", "not ADDRESS:PORT"},
  };
  for (const auto& [url, reason] : cases) {
    const auto checked = check_input(url);
    ASSERT_FALSE(checked) << url;
    EXPECT_NE(checked.error().find(reason), std::string::npos) << checked.error();
  }
}

TEST(FillIn, NamesOfTheFormatAreReplacedAndOtherBracesStay) {
  EXPECT_EQ(fill_in("{width}x{height}@{rate} {bitrate} {profile} {level} {audio} {x} {a,b} ${HOME} {", vga()),
            "640x480@60 2000000 constrained-baseline 3.1 aac {x} {a,b} ${HOME} {");
}

TEST(FillIn, WhatIsNotInTheFormatIsZeroOrNone) {
  EXPECT_EQ(fill_in("{width}{height}{rate} {profile} {level} {audio}", EncoderSettings{}),
            "000 none none none");
}

class FileInputTest : public MediaTest {};

TEST_F(FileInputTest, IsReadWhenAskedAndStartsOverAtItsEnd) {
  const std::string ts = packets(500);
  OpenedInput opened(loop_, "file:" + write("a.ts", ts));
  ASSERT_TRUE(opened.input) << opened.error;
  EXPECT_FALSE(opened.input->is_live());
  EXPECT_EQ(opened.input->head(), ts);
  opened.input->start({});
  EXPECT_EQ(opened.bytes, "");
  opened.input->read_more();
  opened.input->read_more();
  EXPECT_EQ(opened.bytes, ts);
  opened.input->read_more();
  opened.input->read_more();
  EXPECT_EQ(opened.bytes, ts + "|" + ts);
}

TEST_F(FileInputTest, TroubleAtOpeningIsOneLine) {
  EXPECT_EQ(OpenedInput(loop_, "file:/no/such").error,
            "source.input: file:/no/such: No such file or directory");
  EXPECT_EQ(OpenedInput(loop_, "file:" + directory_).error,
            "source.input: file:" + directory_ + ": Is a directory");
  const std::string empty = write("empty", "");
  EXPECT_EQ(OpenedInput(loop_, "file:" + empty).error, "source.input: file:" + empty + ": is empty");
}

TEST_F(FileInputTest, AFileThatVanishesIsLookedForAgain) {
  const std::string ts = packets(3);
  OpenedInput opened(loop_, "file:" + write("a.ts", ts));
  opened.input->start({});
  opened.input->read_more();
  std::filesystem::remove(path("a.ts"));
  opened.input->read_more();
  opened.input->read_more();
  EXPECT_EQ(opened.bytes, ts);
  EXPECT_EQ(opened.troubles,
            std::vector{"file:" + path("a.ts") + ": No such file or directory, looking again each second"});
  write("a.ts", packets(3, 10));
  EXPECT_TRUE(run_until([&] {
    if (opened.bytes.ends_with('|')) opened.input->read_more();
    return opened.bytes == ts + "|" + packets(3, 10);
  })) << opened.bytes.size();
}

TEST_F(FileInputTest, NothingComesAfterStop) {
  OpenedInput opened(loop_, "file:" + write("a.ts", packets(3)));
  opened.input->start({});
  opened.input->stop();
  opened.input->read_more();
  EXPECT_EQ(opened.bytes, "");
}

class FifoInputTest : public MediaTest {
 protected:
  FifoInputTest() { ::mkfifo(path("p").c_str(), 0600); }
  platform::Fd writer() { return platform::Fd(::open(path("p").c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)); }
};

TEST_F(FifoInputTest, WritersComeAndGo) {
  OpenedInput opened(loop_, "fifo:" + path("p"));
  ASSERT_TRUE(opened.input) << opened.error;
  opened.input->start({});
  for (std::size_t i = 0; i < 3; ++i) {
    const auto fd = writer();
    ASSERT_TRUE(fd);
    const std::string ts = packets(7, i);
    ASSERT_EQ(::write(fd.get(), ts.data(), ts.size()), static_cast<ssize_t>(ts.size()));
    ASSERT_TRUE(run_until([&] { return opened.bytes.ends_with(ts); }));
  }
}

TEST_F(FifoInputTest, WhatWaitedBeforeTheStartIsStale) {
  OpenedInput opened(loop_, "fifo:" + path("p"));
  const auto fd = writer();
  ASSERT_GT(::write(fd.get(), "old", 3), 0);
  opened.input->start({});
  ASSERT_GT(::write(fd.get(), "new", 3), 0);
  ASSERT_TRUE(run_until([&] { return !opened.bytes.empty(); }));
  EXPECT_EQ(opened.bytes, "new");
}

TEST_F(FifoInputTest, APlainFileOrNoneIsRefused) {
  EXPECT_EQ(OpenedInput(loop_, "fifo:/no/such").error,
            "source.input: fifo:/no/such: No such file or directory");
  const std::string plain = write("plain", "x");
  EXPECT_EQ(OpenedInput(loop_, "fifo:" + plain).error, "source.input: fifo:" + plain + ": is not a FIFO");
}

std::string rtp(const std::string& payload, const std::string& flags = std::string("\x80\x21", 2),
                const std::string& more = {}) {
  return flags + std::string(10, 'h') + more + payload;
}

TEST(TsInDatagram, RawAndRtpAreTaken) {
  const std::string ts = packets(7);
  const auto found = [](const std::string& datagram) {
    return std::string(as_text(ts_in_datagram(as_bytes(datagram))));
  };
  EXPECT_EQ(found(ts), ts);
  EXPECT_EQ(found(rtp(ts)), ts);
  EXPECT_EQ(found(rtp(ts, "\x82\x21", "csrccsrc")), ts);
  EXPECT_EQ(found(rtp(ts, "\x90\x21", std::string("\0\0\0\1ext!", 8))), ts);
  EXPECT_EQ(found(rtp(ts + std::string("\0\0\3", 3), "\xA0\x21")), ts);
}

TEST(TsInDatagram, AnythingElseIsNot) {
  const std::string ts = packets(7);
  const auto size = [](const std::string& datagram) { return ts_in_datagram(as_bytes(datagram)).size(); };
  EXPECT_EQ(size(""), 0U);
  EXPECT_EQ(size(ts.substr(1)), 0U);
  EXPECT_EQ(size(ts + "x"), 0U);
  EXPECT_EQ(size(rtp(ts, "\x40\x21")), 0U);  // version 1
  EXPECT_EQ(size(rtp(ts, "\x8F\x21").substr(0, 60)), 0U);
  EXPECT_EQ(size(rtp(ts, "\xB0\x21", std::string("\0\0\xff\xff", 4))), 0U);
  EXPECT_EQ(size(rtp(ts + "\xff", "\xA0\x21").substr(0, 13)), 0U);
  for (std::size_t cut = 0; cut < 12; ++cut) EXPECT_EQ(size(rtp(ts).substr(0, cut)), 0U);
}

class UdpInputTest : public MediaTest {
 protected:
  // A port that was free a moment ago.
  std::uint16_t free_port() {
    return (*platform::UdpSocket::open(loop_, {.bind = {{0x7F000001}, 0}}, [](auto) {}))->port();
  }
};

TEST_F(UdpInputTest, TakesTsAndComplainsOnceAboutTheRest) {
  const Endpoint endpoint{{0x7F000001}, free_port()};
  OpenedInput opened(loop_, "udp:" + to_string(endpoint));
  ASSERT_TRUE(opened.input) << opened.error;
  opened.input->start({});
  auto sender = platform::UdpSocket::open(loop_, {.bind = {}}, [](auto) {});
  const std::string first = packets(7), second = rtp(packets(7, 7));
  const ByteView datagrams[] = {as_bytes("hello"), as_bytes(first), as_bytes("hello"), as_bytes(second)};
  ASSERT_EQ((*sender)->send(datagrams, {&endpoint, 1}), 4U);
  ASSERT_TRUE(run_until([&] { return opened.bytes.size() >= 14 * 188; }));
  EXPECT_EQ(opened.bytes, packets(14));
  EXPECT_EQ(opened.troubles.size(), 1U);
}

TEST_F(UdpInputTest, APortInUseIsAnErrorInOneLine) {
  auto holder = platform::UdpSocket::open(loop_, {.bind = {{0x7F000001}, 0}}, [](auto) {});
  const std::string url = "udp:127.0.0.1:" + std::to_string((*holder)->port());
  EXPECT_EQ(OpenedInput(loop_, url).error, "source.input: " + url + ": Address already in use");
}

class ExecInputTest : public MediaTest {};

TEST_F(ExecInputTest, OutputAndPlaceholders) {
  OpenedInput opened(loop_, "exec:echo {width} {rate} {audio}; exec sleep 60");
  ASSERT_TRUE(opened.input) << opened.error;
  EXPECT_TRUE(opened.input->is_live());
  EXPECT_TRUE(opened.input->encodes());
  opened.input->start(vga());
  ASSERT_TRUE(run_until([&] { return opened.bytes == "640 60 aac\n"; })) << opened.bytes;
}

TEST_F(ExecInputTest, OrdersAreLinesOnItsStdin) {
  OpenedInput opened(loop_, "exec:echo ready; exec cat");
  opened.input->start(vga());
  ASSERT_TRUE(run_until([&] { return opened.bytes == "ready\n"; }));
  opened.input->request_idr();
  opened.input->set_bitrate(4'000'000);
  opened.input->pause();
  opened.input->resume();
  EXPECT_TRUE(run_until([&] { return opened.bytes == "ready\nidr\nbitrate 4000000\npause\nresume\n"; }))
      << opened.bytes;
}

TEST_F(ExecInputTest, AChildThatDoesNotReadItsOrdersIsNotWaitedFor) {
  OpenedInput opened(loop_, "exec:exec sleep 60");
  opened.input->start(vga());
  EXPECT_FALSE(run_until([] { return false; }, 50ms));
  for (int i = 0; i < 100'000; ++i) opened.input->request_idr();
}

TEST_F(ExecInputTest, WhatAShortLivedChildWroteIsNotLostAndItComesBack) {
  const std::string ts = packets(300);
  OpenedInput opened(loop_, "exec:cat " + write("a.ts", ts) + "; exit 3");
  opened.input->start(vga());
  ASSERT_TRUE(run_until([&] { return opened.troubles.size() >= 2; }));
  EXPECT_EQ(opened.troubles[0], "exec: exited with 3, starting again in 0.5 s");
  EXPECT_EQ(opened.troubles[1], "exec: exited with 3, starting again in 1 s");
  EXPECT_EQ(opened.bytes, ts + ts);
}

TEST_F(ExecInputTest, TheNewChildBeginsWithTheBitrateOfNowAndPausedIfItIs) {
  OpenedInput opened(loop_, "exec:echo {bitrate}; read order && echo $order");
  opened.input->start(vga());
  ASSERT_TRUE(run_until([&] { return opened.bytes == "2000000\n"; }));
  opened.input->set_bitrate(1'000'000);
  opened.input->pause();
  EXPECT_TRUE(run_until([&] { return opened.bytes == "2000000\nbitrate 1000000\n1000000\npause\n"; }))
      << opened.bytes;
}

TEST_F(ExecInputTest, StopEndsItAndStartBringsItBack) {
  OpenedInput opened(loop_, "exec:echo on; exec sleep 60");
  opened.input->start(vga());
  ASSERT_TRUE(run_until([&] { return opened.bytes == "on\n"; }));
  opened.input->stop();
  opened.input->start(vga());
  EXPECT_TRUE(run_until([&] { return opened.bytes == "on\non\n"; })) << opened.bytes;
  EXPECT_TRUE(opened.troubles.empty());
}

class TestInputTest : public MediaTest {};

TEST_F(TestInputTest, RunsTheHelperWithTheFormat) {
  write("wfd-capture", "#!/bin/sh\necho \"$*\"\nexec sleep 60\n");
  std::filesystem::permissions(path("wfd-capture"), std::filesystem::perms::owner_all);
  OpenedInput opened(loop_, "test:", {.helper_directory = directory_, .clip = {}});
  ASSERT_TRUE(opened.input) << opened.error;
  opened.input->start(vga());
  ASSERT_TRUE(run_until([&] { return opened.bytes.ends_with('\n'); }));
  EXPECT_EQ(opened.bytes,
            "--test --size=640x480 --rate=60 --bitrate=2000000 --profile=constrained-baseline --level=3.1 "
            "--audio=aac\n");
}

TEST_F(TestInputTest, WithoutTheHelperTheClipIsPlayedAndItSaysSo) {
  const std::string old_path = std::getenv("PATH");
  ::setenv("PATH", "/nonexistent", 1);
  OpenedInput opened(loop_, "test:", {.helper_directory = directory_, .clip = write("clip.ts", packets(2))});
  OpenedInput nothing(loop_, "test:", {.helper_directory = directory_, .clip = "/no/clip"});
  ::setenv("PATH", old_path.c_str(), 1);
  ASSERT_TRUE(opened.input) << opened.error;
  EXPECT_FALSE(opened.input->encodes());
  EXPECT_FALSE(opened.input->is_live());
  EXPECT_EQ(opened.input->head(), packets(2));
  ASSERT_EQ(opened.troubles.size(), 1U);
  EXPECT_NE(opened.troubles[0].find("wfd-capture"), std::string::npos);
  EXPECT_EQ(nothing.error,
            "source.input: test:: wfd-capture is not installed, and /no/clip: No such file or directory");
}

}  // namespace
}  // namespace wfdcast::media
