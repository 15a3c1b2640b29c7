#include "media/ts_output.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "media/pipe_writer.h"
#include "platform/fd.h"
#include "platform/udp_socket.h"
#include "tests/unit/media_rig.h"

namespace wfdcast::media {
namespace {

TEST(OutputUrl, WellFormedOnesAreTakenAndOthersRefused) {
  for (const char* url : {"display:", "file:/a.ts", "fifo:/p", "udp:127.0.0.1:5000", "exec:cat", "null:"}) {
    EXPECT_TRUE(check_output(url)) << url;
  }
  for (const char* url : {"", "test:", "null:x", "file:", "udp:127.0.0.1", "screen:"})
    EXPECT_FALSE(check_output(url)) << url;
}

class PipeTest : public MediaTest {
 protected:
  PipeTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC), 0);
    reader_ = platform::Fd(ends[0]);
    writer_ = platform::Fd(ends[1]);
  }
  // What the pipe holds now.
  std::string read() {
    std::string bytes;
    std::array<char, 65536> chunk{};
    for (ssize_t size = 0; (size = ::read(reader_.get(), chunk.data(), chunk.size())) > 0;) {
      bytes.append(chunk.data(), static_cast<std::size_t>(size));
    }
    return bytes;
  }
  platform::Fd reader_, writer_;
};

class PipeWriterTest : public PipeTest {};

TEST_F(PipeWriterTest, WhatDoesNotFitWaitsAndArrivesInOrder) {
  PipeWriter writer(loop_, writer_.get(), [] {});
  const std::string ts = packets(5000);
  for (std::size_t at = 0; at < ts.size(); at += 7 * 188)
    writer.write(as_bytes(std::string_view(ts).substr(at, 7 * 188)));
  std::string got;
  EXPECT_TRUE(run_until([&] {
    got += read();
    return got.size() >= ts.size();
  }));
  EXPECT_TRUE(got == ts);
  EXPECT_EQ(writer.dropped_bytes(), 0U);
}

TEST_F(PipeWriterTest, ASlowReaderLosesWholePacketsAndMemoryIsBounded) {
  PipeWriter writer(loop_, writer_.get(), [] {});
  constexpr std::size_t kPackets = 40'000;  // 7.5 MB
  constexpr std::size_t kAtOnce = 50;       // more than a page, so that the pipe takes a part of a packet
  for (std::size_t i = 0; i < kPackets; i += kAtOnce) {
    writer.write(as_bytes(packets(kAtOnce, i)));
    ASSERT_LE(writer.waiting(), PipeWriter::kMaxWaiting);
  }
  std::string got;
  EXPECT_TRUE(run_until([&] {
    got += read();
    return writer.waiting() == 0 && got.size() + writer.dropped_bytes() >= kPackets * 188;
  }));
  EXPECT_GT(writer.dropped_bytes(), 0U);
  EXPECT_EQ(writer.dropped_bytes() % 188, 0U);
  EXPECT_EQ(got.size() + writer.dropped_bytes(), kPackets * 188);
  for (std::size_t at = 0; at < got.size(); at += 188) ASSERT_EQ(got[at], '\x47') << at;
  EXPECT_EQ(got.substr(got.size() - 188), packets(1, kPackets - 1));
}

TEST_F(PipeWriterTest, AReaderThatIsGoneIsTold) {
  int broken = 0;
  PipeWriter writer(loop_, writer_.get(), [&] { ++broken; });
  reader_.reset();
  writer.write(as_bytes(packets(1)));
  writer.write(as_bytes(packets(1)));
  EXPECT_EQ(broken, 1);
  EXPECT_EQ(writer.dropped_bytes(), 2 * 188U);
}

class FileOutputTest : public MediaTest {};

TEST_F(FileOutputTest, IsEmptiedAtOpeningAndKeepsStreamAfterStream) {
  write("a.ts", "old");
  OpenedOutput opened(loop_, "file:" + path("a.ts"));
  ASSERT_TRUE(opened.output) << opened.error;
  EXPECT_EQ(content(path("a.ts")), "");
  opened.output->start();
  opened.output->write(as_bytes(packets(3)));
  opened.output->stop();
  opened.output->start();
  opened.output->write(as_bytes(packets(2, 3)));
  EXPECT_EQ(content(path("a.ts")), packets(5));
}

TEST_F(FileOutputTest, AFullDiskCostsWholePacketsAndOneLine) {
  OpenedOutput opened(loop_, "file:" + path("a.ts"));
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{10 * 188 + 100, old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  for (int i = 0; i < 4; ++i) opened.output->write(as_bytes(packets(7)));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  EXPECT_EQ(opened.troubles, std::vector{"file:" + path("a.ts") + ": File too large, dropping"});
  opened.output->write(as_bytes(packets(1, 99)));
  EXPECT_EQ(content(path("a.ts")), packets(7) + packets(3) + packets(1, 99));
  EXPECT_EQ(opened.output->dropped_bytes(), 18 * 188U);
}

TEST_F(FileOutputTest, TroubleAtOpeningIsOneLine) {
  EXPECT_EQ(OpenedOutput(loop_, "file:/no/such").error,
            "sink.output: file:/no/such: No such file or directory");
  EXPECT_EQ(OpenedOutput(loop_, "nonsense").error.find("sink.output: \"nonsense\""), 0U);
}

class FifoOutputTest : public MediaTest {
 protected:
  FifoOutputTest() { ::mkfifo(path("p").c_str(), 0600); }
  platform::Fd reader() { return platform::Fd(::open(path("p").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC)); }
  // Writes until `fd` gets something.
  bool arrives(TsOutput& output, int fd) {
    return run_until([&] {
      output.write(as_bytes(packets(1)));
      std::array<char, 188> packet{};
      return ::read(fd, packet.data(), packet.size()) == 188;
    });
  }
};

TEST_F(FifoOutputTest, ReadersComeAndGo) {
  OpenedOutput opened(loop_, "fifo:" + path("p"));
  ASSERT_TRUE(opened.output) << opened.error;
  opened.output->write(as_bytes(packets(7)));
  EXPECT_EQ(opened.output->dropped_bytes(), 7 * 188U);
  {
    const auto first = reader();
    EXPECT_TRUE(arrives(*opened.output, first.get()));
  }
  opened.output->write(as_bytes(packets(1)));
  opened.output->write(as_bytes(packets(1)));
  ASSERT_EQ(opened.troubles.size(), 1U);
  EXPECT_NE(opened.troubles[0].find("reader is gone"), std::string::npos);
  const auto second = reader();
  EXPECT_TRUE(arrives(*opened.output, second.get()));
}

TEST_F(FifoOutputTest, APlainFileIsRefused) {
  const std::string plain = write("plain", "x");
  EXPECT_EQ(OpenedOutput(loop_, "fifo:" + plain).error, "sink.output: fifo:" + plain + ": is not a FIFO");
}

class UdpOutputTest : public MediaTest {};

TEST_F(UdpOutputTest, SevenPacketsADatagram) {
  std::vector<std::string> datagrams;
  auto receiver = platform::UdpSocket::open(loop_, {.bind = {{0x7F000001}, 0}}, [&](auto batch) {
    for (const auto& datagram : batch) datagrams.emplace_back(as_text(datagram.bytes));
  });
  OpenedOutput opened(loop_, "udp:127.0.0.1:" + std::to_string((*receiver)->port()));
  ASSERT_TRUE(opened.output) << opened.error;
  opened.output->write(as_bytes(packets(16)));
  ASSERT_TRUE(run_until([&] { return datagrams.size() >= 3; }));
  EXPECT_EQ(datagrams, (std::vector{packets(7), packets(7, 7), packets(2, 14)}));
}

class ExecOutputTest : public MediaTest {};

TEST_F(ExecOutputTest, TheChildGetsAllAndMayFinishAfterStop) {
  OpenedOutput opened(loop_, "exec:cat > " + path("out") + "; echo done > " + path("done"));
  ASSERT_TRUE(opened.output) << opened.error;
  EXPECT_EQ(opened.output->dropped_bytes(), 0U);
  opened.output->start();
  ASSERT_TRUE(run_until([&] { return std::filesystem::exists(path("out")); }));
  opened.output->write(as_bytes(packets(100)));
  opened.output->stop();
  EXPECT_TRUE(run_until([&] { return content(path("done")) == "done\n"; }));
  EXPECT_EQ(content(path("out")), packets(100));
  EXPECT_TRUE(opened.troubles.empty());
}

TEST_F(ExecOutputTest, AChildThatDiesComesBack) {
  OpenedOutput opened(loop_, "exec:echo x >> " + path("starts") + "; head -c 188 > /dev/null");
  opened.output->start();
  EXPECT_TRUE(run_until([&] {
    opened.output->write(as_bytes(packets(1)));
    return content(path("starts")) == "x\nx\n";
  }));
  ASSERT_FALSE(opened.troubles.empty());
  EXPECT_EQ(opened.troubles[0], "exec: exited with 0, starting again in 0.5 s");
}

TEST_F(ExecOutputTest, AChildThatIgnoresItsEndIsKilled) {
  OpenedOutput opened(loop_, "exec:trap '' TERM; echo $$ > " + path("pid") + "; while :; do sleep 1; done");
  opened.output->start();
  ASSERT_TRUE(run_until([&] { return !content(path("pid")).empty(); }));
  const int pid = std::stoi(content(path("pid")));
  opened.output->stop();
  EXPECT_TRUE(run_until([&] { return ::kill(pid, 0) != 0; }));
}

class DisplayOutputTest : public MediaTest {};

TEST_F(DisplayOutputTest, RunsTheHelperThatIsInTheFolder) {
  write("wfd-render", "#!/bin/sh\ncat > " + path("shown") + "\n");
  std::filesystem::permissions(path("wfd-render"), std::filesystem::perms::owner_all);
  OpenedOutput opened(loop_, "display:", directory_);
  ASSERT_TRUE(opened.output) << opened.error;
  opened.output->start();
  ASSERT_TRUE(run_until([&] { return std::filesystem::exists(path("shown")); }));
  opened.output->write(as_bytes(packets(9)));
  EXPECT_TRUE(run_until([&] { return content(path("shown")) == packets(9); }));
}

TEST(NullOutput, TakesEverything) {
  platform::EventLoop loop;
  OpenedOutput opened(loop, "null:");
  ASSERT_TRUE(opened.output);
  opened.output->write(as_bytes(packets(7)));
  EXPECT_EQ(opened.output->dropped_bytes(), 0U);
}

}  // namespace
}  // namespace wfdcast::media
