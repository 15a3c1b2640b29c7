#include "stream/ts_feed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/random.h"
#include "tests/unit/ts_checker.h"

namespace wfdcast::stream {
namespace {

using test::Bytes;
using test::CheckedStream;
using test::read_clip;
using test::TsChecker;

const Time kStart = Time{} + 1000s;
constexpr int kVideo = 0x1011, kAudio = 0x1100;

struct Sent {
  Time at;
  RtpTime timestamp;
  std::uint16_t sequence = 0;
  Bytes ts;
};

// Plays the owner's part: a clock that jumps from deadline to deadline.
class Owner {
 public:
  explicit Owner(TsFeed::Options options) : feed(options) {}

  // Gives the file in pieces of `piece` bytes, `passes` times, and takes what is due.
  void play_file(const Bytes& file, std::size_t piece, int passes = 1) {
    for (int pass = 0; pass < passes; ++pass) {
      if (pass > 0) feed.restart(now);
      for (std::size_t at = 0; at < file.size();) {
        while (at < file.size() && feed.wants_bytes(now)) {
          const std::size_t size = std::min(piece, file.size() - at);
          feed.push(ByteView(file).subspan(at, size), now);
          at += size;
        }
        take();
        if (at < file.size()) wait();
      }
    }
    drain();
  }
  // A live input: each piece at its time.
  void play_live(const std::vector<std::pair<Duration, ByteView>>& pieces) {
    for (const auto& [at, bytes] : pieces) {
      while (feed.next_deadline() && *feed.next_deadline() < kStart + at) {
        wait();
        take();
      }
      now = kStart + at;
      feed.push(bytes, now);
      take();
    }
    for (int i = 0; i < 100; ++i) {
      now += 1ms;
      take();
    }
  }
  void wait() {
    const auto deadline = feed.next_deadline();
    ASSERT_TRUE(deadline);
    now = std::max(now + 1us, *deadline);
  }
  void drain() {
    for (int i = 0; i < 3000; ++i) {
      now += 1ms;
      take();
    }
  }
  void take() {
    std::array<ByteView, 16> out;
    for (;;) {
      const auto packets = feed.take(now, out);
      for (const ByteView packet : packets) {
        const auto rtp = parse_rtp(packet);
        ASSERT_TRUE(rtp);
        sent.push_back({now, rtp->timestamp, rtp->sequence, Bytes(rtp->payload.begin(), rtp->payload.end())});
      }
      if (packets.size() < out.size()) return;
    }
  }
  [[nodiscard]] TsChecker checked() const {
    TsChecker checker;
    for (const Sent& packet : sent) checker.add(packet.ts);
    return checker;
  }

  TsFeed feed;
  Time now = kStart;
  std::vector<Sent> sent;
};

TsFeed::Options file_options() {
  return {.pace = TsFeed::Pace::Pcr,
          .ssrc = {0x1234'5678},
          .first_sequence = 65'000,
          .first_timestamp = 0xFFFF'0000};
}

TsChecker check_clip(const Bytes& clip) {
  TsChecker checker;
  checker.add(ByteView(clip).first(clip.size() / 188 * 188));
  return checker;
}

// Elementary streams of the clip by type: what must come out.
std::map<int, const CheckedStream*> by_type(const TsChecker& checker) {
  std::map<int, const CheckedStream*> found;
  for (const auto& [pid, stream] : checker.streams) found[stream.type] = &stream;
  return found;
}

void expect_prefix(const Bytes& whole, const Bytes& part, std::size_t least) {
  ASSERT_GE(part.size(), least);
  ASSERT_LE(part.size(), whole.size());
  EXPECT_TRUE(std::equal(part.begin(), part.end(), whole.begin()));
}

class Clip : public testing::TestWithParam<const char*> {
 protected:
  Bytes file = read_clip(GetParam());
};
INSTANTIATE_TEST_SUITE_P(All, Clip, testing::Values("plain.ts", "b_frames.ts", "ac3_cbr.ts", "gst.ts"),
                         [](const auto& clip) {
                           const std::string name = clip.param;
                           return name.substr(0, name.find('.'));
                         });

TEST_P(Clip, PayloadIsUnchangedOnTheFirstPass) {
  const TsChecker in = check_clip(file);
  ASSERT_FALSE(in.streams.empty());
  for (const std::size_t piece : {std::size_t{1}, std::size_t{187}, std::size_t{1316}, std::size_t{65'536}}) {
    Owner owner(file_options());
    owner.play_file(file, piece);
    const TsChecker out = owner.checked();
    EXPECT_TRUE(out.problems.empty()) << *out.problems.begin();
    EXPECT_EQ(out.pmt_pid, 0x100);
    EXPECT_EQ(out.pcr_pid, 0x1000);
    const auto before = by_type(in), after = by_type(out);
    ASSERT_EQ(after.size(), before.size());
    for (const auto& [type, stream] : before) {
      const CheckedStream& ours = *after.at(type);
      // What stands behind the last PCR waits for the next pass.
      expect_prefix(stream->bytes(), ours.bytes(), stream->bytes().size() * 8 / 10);
      for (std::size_t i = 0; i < ours.pes.size(); ++i) EXPECT_EQ(ours.pes[i].head, stream->pes[i].head);
    }
    EXPECT_EQ(owner.feed.counters().resynchronised, 0u);
    EXPECT_EQ(owner.feed.counters().discontinuities, 0u);
    EXPECT_EQ(owner.feed.counters().overruns, 0u);
  }
}

TEST_P(Clip, EverySplitGivesTheSamePackets) {
  Owner whole(file_options());
  whole.play_file(file, 4096, 2);
  Owner split(file_options());
  split.play_file(file, 4096 - 1, 2);
  const std::size_t common = std::min(whole.sent.size(), split.sent.size());
  ASSERT_GT(common, 50u);
  for (std::size_t i = 0; i < common; ++i) {
    ASSERT_EQ(whole.sent[i].ts, split.sent[i].ts) << i;
    ASSERT_EQ(whole.sent[i].timestamp.value, split.sent[i].timestamp.value) << i;
  }
}

TEST_P(Clip, PsiAndPcrComeOftenEnough) {
  Owner owner(file_options());
  owner.play_file(file, 4096, 3);
  TsChecker checker;
  std::optional<Time> psi, pcr;
  std::size_t pcrs = 0;
  Duration worst_psi{}, worst_pcr{};
  for (const Sent& packet : owner.sent) {
    const int psi_before = checker.packets[0x100];
    checker.add(packet.ts);
    if (checker.packets[0x100] > psi_before) {
      if (psi) worst_psi = std::max(worst_psi, packet.at - *psi);
      psi = packet.at;
    }
    if (checker.pcrs.size() > pcrs) {
      if (pcr) worst_pcr = std::max(worst_pcr, packet.at - *pcr);
      pcr = packet.at;
      pcrs = checker.pcrs.size();
    }
  }
  EXPECT_LE(worst_psi, 100ms + 10us);  // the owner wakes a little late
  EXPECT_LE(worst_pcr, 100ms + 10us);
  EXPECT_GT(checker.keys, 5);
  EXPECT_EQ(checker.keys_behind_psi, checker.keys);
}

TEST_P(Clip, PcrIsTheTimeOfSending) {
  Owner owner(file_options());
  owner.play_file(file, 4096, 3);
  TsChecker checker;
  std::optional<std::int64_t> first;
  std::size_t seen = 0;
  for (const Sent& packet : owner.sent) {
    checker.add(packet.ts);
    for (; seen < checker.pcrs.size(); ++seen) {
      // Against the RTP clock, and against the wall.
      const auto rtp = static_cast<std::int64_t>(packet.timestamp.value - owner.sent[0].timestamp.value);
      const std::int64_t wall = (packet.at - owner.sent[0].at).count() * 27 / 1000;
      const std::int64_t difference = checker.pcrs[seen] - rtp * 300;
      if (!first) first = difference;
      EXPECT_NEAR(static_cast<double>(difference - *first), 0, 27'000) << seen;
      EXPECT_NEAR(static_cast<double>(checker.pcrs[seen] - wall - *first), 0, 27'000 * 2) << seen;
    }
  }
  EXPECT_GT(seen, 50u);
  EXPECT_EQ(checker.discontinuity_flags, 0);
}

TEST_P(Clip, ALoopRunsOnWithoutAJump) {
  Owner owner(file_options());
  owner.play_file(file, 4096, 4);
  const TsChecker in = check_clip(file);
  const TsChecker out = owner.checked();
  EXPECT_TRUE(out.problems.empty()) << *out.problems.begin();
  for (std::size_t i = 1; i < out.pcrs.size(); ++i) {
    const std::int64_t step = out.pcrs[i] - out.pcrs[i - 1];
    EXPECT_TRUE(step > 0 && step <= 2'700'000) << step << " at " << i;
  }
  std::vector<std::int64_t> joins;
  for (const auto& [type, stream] : by_type(in)) {
    const auto& before = stream->pes;
    const auto& after = by_type(out).at(type)->pes;
    ASSERT_GT(after.size(), before.size() * 3);
    const std::int64_t length = after[before.size()].dts - before.front().dts;
    for (std::size_t i = 0; i < after.size(); ++i) {
      const auto pass = static_cast<std::int64_t>(i / before.size());
      const auto& original = before[i % before.size()];
      ASSERT_EQ(after[i].dts, original.dts + pass * length);
      ASSERT_EQ(after[i].pts, original.pts + pass * length);
      if (i + 1 < after.size()) {
        EXPECT_EQ(after[i].payload, original.payload);
      }
    }
    joins.push_back(after[before.size()].dts - after[before.size() - 1].dts);
  }
  // One of the streams goes on without a gap. The video's frames are 3000 ticks.
  EXPECT_GE(joins.back(), 0) << "no overlap";
}

TEST_P(Clip, LiveSendsEverythingInTime) {
  TsFeed::Options options = file_options();
  options.pace = TsFeed::Pace::Arrival;
  Owner owner(options);
  std::vector<std::pair<Duration, ByteView>> pieces;
  // About a picture each 33 ms, as a pipe gives it: in bursts.
  const std::size_t picture = file.size() / 75;
  for (std::size_t at = 0; at < file.size(); at += picture) {
    pieces.emplace_back(Duration(33'333'333) * static_cast<int>(at / picture),
                        ByteView(file).subspan(at, std::min(picture, file.size() - at)));
  }
  owner.play_live(pieces);
  const TsChecker in = check_clip(file), out = owner.checked();
  EXPECT_TRUE(out.problems.empty()) << *out.problems.begin();
  for (const auto& [type, stream] : by_type(in)) EXPECT_EQ(stream->bytes(), by_type(out).at(type)->bytes());
  for (std::size_t i = 1; i < owner.sent.size(); ++i) {
    EXPECT_EQ(owner.sent[i].sequence, static_cast<std::uint16_t>(owner.sent[i - 1].sequence + 1));
  }
  EXPECT_EQ(owner.feed.counters().overruns, 0u);
}

}  // namespace
}  // namespace wfdcast::stream
