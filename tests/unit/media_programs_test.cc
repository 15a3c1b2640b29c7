// wfd-capture and wfd-render as their users see them: processes with pipes.
#include <unistd.h>

#include <array>
#include <csignal>

#include "platform/child.h"
#include "tests/unit/media_rig.h"

namespace wfdcast::media {
namespace {

constexpr Duration kPatience = 60s;  // GStreamer looks at all its plugins when it runs for the first time

// The helpers stand beside this program. Skipped where they were not built.
class ProgramTest : public MediaTest {
 protected:
  void SetUp() override {
    helpers_ = std::filesystem::canonical("/proc/self/exe").parent_path();
    if (!std::filesystem::exists(helpers_ + "/wfd-render")) GTEST_SKIP() << "built without GStreamer";
  }

  void start(const std::string& name, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), helpers_ + '/' + name);
    auto started =
        platform::Child::start(loop_, {.command = arguments, .pipe_stdin = true, .pipe_stdout = true},
                               [this](const std::string& how) { how_ = how; });
    ASSERT_TRUE(started) << started.error().message();
    child_ = std::move(*started);
  }
  // "exited with 0"
  std::string end() {
    EXPECT_TRUE(run_until([this] { return read() && !how_.empty(); }, kPatience));
    return how_;
  }
  std::string run(const std::string& name, const std::vector<std::string>& arguments) {
    how_.clear();
    start(name, arguments);
    child_->close_stdin();
    return end();
  }
  void order(const std::string& line) { ASSERT_GT(::write(child_->stdin_fd(), line.data(), line.size()), 0); }
  bool read() {
    std::array<char, 65536> chunk{};
    for (ssize_t size = 0; (size = ::read(child_->stdout_fd(), chunk.data(), chunk.size())) > 0;) {
      output_.append(chunk.data(), static_cast<std::size_t>(size));
    }
    return true;
  }
  // How many packets of `pid` have the given bits set in byte 1 and, of the adaptation field's flags, in
  // byte 5.
  [[nodiscard]] int count(int pid, int start_bit, int flags) const {
    int found = 0;
    for (std::size_t at = 0; at + 188 <= output_.size(); at += 188) {
      const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(output_[at + i]); };
      EXPECT_EQ(byte(0), 0x47) << at;
      if (((byte(1) & 0x1F) << 8 | byte(2)) != pid || (byte(1) & start_bit) != start_bit) continue;
      const bool field = (byte(3) & 0x20) != 0 && byte(4) > 0;
      if (flags == 0 || (field && (byte(5) & flags) == flags)) ++found;
    }
    return found;
  }
  [[nodiscard]] int pictures() const { return count(0x1011, 0x40, 0); }
  [[nodiscard]] int idr_pictures() const { return count(0x1011, 0x40, 0x40); }
  [[nodiscard]] int sounds() const { return count(0x1100, 0x40, 0); }

  // A number of wfd-render's report.
  [[nodiscard]] double reported(const std::string& key) const {
    const std::string json = content(path("report.json"));
    const std::size_t at = json.find('"' + key + "\":");
    return at == std::string::npos ? -1 : std::stod(json.substr(at + key.size() + 3));
  }
  [[nodiscard]] std::vector<std::string> render_options() const {
    std::vector<std::string> options{"--video-sink=fakesink", "--audio-sink=fakesink",
                                     "--report=" + path("report.json"), "--snapshot=" + path("picture.png")};
    options.insert(options.end(), extra_.begin(), extra_.end());
    return options;
  }

  std::string helpers_, output_, how_;
  std::vector<std::string> extra_;  // options of wfd-render
  std::unique_ptr<platform::Child> child_;
};

class CaptureTest : public ProgramTest {};

TEST_F(CaptureTest, IdrComesOnOrderAndTheEndOfStdinIsTheEnd) {
  start("wfd-capture", {"--size=640x480", "--rate=60"});
  ASSERT_TRUE(run_until([this] { return read() && pictures() >= 10 && sounds() >= 5; }, kPatience));
  EXPECT_EQ(idr_pictures(), 1);
  const int before = pictures();
  order("idr\n");
  ASSERT_TRUE(run_until([this] { return read() && idr_pictures() == 2; }, kPatience));
  // What was on its way, and no more: a GOP has 600 pictures.
  EXPECT_LE(pictures() - before, 60);
  child_->close_stdin();
  EXPECT_EQ(end(), "exited with 0");
  EXPECT_EQ(output_.size() % 188, 0U);
}

TEST_F(CaptureTest, PauseIsSilenceAndResumeBeginsWithAnIdr) {
  start("wfd-capture", {"--size=640x480", "--rate=60", "--audio=none"});
  ASSERT_TRUE(run_until([this] { return read() && pictures() >= 3; }, kPatience));
  order("pause\nwhat?\n");
  // Silence is a quarter of a second without a picture.
  ASSERT_TRUE(run_until(
      [this, last = 0, since = loop_.now()]() mutable {
        read();
        if (pictures() != last) since = loop_.now();
        last = pictures();
        return loop_.now() - since > 250ms;
      },
      kPatience));
  EXPECT_EQ(idr_pictures(), 1);
  EXPECT_EQ(sounds(), 0);
  const int before = pictures();
  order("bitrate 1M\nresume\n");
  ASSERT_TRUE(run_until([&] { return read() && pictures() > before; }, kPatience));
  EXPECT_EQ(idr_pictures(), 2);
}

TEST_F(CaptureTest, TermAndAReaderThatIsGoneEndItQuietly) {
  start("wfd-capture", {});
  ASSERT_TRUE(run_until([this] { return read() && !output_.empty(); }, kPatience));
  ::kill(child_->pid(), SIGTERM);
  EXPECT_EQ(end(), "exited with 0");
  how_.clear();
  const std::string command = helpers_ + "/wfd-capture < /dev/null | head -c 188 > /dev/null; exit 7";
  auto shell = platform::Child::start(loop_, {.command = {"/bin/sh", "-c", command}},
                                      [this](auto how) { how_ = how; });
  ASSERT_TRUE(shell);
  EXPECT_TRUE(run_until([this] { return how_ == "exited with 7"; }, kPatience)) << how_;
}

TEST_F(CaptureTest, ExitCodesTellUsageFromWhatIsMissing) {
  EXPECT_EQ(run("wfd-capture", {"--version"}), "exited with 0");
  EXPECT_TRUE(output_.starts_with("wfd-capture ")) << output_;
  EXPECT_EQ(run("wfd-capture", {"--help"}), "exited with 0");
  EXPECT_NE(output_.find("--bitrate"), std::string::npos);
  for (const char* wrong :
       {"--nonsense", "--size=641x480", "--size=9999x480", "--rate=0", "--bitrate=9k", "--bitrate=2G",
        "--profile=main", "--level=7", "--audio=mp3", "--audio-source=ear", "argument", "--file"}) {
    EXPECT_EQ(run("wfd-capture", {wrong}), "exited with 64") << wrong;
  }
  EXPECT_EQ(run("wfd-capture", {"--encoder=nonsense"}), "exited with 69");
  EXPECT_EQ(run("wfd-capture", {"--file=/no/such"}), "exited with 1");
}

class RenderTest : public ProgramTest {
 protected:
  // Feeds the shipped clip, with its bytes changed by `change`.
  std::string show(const std::function<void(std::string&)>& change) {
    std::string clip = content(helpers_ + "/../share/wfdcast/test.ts");
    change(clip);
    std::string command = helpers_ + "/wfd-render";
    for (const std::string& option : render_options()) command += " '" + option + '\'';
    how_.clear();
    auto shell = platform::Child::start(
        loop_, {.command = {"/bin/sh", "-c", "exec " + command + " < " + write("clip.ts", clip)}},
        [this](auto how) { how_ = how; });
    EXPECT_TRUE(run_until([this] { return !how_.empty(); }, kPatience));
    return how_;
  }
};

TEST_F(RenderTest, ReportsPicturesSoundAndASnapshot) {
  EXPECT_EQ(show([](std::string&) {}), "exited with 0");
  EXPECT_EQ(reported("width"), 640);
  EXPECT_EQ(reported("height"), 480);
  EXPECT_GT(reported("pictures"), 200);
  EXPECT_EQ(reported("distinct_pictures"), reported("pictures"));
  EXPECT_EQ(reported("damaged_pictures"), 0);
  EXPECT_GT(reported("audio_seconds"), 3.0);
  EXPECT_NEAR(reported("audio_peak"), 0.1, 0.05);
  EXPECT_EQ(reported("warnings"), 0);
  EXPECT_EQ(reported("errors"), 0);
  EXPECT_TRUE(content(path("picture.png")).starts_with("\x89PNG\r\n"));
}

TEST_F(RenderTest, LostPacketsAreCountedAndItGoesOn) {
  const auto lose = [](std::string& clip) {
    for (std::size_t at = 188 * 1000; at < clip.size(); at += 188 * 100) clip.erase(at, 188);
  };
  EXPECT_EQ(show(lose), "exited with 0");
  EXPECT_GT(reported("warnings"), 10);
  EXPECT_GT(reported("pictures"), 100);
}

TEST_F(RenderTest, SoundDoesNotWaitForAPictureThatCannotBeDecoded) {
  // Every SPS (NAL unit type 7) becomes a filler.
  const auto spoil = [](std::string& clip) {
    for (std::size_t at = 0; (at = clip.find(std::string("\0\0\1\x67", 4), at)) != std::string::npos;)
      clip[at + 3] = 0x6C;
  };
  EXPECT_EQ(show(spoil), "exited with 0");
  EXPECT_EQ(reported("pictures"), 0);
  EXPECT_GT(reported("audio_buffers"), 2);
}

TEST_F(RenderTest, GarbageAndNothingAreNoReasonToHang) {
  EXPECT_EQ(show([](std::string& clip) { clip = std::string(100'000, 'x'); }), "exited with 0");
  EXPECT_EQ(show([](std::string& clip) { clip.clear(); }), "exited with 0");
  EXPECT_EQ(reported("pictures"), 0);
}

TEST_F(RenderTest, TermEndsItAndUsr1TakesAPicture) {
  const std::string clip = content(helpers_ + "/../share/wfdcast/test.ts");
  auto options = render_options();
  options.emplace_back("--snapshot-after=100000");
  start("wfd-render", options);
  std::size_t written = 0;
  ASSERT_TRUE(run_until(
      [&] {
        const ssize_t size = ::write(child_->stdin_fd(), clip.data() + written, clip.size() - written);
        if (size > 0) written += static_cast<std::size_t>(size);
        return written == clip.size() && reported("pictures") > 10;
      },
      kPatience));
  EXPECT_FALSE(std::filesystem::exists(path("picture.png")));
  ::kill(child_->pid(), SIGUSR1);
  ASSERT_TRUE(run_until([this] { return std::filesystem::exists(path("picture.png")); }, kPatience));
  ::kill(child_->pid(), SIGTERM);
  EXPECT_EQ(end(), "exited with 0");
}

TEST_F(RenderTest, TextIsShownAloneUntilThereIsAPicture) {
  const auto card = [this](const std::string& text) {
    std::filesystem::remove(path("picture.png"));
    extra_ = {"--snapshot-after=2", "--text=" + text};
    start("wfd-render", render_options());
    EXPECT_TRUE(run_until([this] { return std::filesystem::exists(path("picture.png")); }, kPatience));
    child_->close_stdin();
    EXPECT_EQ(end(), "exited with 0");
    how_.clear();
    return content(path("picture.png"));
  };
  const std::string shown = card("Desk\n818 008");
  EXPECT_EQ(reported("width"), 1280);
  EXPECT_EQ(shown, card("Desk\n818 008"));
  EXPECT_NE(shown, card("Desk\n818 009"));
}

TEST_F(RenderTest, TextIsShownOverThePicture) {
  const auto last_picture = [this](const std::string& text) {
    extra_ = {"--snapshot-after=100000", "--text=" + text};
    EXPECT_EQ(show([](std::string& clip) { clip.resize(188 * 1500); }), "exited with 0");
    EXPECT_EQ(reported("width"), 640);
    EXPECT_EQ(reported("errors"), 0);
    return content(path("picture.png"));
  };
  const std::string plain = last_picture("");
  EXPECT_EQ(plain, last_picture(""));
  const std::string with_text = last_picture("Desk\n818 008");
  EXPECT_NE(plain, with_text);
  EXPECT_NE(with_text, last_picture("Desk\n818 009"));
}

TEST_F(RenderTest, ExitCodesTellUsageFromWhatIsMissing) {
  EXPECT_EQ(run("wfd-render", {"--help"}), "exited with 0");
  EXPECT_EQ(run("wfd-render", {"--snapshot-after=0"}), "exited with 64");
  EXPECT_EQ(run("wfd-render", {"argument"}), "exited with 64");
  EXPECT_EQ(run("wfd-render", {"--video-sink=nonsensesink"}), "exited with 69");
}

TEST_F(RenderTest, WhatCaptureMakesIsShown) {
  std::string command = helpers_ + "/wfd-capture --size=640x480 --rate=60 | " + helpers_ + "/wfd-render";
  for (const std::string& option : render_options()) command += ' ' + option;
  auto shell = platform::Child::start(loop_, {.command = {"/bin/sh", "-c", command}, .pipe_stdin = true},
                                      [this](auto how) { how_ = how; });
  ASSERT_TRUE(run_until([this] { return reported("pictures") > 30; }, kPatience));
  (*shell)->close_stdin();  // the end of wfd-capture, and so of wfd-render
  ASSERT_TRUE(run_until([this] { return how_ == "exited with 0"; }, kPatience)) << how_;
  EXPECT_EQ(reported("distinct_pictures"), reported("pictures"));
  EXPECT_GT(reported("audio_peak"), 0.05);
  EXPECT_EQ(reported("warnings"), 0);
}

}  // namespace
}  // namespace wfdcast::media
