// WpaControl against a control socket that a test plays: FakeSupplicant.
#include "platform/wpa_control.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <map>
#include <vector>

#include "platform/fd.h"
#include "tests/unit/platform_loop.h"

namespace wfdcast::platform {
namespace {

// A Unix datagram socket that answers like wpa_supplicant's, from a script; not a supplicant.
class FakeSupplicant {
 public:
  FakeSupplicant(EventLoop& loop, std::string path)
      : path_(std::move(path)), fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    ::unlink(path_.c_str());
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    readable_.emplace(loop, fd_.get(), Watch::On::Read, [this] { serve(); });
  }
  ~FakeSupplicant() { ::unlink(path_.c_str()); }

  void say(const std::string& line) const {
    for (const sockaddr_un& client : attached_) send(client, line);
  }

  std::map<std::string, std::string> script;  // what it answers; everything else is OK
  bool mute = false;
  std::vector<std::string> heard;

 private:
  void serve() {
    char buffer[4096];
    sockaddr_un client{};
    socklen_t size = sizeof client;
    ssize_t length = 0;
    while ((length = ::recvfrom(fd_.get(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&client),
                                &size)) >= 0) {
      const std::string command(buffer, static_cast<std::size_t>(length));
      heard.push_back(command);
      if (command == "ATTACH") attached_.push_back(client);
      if (!mute)
        send(client, script.contains(command) ? script[command] : command == "PING" ? "PONG\n" : "OK\n");
      size = sizeof client;
    }
  }
  void send(const sockaddr_un& client, const std::string& text) const {
    (void)::sendto(fd_.get(), text.data(), text.size(), 0, reinterpret_cast<const sockaddr*>(&client),
                   sizeof client);
  }

  std::string path_;
  Fd fd_;
  std::vector<sockaddr_un> attached_;
  std::optional<Watch> readable_;
};

class WpaControlTest : public testing::Test {
 protected:
  WpaControlTest() {
    char name[] = "/tmp/wpactlXXXXXX";
    directory_ = ::mkdtemp(name);
    socket_ = directory_ + "/wlan0";
  }
  ~WpaControlTest() override { std::filesystem::remove_all(directory_); }

  void start_supplicant() { supplicant_.emplace(loop_, socket_); }
  void start_control() {
    control_.emplace(loop_, WpaControl::Options{[this] { return socket_; }, directory_, deadline_},
                     WpaControl::Callbacks{[this] { ++ups_; },
                                           [this](const std::string& why) {
                                             ++downs_;
                                             why_ = why;
                                           },
                                           [this](std::string_view line) { lines_.emplace_back(line); }});
  }
  bool comes_up(int times) {
    return run_until(loop_, [&] { return ups_ == times; });
  }

  EventLoop loop_;
  std::string directory_, socket_, why_;
  Duration deadline_ = WpaControl::kDeadline;
  int ups_ = 0, downs_ = 0;
  std::vector<std::string> lines_;
  std::optional<FakeSupplicant> supplicant_;
  std::optional<WpaControl> control_;
};

TEST_F(WpaControlTest, AnswersComeInTheOrderOfTheCommands) {
  start_supplicant();
  start_control();
  ASSERT_TRUE(comes_up(1));
  supplicant_->script = {{"A", "1"}, {"B", "FAIL\n"}};
  std::vector<std::string> replies;
  for (const char* command : {"A", "B", "C"}) {
    EXPECT_TRUE(control_->request(command, [&](std::string_view reply) { replies.emplace_back(reply); }));
  }
  ASSERT_TRUE(run_until(loop_, [&] { return replies.size() == 3; }));
  EXPECT_EQ(replies, (std::vector<std::string>{"1", "FAIL\n", "OK\n"}));
  EXPECT_TRUE(control_->idle());
}

TEST_F(WpaControlTest, EventsAreNotAnswers) {
  start_supplicant();
  start_control();
  ASSERT_TRUE(comes_up(1));
  supplicant_->say("<3>P2P-FIND-STOPPED ");
  supplicant_->say("IFNAME=wlan0 <3>CTRL-EVENT-SCAN-STARTED ");
  supplicant_->say("neither");
  supplicant_->say("<3>LAST");
  ASSERT_TRUE(run_until(loop_, [&] { return lines_.size() == 3; }));
  EXPECT_EQ(lines_.front(), "<3>P2P-FIND-STOPPED ");
}

TEST_F(WpaControlTest, NoSupplicantAtTheStartIsSaidOnceAndOneThatComesIsFound) {
  start_control();
  ASSERT_TRUE(run_until(loop_, [&] { return downs_ == 1; }));
  EXPECT_NE(why_.find(socket_), std::string::npos) << why_;
  EXPECT_FALSE(control_->request("PING", nullptr));
  run_for(loop_, 400ms);
  EXPECT_EQ(downs_, 1);
  start_supplicant();
  EXPECT_TRUE(comes_up(1));
}

TEST_F(WpaControlTest, DeathIsNoticedWithoutACommandAndARestartIsAttachedToAgain) {
  start_supplicant();
  start_control();
  ASSERT_TRUE(comes_up(1));
  supplicant_.reset();
  ASSERT_TRUE(run_until(loop_, [&] { return downs_ == 1; }, WpaControl::kPing + 1s));
  start_supplicant();
  ASSERT_TRUE(comes_up(2));
  supplicant_->say("<3>HELLO");
  EXPECT_TRUE(run_until(loop_, [&] { return lines_.size() == 1; }));
}

TEST_F(WpaControlTest, DeathIsNoticedAlsoWhileAnAnswerIsAwaited) {
  start_supplicant();
  start_control();
  ASSERT_TRUE(comes_up(1));
  supplicant_->mute = true;
  control_->request("STATUS", nullptr);
  ASSERT_TRUE(run_until(loop_, [&] { return supplicant_->heard.back() == "STATUS"; }));
  supplicant_.reset();
  EXPECT_TRUE(run_until(loop_, [&] { return downs_ == 1; }, 2 * WpaControl::kPing));
}

TEST_F(WpaControlTest, AGoodbyeIsBelievedAtOnce) {
  start_supplicant();
  start_control();
  ASSERT_TRUE(comes_up(1));
  supplicant_->say("<3>CTRL-EVENT-TERMINATING ");
  ASSERT_TRUE(run_until(loop_, [&] { return downs_ == 1; }, 500ms));
  EXPECT_EQ(why_, "wpa_supplicant exits");
}

TEST_F(WpaControlTest, TheQueueHasALimit) {
  start_supplicant();
  start_control();
  ASSERT_TRUE(comes_up(1));
  supplicant_->mute = true;
  std::size_t taken = 0;
  while (taken < 10000 && control_->request("STATUS", nullptr)) ++taken;
  EXPECT_EQ(taken, WpaControl::kMaxQueue);
}

TEST_F(WpaControlTest, SilenceIsDeath) {
  deadline_ = 300ms;
  start_supplicant();
  start_control();
  ASSERT_TRUE(comes_up(1));
  supplicant_->mute = true;
  bool answered = false;
  control_->request("STATUS", [&](std::string_view) { answered = true; });
  ASSERT_TRUE(run_until(loop_, [&] { return downs_ == 1; }, 2s));
  EXPECT_EQ(why_, "wpa_supplicant does not answer");
  EXPECT_FALSE(answered);
}

TEST_F(WpaControlTest, LeavesNoSocketBehind) {
  start_supplicant();
  start_control();
  ASSERT_TRUE(comes_up(1));
  control_.reset();
  supplicant_.reset();
  EXPECT_TRUE(std::filesystem::is_empty(directory_));
}

TEST_F(WpaControlTest, WorksBeyondDescriptor1023) {
  std::vector<Fd> many;
  for (int i = 0; i < 1100; ++i) many.emplace_back(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ASSERT_TRUE(many.back()) << "the limit of descriptors is too low";
  start_supplicant();
  start_control();
  EXPECT_TRUE(comes_up(1));
}

}  // namespace
}  // namespace wfdcast::platform
