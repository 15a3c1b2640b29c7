#include "stream/ts_feed.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/stream_feed_owner.h"

namespace wfdcast::stream {
namespace {

using namespace test;
using wfdcast::test::CheckedStream;

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

// At 48 kHz; AAC frames by their ADTS lengths, AC-3 by its constant rate of 64 kbit/s.
std::int64_t duration_of_sound(int type, const Bytes& payload) {
  if (type == 0x81) return static_cast<std::int64_t>(payload.size()) * 8 * 90 / 64;
  std::int64_t frames = 0;
  for (std::size_t at = 0; at + 6 < payload.size(); ++frames) {
    at += (payload[at + 3] & 3u) << 11 | payload[at + 4] * 8u | payload[at + 5] >> 5;
  }
  return frames * 1920;
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
  std::int64_t tightest = 1'000'000;
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
    // What the last PES packet of a pass plays: pictures of 1/30 s; sound by its bytes.
    const bool video = type == 0x1B;
    const std::int64_t last = video ? 3000 : duration_of_sound(type, before.back().payload);
    const std::int64_t gap = after[before.size()].dts - after[before.size() - 1].dts - last;
    EXPECT_GE(gap, -2) << "overlap in stream type " << type;
    tightest = std::min(tightest, gap);
  }
  EXPECT_LE(tightest, 2) << "one stream goes on without a gap";
}

TEST_P(Clip, LiveSendsEverythingInTime) {
  Owner owner(live_options());
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
