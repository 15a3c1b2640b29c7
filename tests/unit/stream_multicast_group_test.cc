#include "stream/multicast_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wfdcast::stream {

bool operator==(const Move& a, const Move& b) { return a.id == b.id && a.to == b.to; }

namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const Endpoint kGroup{Ipv4Address::from_octets(239, 0, 0, 11), 15550};
const Time kStart = Time{} + 1000s;

Endpoint unicast_of(std::uint32_t sink) { return {{0x0A00'0000 + sink}, 19'000}; }
VideoModes modes(std::initializer_list<VideoMode> list) {
  VideoModes all;
  for (const VideoMode& mode : list) {
    const VideoModes bit = mode.bit();
    all.cea |= bit.cea;
    all.vesa |= bit.vesa;
    all.hh |= bit.hh;
  }
  return all;
}
const VideoMode k480p60 = *find_mode(640, 480, 60), k720p30 = *find_mode(1280, 720, 30);

SourceCapabilities encoder() {
  return {.modes = modes({k480p60, k720p30}),
          .profiles = 1,
          .level = H264Level::L4_2,
          .audio = {AudioFormat::Aac}};
}
SinkCapabilities sink(VideoModes can, bool multicast = true) {
  SinkCapabilities capabilities;
  capabilities.video = {VideoCodec{.profiles = 1, .level = 1, .modes = can}};
  capabilities.audio = {{.format = AudioFormat::Aac, .modes = kAac48kStereo}};
  capabilities.rtp_port = 19'000;
  capabilities.multicast = multicast;
  return capabilities;
}

class MulticastGroupTest : public testing::Test {
 protected:
  explicit MulticastGroupTest(DeliveryPolicy policy = DeliveryPolicy::Auto)
      : group(kGroup, encoder(), policy) {}

  void admit(std::uint32_t id, bool multicast = true) {
    ASSERT_TRUE(group.admit({id}, sink(modes({k480p60, k720p30}), multicast)));
    group.set_endpoint({id}, unicast_of(id));
  }
  std::vector<Move> join(std::uint32_t id, bool multicast = true) {
    admit(id, multicast);
    return group.play({id}, now);
  }
  void two_on_the_group() {
    (void)join(1);
    (void)join(2);
    (void)group.report({1}, Delivery::Multicast, "", now);
    (void)group.report({2}, Delivery::Multicast, "", now);
    ASSERT_THAT(destinations(), ElementsAre(kGroup));
  }
  // Runs the clock to the next deadline.
  std::vector<Move> wait() {
    now = group.next_deadline().value();
    return group.tick(now);
  }
  std::vector<Endpoint> destinations() const {
    const auto list = group.destinations();
    return {list.begin(), list.end()};
  }

  MulticastGroup group;
  Time now = kStart;
};
class ForcedMulticast : public MulticastGroupTest {
 protected:
  ForcedMulticast() : MulticastGroupTest(DeliveryPolicy::Multicast) {}
};
class ForcedUnicast : public MulticastGroupTest {
 protected:
  ForcedUnicast() : MulticastGroupTest(DeliveryPolicy::Unicast) {}
};

TEST_F(MulticastGroupTest, ASinkThatStaysBadOnTheGroupIsMovedToUnicastAndTriedAgainLater) {
  two_on_the_group();
  (void)join(3);
  (void)group.report({3}, Delivery::Multicast, "", now);
  EXPECT_THAT(group.report_loss({2}, 0.05, now), IsEmpty());
  EXPECT_THAT(group.report_loss({2}, 0.05, now), IsEmpty());
  EXPECT_THAT(group.report_loss({2}, 0, now), IsEmpty()) << "it was good in between";
  EXPECT_THAT(group.report_loss({2}, 0.05, now), IsEmpty());
  EXPECT_THAT(group.report_loss({2}, 0.05, now), IsEmpty());
  EXPECT_THAT(group.report_loss({2}, 0.042, now), ElementsAre(Move{{2}, Delivery::Unicast}));
  EXPECT_THAT(destinations(), ElementsAre(kGroup, unicast_of(2))) << "both ways until unicast has come";
  (void)group.report({2}, Delivery::Unicast, "arrived", now);
  EXPECT_EQ(group.path({2}), Path::Unicast);
  EXPECT_EQ(group.path({1}), Path::Group);
  EXPECT_EQ(group.path_note({2}), "multicast lost 4 % here in spite of repair");
  EXPECT_THAT(group.report_loss({2}, 0.5, now), IsEmpty()) << "it has unicast already";
  EXPECT_THAT(wait(), ElementsAre(Move{{2}, Delivery::Multicast}));
}

TEST_F(MulticastGroupTest, AnEncoderThatStartsLateIsNotHeldAgainstTheGroup) {
  (void)join(1);
  (void)join(2);
  for (int i = 0; i < 3; ++i) {
    now = group.next_deadline().value();
    EXPECT_THAT(group.tick(now, Blame::Source), IsEmpty());
    EXPECT_EQ(group.path({1}), Path::Joining);
  }
  EXPECT_THAT(group.report({1}, Delivery::Multicast, "", now), IsEmpty());
  EXPECT_THAT(wait(), Contains(Move{{2}, Delivery::Unicast})) << "it is sent now, and this sink says nothing";
  EXPECT_EQ(group.path({2}), Path::Unicast);
}

TEST_F(MulticastGroupTest, TheFirstMemberFixesTheFormat) {
  const auto first = group.admit({1}, sink(modes({k480p60})));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->video->mode, k480p60);
  const auto second = group.admit({2}, sink(modes({k480p60, k720p30})));
  ASSERT_TRUE(second);
  EXPECT_EQ(*second, *first);
  const auto third = group.admit({3}, sink(modes({k720p30})));
  ASSERT_FALSE(third);
  EXPECT_FALSE(third.error().empty());
  EXPECT_FALSE(group.path({3}));
}

TEST_F(MulticastGroupTest, TheLastMemberFreesTheFormat) {
  (void)group.admit({1}, sink(modes({k480p60})));
  (void)group.leave({1}, now);
  EXPECT_FALSE(group.format());
  EXPECT_EQ(group.admit({2}, sink(modes({k720p30})))->video->mode, k720p30);
}

TEST_F(MulticastGroupTest, AMemberAloneMayChooseAgain) {
  (void)group.admit({1}, sink(modes({k480p60, k720p30})));
  EXPECT_EQ(group.format()->video->mode, k720p30);
  EXPECT_EQ(group.admit({1}, sink(modes({k480p60})))->video->mode, k480p60);
}

TEST_F(MulticastGroupTest, OneSinkHasUnicast) {
  admit(1);
  EXPECT_EQ(group.initial_delivery({1}), Delivery::Unicast);
  EXPECT_THAT(destinations(), IsEmpty());
  EXPECT_THAT(group.play({1}, now), IsEmpty());
  EXPECT_THAT(destinations(), ElementsAre(unicast_of(1)));
  EXPECT_TRUE(group.anyone_playing());
  EXPECT_FALSE(group.next_deadline());
}

TEST_F(MulticastGroupTest, TheSecondCapableSinkMovesBoth) {
  (void)join(1);
  EXPECT_THAT(join(2), ElementsAre(Move{{1}, Delivery::Multicast}, Move{{2}, Delivery::Multicast}));
  EXPECT_EQ(group.path({1}), Path::Joining);
  EXPECT_THAT(destinations(), ElementsAre(kGroup, unicast_of(1), unicast_of(2)));
  EXPECT_THAT(group.report({1}, Delivery::Multicast, "lag=3ms", now), IsEmpty());
  EXPECT_THAT(destinations(), ElementsAre(kGroup, unicast_of(2)));
  (void)group.report({2}, Delivery::Multicast, "", now);
  EXPECT_THAT(destinations(), ElementsAre(kGroup));
  EXPECT_EQ(group.path({2}), Path::Group);
  EXPECT_TRUE(group.path_note({2}).empty());
}

TEST_F(MulticastGroupTest, ASinkWithoutMulticastIsNoCompany) {
  (void)join(1);
  EXPECT_THAT(join(2, false), IsEmpty());
  EXPECT_THAT(destinations(), ElementsAre(unicast_of(1), unicast_of(2)));
  EXPECT_TRUE(group.path_note({2}).empty());
  (void)join(3);
  EXPECT_THAT(destinations(), ElementsAre(kGroup, unicast_of(1), unicast_of(2), unicast_of(3)));
  EXPECT_FALSE(group.path_note({2}).empty());
}

TEST_F(MulticastGroupTest, ASilentSinkComesBackAfterThreeSeconds) {
  (void)join(1);
  (void)join(2);
  (void)group.report({1}, Delivery::Multicast, "", now);
  EXPECT_EQ(group.next_deadline(), kStart + 3s);
  // The other one is alone then, and comes back as well.
  EXPECT_THAT(wait(), ElementsAre(Move{{2}, Delivery::Unicast}, Move{{1}, Delivery::Unicast}));
  EXPECT_EQ(group.path({2}), Path::Unicast);
  EXPECT_FALSE(group.path_note({2}).empty());
  EXPECT_EQ(group.path({1}), Path::Returning);
  EXPECT_THAT(destinations(), ElementsAre(kGroup, unicast_of(1), unicast_of(2)));
}

TEST_F(MulticastGroupTest, AnUnfitGroupKeepsUnicastAndSaysWhy) {
  (void)join(1);
  (void)join(2);
  EXPECT_THAT(group.report({1}, Delivery::Unicast, "lag 180 ms\n", now),
              ElementsAre(Move{{2}, Delivery::Unicast}));
  EXPECT_EQ(group.path_note({1}), "lag 180 ms");
  EXPECT_EQ(group.path({1}), Path::Unicast);
}

TEST_F(MulticastGroupTest, ALostGroupIsReplacedAtOnce) {
  two_on_the_group();
  (void)join(3);
  (void)group.report({3}, Delivery::Multicast, "", now);
  EXPECT_THAT(group.report({2}, Delivery::Unicast, "the group is silent", now), IsEmpty());
  EXPECT_THAT(destinations(), ElementsAre(kGroup, unicast_of(2)));
  EXPECT_EQ(group.path_note({2}), "the group is silent");
}

TEST_F(MulticastGroupTest, AttemptsBackOffToTenMinutes) {
  two_on_the_group();
  (void)join(3);
  (void)group.report({3}, Delivery::Multicast, "", now);
  Duration expected = 30s;
  for (int attempt = 0; attempt < 8; ++attempt) {
    (void)group.report({2}, Delivery::Unicast, "unfit", now);
    const Time failed = now;
    EXPECT_THAT(wait(), ElementsAre(Move{{2}, Delivery::Multicast}));
    EXPECT_EQ(now - failed, expected);
    expected = std::min<Duration>(expected * 2, 10min);
  }
  EXPECT_EQ(expected, 10min);
}

TEST_F(MulticastGroupTest, ALongGoodTimeForgivesTheBackOff) {
  two_on_the_group();
  (void)join(3);
  (void)group.report({3}, Delivery::Multicast, "", now);
  for (int i = 0; i < 3; ++i) {
    (void)group.report({2}, Delivery::Unicast, "unfit", now);
    (void)wait();
  }
  (void)group.report({2}, Delivery::Multicast, "", now);
  now += 11min;
  (void)group.report({2}, Delivery::Unicast, "silent", now);
  EXPECT_EQ(group.next_deadline(), now + 30s);
}

TEST_F(MulticastGroupTest, TheLastOneLeftReturnsToUnicast) {
  two_on_the_group();
  EXPECT_THAT(group.leave({1}, now), ElementsAre(Move{{2}, Delivery::Unicast}));
  EXPECT_THAT(destinations(), ElementsAre(kGroup, unicast_of(2)));
  EXPECT_THAT(group.report({2}, Delivery::Unicast, "arrived", now), IsEmpty());
  EXPECT_THAT(destinations(), ElementsAre(unicast_of(2)));
  EXPECT_FALSE(group.next_deadline());
}

TEST_F(MulticastGroupTest, AnotherGroupIsReachedByWayOfUnicast) {
  const Endpoint other{Ipv4Address::from_octets(239, 255, 1, 1), 15550};
  EXPECT_THAT(group.set_group(other, now), IsEmpty()) << "nobody is there";
  EXPECT_THAT(group.set_group(kGroup, now), IsEmpty());
  two_on_the_group();
  EXPECT_THAT(group.set_group(other, now),
              ElementsAre(Move{{1}, Delivery::Unicast}, Move{{2}, Delivery::Unicast}));
  EXPECT_THAT(destinations(), ElementsAre(kGroup, unicast_of(1), unicast_of(2)));
  EXPECT_THAT(join(3), IsEmpty()) << "who comes meanwhile waits for the others";
  EXPECT_THAT(group.report({1}, Delivery::Unicast, "arrived", now), IsEmpty());
  EXPECT_EQ(group.group(), kGroup);
  EXPECT_THAT(group.report({2}, Delivery::Unicast, "arrived", now),
              ElementsAre(Move{{1}, Delivery::Multicast}, Move{{2}, Delivery::Multicast},
                          Move{{3}, Delivery::Multicast}));
  EXPECT_EQ(group.group(), other);
  EXPECT_THAT(destinations(), ElementsAre(other, unicast_of(1), unicast_of(2), unicast_of(3)));
}

TEST_F(MulticastGroupTest, AReturnWithoutAWordTakesTwoSeconds) {
  two_on_the_group();
  (void)group.pause({1}, now);
  EXPECT_EQ(group.path({2}), Path::Returning);
  EXPECT_EQ(group.next_deadline(), kStart + 2s);
  EXPECT_THAT(wait(), IsEmpty());
  EXPECT_THAT(destinations(), ElementsAre(unicast_of(2)));
}

TEST_F(MulticastGroupTest, ComingBackWhileReturningTurnsTheMoveRound) {
  two_on_the_group();
  (void)group.pause({1}, now);
  EXPECT_THAT(group.play({1}, now), ElementsAre(Move{{2}, Delivery::Multicast}));
  EXPECT_EQ(group.path({1}), Path::Group);
  EXPECT_EQ(group.path({2}), Path::Joining);
}

TEST_F(MulticastGroupTest, AMoveOfAPausedSinkWaits) {
  (void)join(1);
  (void)join(2);
  (void)join(3);
  (void)group.report({1}, Delivery::Multicast, "", now);
  (void)group.report({2}, Delivery::Multicast, "", now);
  (void)group.pause({3}, now);
  EXPECT_FALSE(group.next_deadline());
  EXPECT_THAT(destinations(), ElementsAre(kGroup));
  now += 1min;
  (void)group.play({3}, now);
  EXPECT_EQ(group.next_deadline(), now + 3s);
}

TEST_F(MulticastGroupTest, NobodyWithoutAUnicastEndpointIsTakenOffTheGroup) {
  two_on_the_group();
  ASSERT_TRUE(group.admit({3}, sink(modes({k480p60, k720p30}))));
  (void)group.play({3}, now);
  (void)group.report({3}, Delivery::Multicast, "", now);
  (void)group.leave({1}, now);
  EXPECT_THAT(group.leave({2}, now), IsEmpty());
  EXPECT_EQ(group.path({3}), Path::Group);
}

TEST_F(MulticastGroupTest, StrangersAndLateWordsChangeNothing) {
  EXPECT_THAT(group.play({9}, now), IsEmpty());
  EXPECT_THAT(group.report({9}, Delivery::Multicast, "", now), IsEmpty());
  EXPECT_THAT(group.leave({9}, now), IsEmpty());
  group.set_endpoint({9}, unicast_of(9));
  EXPECT_FALSE(group.anyone_playing());
  (void)join(1);
  EXPECT_THAT(group.report({1}, Delivery::Multicast, "", now), IsEmpty());
  EXPECT_EQ(group.path({1}), Path::Unicast);
}

TEST_F(MulticastGroupTest, ANoteHasALimit) {
  two_on_the_group();
  (void)group.report({1}, Delivery::Unicast, std::string(100'000, 'x'), now);
  EXPECT_THAT(group.path_note({1}), SizeIs(200));
}

TEST_F(ForcedMulticast, CapableSinksStartOnTheGroup) {
  admit(1);
  EXPECT_EQ(group.initial_delivery({1}), Delivery::Multicast);
  EXPECT_THAT(group.play({1}, now), IsEmpty());
  EXPECT_THAT(destinations(), ElementsAre(kGroup));
  admit(2, false);
  EXPECT_EQ(group.initial_delivery({2}), Delivery::Unicast);
  EXPECT_THAT(group.play({2}, now), IsEmpty());
  EXPECT_THAT(destinations(), ElementsAre(kGroup, unicast_of(2)));
}

TEST_F(ForcedMulticast, TheLastOneStays) {
  (void)join(1);
  (void)join(2);
  EXPECT_THAT(group.leave({1}, now), IsEmpty());
  EXPECT_THAT(destinations(), ElementsAre(kGroup));
}

TEST_F(ForcedMulticast, ALostGroupIsReplacedByUnicastAndTriedAgain) {
  (void)join(1);
  (void)group.report({1}, Delivery::Unicast, "the group is silent", now);
  EXPECT_THAT(destinations(), ElementsAre(unicast_of(1)));
  EXPECT_THAT(wait(), ElementsAre(Move{{1}, Delivery::Multicast}));
}

TEST_F(ForcedMulticast, AStallOfTheSourceIsNotHeldAgainstTheGroup) {
  (void)join(1);
  for (int stalls = 0; stalls < 3; ++stalls) {
    (void)group.report({1}, Delivery::Unicast, "the group is silent", now, Blame::Source);
    EXPECT_EQ(group.path({1}), Path::Unicast);
    EXPECT_THAT(group.tick(now += 1s), IsEmpty());
    EXPECT_THAT(group.tick(now += 1s), ElementsAre(Move{{1}, Delivery::Multicast}));
    (void)group.report({1}, Delivery::Multicast, "", now);
  }
}

TEST_F(ForcedUnicast, NobodyMoves) {
  for (std::uint32_t id = 1; id <= 8; ++id) EXPECT_THAT(join(id), IsEmpty());
  EXPECT_THAT(destinations(), SizeIs(8));
  EXPECT_FALSE(group.next_deadline());
}

TEST_F(MulticastGroupTest, RenegotiatesToWhatAllTake) {
  admit(1);
  ASSERT_EQ(group.format()->video->mode, k720p30);
  const SinkCapabilities large = sink(modes({k480p60, k720p30})), small = sink(modes({k480p60}));
  EXPECT_FALSE(group.admit({2}, small));
  const auto format = group.renegotiate({2}, std::vector{small, large});
  ASSERT_TRUE(format);
  EXPECT_EQ(format->video->mode, k480p60);
  EXPECT_EQ(group.format(), *format);
  SinkCapabilities other = sink(modes({k720p30}));
  EXPECT_FALSE(group.renegotiate({3}, std::vector{other, small, large}));  // no common mode
  EXPECT_EQ(group.format(), *format);
  EXPECT_EQ(group.path({3}), std::nullopt);
}

}  // namespace
}  // namespace wfdcast::stream
