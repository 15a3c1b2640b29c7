// What TsFeed does with damaged, foreign and hostile input, and with breaks in it.
#include <gtest/gtest.h>

#include "base/random.h"
#include "stream/psi.h"
#include "stream/ts_reader.h"
#include "tests/unit/stream_feed_owner.h"

namespace wfdcast::stream {
namespace {

using namespace test;

class FileFeed : public testing::Test {
 protected:
  Bytes clip = read_clip("plain.ts");
  Owner owner{file_options()};

  [[nodiscard]] std::uint8_t* packet(std::size_t index) { return &clip[index * 188]; }
  [[nodiscard]] const TsFeed::Counters& counters() const { return owner.feed.counters(); }
  // The index of the n-th plain packet of the video.
  [[nodiscard]] std::size_t plain_video(int n) {
    for (std::size_t i = 0; i < clip.size() / 188; ++i) {
      if (packet(i)[1] == 0x01 && packet(i)[2] == 0x00 && (packet(i)[3] & 0xF0) == 0x10 && n-- == 0) return i;
    }
    return 0;
  }
  void play(int passes = 1) {
    owner.play_file(clip, 4096, passes);
    EXPECT_TRUE(owner.checked().problems.empty()) << *owner.checked().problems.begin();
  }
};

TEST_F(FileFeed, GarbageInFrontIsSkipped) {
  Random random(1);
  Bytes garbage(1000);
  for (auto& byte : garbage) byte = static_cast<std::uint8_t>(random.next());
  garbage[400] = 0x47;
  clip.insert(clip.begin(), garbage.begin(), garbage.end());
  play();
  EXPECT_EQ(counters().resynchronised, 0u);
  EXPECT_GT(counters().packets, 50u);
}

TEST_F(FileFeed, LostBytesLoseOnePacketAndSyncOnce) {
  const std::size_t at = plain_video(20) * 188;
  std::fill_n(clip.begin() + static_cast<std::ptrdiff_t>(at + 4), 184, std::uint8_t{0xB7});
  clip.erase(clip.begin() + static_cast<std::ptrdiff_t>(at + 50),
             clip.begin() + static_cast<std::ptrdiff_t>(at + 90));
  play();
  EXPECT_EQ(counters().resynchronised, 1u);
  EXPECT_EQ(counters().discontinuities, 1u);
  EXPECT_EQ(counters().ts_packets, clip.size() / 188);
  const Bytes out = owner.checked().streams[0x1011].bytes(), damaged(40, 0xB7);
  EXPECT_EQ(std::search(out.begin(), out.end(), damaged.begin(), damaged.end()), out.end());
}

TEST_F(FileFeed, DamagedScrambledAndNullPacketsAreDropped) {
  play();
  const auto usual = counters().dropped;
  Owner other(file_options());
  packet(plain_video(10))[1] |= 0x80;
  packet(plain_video(20))[3] |= 0x80;
  std::uint8_t* const null = packet(plain_video(30));
  null[1] = 0x1F;
  null[2] = 0xFF;
  other.play_file(clip, 4096);
  EXPECT_EQ(other.feed.counters().dropped, usual + 3);
  EXPECT_EQ(other.feed.counters().discontinuities, 3u);
  EXPECT_TRUE(other.checked().problems.empty());
}

TEST_F(FileFeed, APacketThatIsSentTwiceIsSentOnce) {
  const Bytes before = clip;
  const std::size_t at = plain_video(15);
  clip.insert(clip.begin() + static_cast<std::ptrdiff_t>(at * 188),
              before.begin() + static_cast<std::ptrdiff_t>(at * 188),
              before.begin() + static_cast<std::ptrdiff_t>((at + 1) * 188));
  play();
  Owner once(file_options());
  once.play_file(before, 4096);
  EXPECT_EQ(counters().dropped, once.feed.counters().dropped + 1);
  EXPECT_EQ(owner.checked().streams[0x1011].bytes(), once.checked().streams[0x1011].bytes());
}

TEST_F(FileFeed, AnAdaptationFieldThatRunsPastTheEndIsDropped) {
  std::uint8_t* const bad = packet(plain_video(10));
  bad[3] |= 0x20;
  bad[4] = 184;
  play();
  EXPECT_EQ(counters().discontinuities, 1u);
}

TEST_F(FileFeed, AJumpOfTheClockIsFlaggedAndDoesNotStopTheFile) {
  // The second half of the clip an hour later.
  int flags = 0;
  for (std::size_t i = clip.size() / 376; i < clip.size() / 188; ++i) {
    std::uint8_t* const p = packet(i);
    if ((p[3] & 0x20) != 0 && p[4] > 0 && (p[5] & 0x10) != 0) p[7] = static_cast<std::uint8_t>(p[7] + 0x9E);
  }
  play();
  flags = owner.checked().discontinuity_flags;
  EXPECT_EQ(flags, 1);
  EXPECT_LE(owner.sent.back().at - kStart, 4s);
  EXPECT_GE(owner.sent.back().at - kStart, 2s);
}

TEST_F(FileFeed, AFileWithoutAnyPcrGoesOn) {
  for (std::size_t i = 0; i < clip.size() / 188; ++i) {
    std::uint8_t* const p = packet(i);
    if ((p[3] & 0x20) != 0 && p[4] > 0) p[5] &= 0xEF;
  }
  for (int i = 0; i < 40; ++i) {
    for (std::size_t at = 0; at < clip.size() && owner.feed.wants_bytes(owner.now); at += 4096) {
      owner.feed.push(ByteView(clip).subspan(at, std::min<std::size_t>(4096, clip.size() - at)), owner.now);
    }
    owner.now += 100ms;
    owner.take();
  }
  EXPECT_GT(counters().packets, 1000u);
  EXPECT_EQ(counters().overruns, 0u);
  EXPECT_EQ(owner.checked().pcrs.size(), 0u);
}

TEST_F(FileFeed, APauseShiftsTheClock) {
  owner.feed.push(ByteView(clip).first(40 * 188), owner.now);
  for (int i = 0; i < 50; ++i) {
    owner.now += 1ms;
    owner.take();
  }
  const std::size_t before = owner.sent.size();
  ASSERT_GT(before, 0u);
  owner.now += 1h;
  owner.feed.resume(owner.now);
  owner.take();
  // One packet is due now, and not all that have waited.
  EXPECT_LE(owner.sent.size(), before + 1);
  const auto deadline = owner.feed.next_deadline();
  ASSERT_TRUE(deadline);
  EXPECT_LE(*deadline, owner.now + 1s);
}

TEST_F(FileFeed, ALateFileDoesNotHurry) {
  owner.feed.push(ByteView(clip).first(60 * 188), owner.now);
  owner.now += 10s;
  owner.take();
  owner.sent.clear();
  owner.feed.push(ByteView(clip).subspan(60 * 188, 300 * 188), owner.now);
  owner.take();
  EXPECT_LE(owner.sent.size(), 12u);
}

TEST_F(FileFeed, RtpTimeRunsOnTheMonotonicClock) {
  EXPECT_EQ(owner.feed.rtp_time(owner.now).value, 0xFFFF'0000u);
  play();
  EXPECT_EQ(owner.sent[0].timestamp.value, 0xFFFF'0000u);
  EXPECT_EQ(owner.feed.rtp_time(owner.sent[0].at + 10s).value, 0xFFFF'0000u + 900'000u);
}

TEST_F(FileFeed, WantsItsLeadAndNoMore) {
  std::size_t at = 0;
  for (; at < clip.size() && owner.feed.wants_bytes(owner.now); at += 188) {
    owner.feed.push(ByteView(clip).subspan(at, 188), owner.now);
  }
  // 200 ms of 2.5 s, and up to the PCR that ends it.
  EXPECT_LT(at, clip.size() / 4);
  owner.now += 90ms;
  EXPECT_FALSE(owner.feed.wants_bytes(owner.now - 90ms));
  owner.now += 20ms;
  EXPECT_TRUE(owner.feed.wants_bytes(owner.now));
}

TEST(TsReader, FindsPacketsInAnySplit) {
  const Bytes clip = read_clip("gst.ts");
  for (const std::size_t piece : {1, 2, 100, 187, 188, 189, 377, 1000}) {
    TsReader reader;
    Bytes seen;
    for (std::size_t at = 0; at < clip.size(); at += piece) {
      reader.push(ByteView(clip).subspan(at, std::min(piece, clip.size() - at)),
                  [&](const std::uint8_t* first, std::size_t count) {
                    seen.insert(seen.end(), first, first + count * 188);
                  });
    }
    EXPECT_EQ(seen, clip) << piece;
    EXPECT_EQ(reader.losses(), 0u);
  }
}

// One packet of PSI.
Bytes psi_packet(std::uint16_t pid, Bytes section, std::uint8_t continuity = 0) {
  const std::uint32_t crc = psi_crc(section);
  for (int shift = 24; shift >= 0; shift -= 8) section.push_back(static_cast<std::uint8_t>(crc >> shift));
  Bytes packet = {0x47, static_cast<std::uint8_t>(0x40 | pid >> 8), static_cast<std::uint8_t>(pid),
                  static_cast<std::uint8_t>(0x10 | continuity), 0};
  packet.insert(packet.end(), section.begin(), section.end());
  packet.resize(188, 0xFF);
  return packet;
}
const Bytes kPat = {0x00, 0xB0, 0x11, 0, 1, 0xC1, 0, 0, 0, 0, 0xE0, 0x10, 0, 5, 0xE0, 0x42};
const Bytes kPmt = {0x02, 0xB0, 0x17, 0,    5,    0xC1, 0,    0,    0xE0, 0x51, 0xF0,
                    0,    0x1B, 0xE0, 0x51, 0xF0, 0,    0x0F, 0xE0, 0x52, 0xF0, 0};

class Programs : public testing::Test {
 protected:
  bool read(const Bytes& bytes) {
    const auto packet = parse_ts_packet(bytes.data());
    return packet && reader.is_psi(packet->header.pid()) && reader.receive(*packet);
  }
  ProgramReader reader;
};

TEST_F(Programs, TheFirstProgramBehindTheNetworkEntry) {
  EXPECT_FALSE(read(psi_packet(0x42, kPmt)));  // not known to be PSI yet
  EXPECT_FALSE(read(psi_packet(0, kPat)));
  EXPECT_TRUE(read(psi_packet(0x42, kPmt)));
  EXPECT_EQ(reader.program()->video, 0x51);
  EXPECT_EQ(reader.program()->audio->pid, 0x52);
  EXPECT_EQ(reader.program()->pcr_pid, 0x51);
  EXPECT_FALSE(read(psi_packet(0x42, kPmt, 1))) << "the same again";
}

TEST_F(Programs, EveryChangedBitIsCaughtByTheCrc) {
  (void)read(psi_packet(0, kPat));
  const Bytes good = psi_packet(0x42, kPmt);
  for (std::size_t bit = 5 * 8; bit < (5 + kPmt.size() + 4) * 8; ++bit) {
    ProgramReader fresh;
    (void)fresh.receive(*parse_ts_packet(psi_packet(0, kPat).data()));
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(0x80 >> bit % 8);
    (void)fresh.receive(*parse_ts_packet(bad.data()));
    EXPECT_FALSE(fresh.program()) << bit;
  }
}

TEST_F(Programs, ASectionMaySpanPackets) {
  (void)read(psi_packet(0, kPat));
  Bytes section = kPmt;
  // A long program descriptor in front of the streams.
  section[10] = 0xF0;
  section[11] = 250;
  Bytes descriptor(250, 0x11);
  section.insert(section.begin() + 12, descriptor.begin(), descriptor.end());
  section[1] = 0xB1;
  section[2] = static_cast<std::uint8_t>(0x17 + 250 - 256);
  const std::uint32_t crc = psi_crc(section);
  for (int shift = 24; shift >= 0; shift -= 8) section.push_back(static_cast<std::uint8_t>(crc >> shift));
  Bytes first = {0x47, 0x40, 0x42, 0x10, 0};
  first.insert(first.end(), section.begin(), section.begin() + 183);
  Bytes second = {0x47, 0x00, 0x42, 0x11};
  second.insert(second.end(), section.begin() + 183, section.end());
  second.resize(188, 0xFF);
  EXPECT_FALSE(read(first));
  EXPECT_TRUE(read(second));
  EXPECT_EQ(reader.program()->video, 0x51);
}

TEST_F(Programs, ASectionBeyond1024BytesIsRefused) {
  (void)read(psi_packet(0, kPat));
  Bytes section = kPmt;
  section[1] = 0xBF;
  section[2] = 0xFF;
  for (std::uint8_t continuity = 0; continuity < 32; ++continuity) {
    EXPECT_FALSE(read(psi_packet(0x42, section, continuity & 15)));
  }
  EXPECT_FALSE(reader.program());
}

TEST_F(Programs, ALoopThatRunsPastTheSectionIsRefused) {
  (void)read(psi_packet(0, kPat));
  Bytes section = kPmt;
  section[20] = 0xFF;  // the last stream's descriptors
  EXPECT_FALSE(read(psi_packet(0x42, section)));
  section = kPmt;
  section[10] = 0xFF;  // the program's descriptors
  EXPECT_FALSE(read(psi_packet(0x42, section)));
}

}  // namespace
}  // namespace wfdcast::stream
