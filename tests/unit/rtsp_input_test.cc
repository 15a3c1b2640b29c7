// UIBC in the sessions: M3, M4, M14 and M15 of both ends.
#include <gmock/gmock.h>

#include "rtsp/uibc_capability.h"
#include "rtsp_rig.h"

namespace wfdcast::rtsp::test {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kSinkInput =
    "wfd_uibc_capability: input_category_list=GENERIC, HIDC;generic_cap_list=Keyboard, Mouse;"
    "hidc_cap_list=Keyboard/USB;port=none\r\n";
const std::string kAgreed =
    "wfd_uibc_capability: "
    "input_category_list=GENERIC;generic_cap_list=Mouse;hidc_cap_list=none;port=7240\r\n";

UibcCapability mouse(std::optional<std::uint16_t> port = 7240) {
  return {.supported = true,
          .generic = true,
          .hidc = false,
          .generic_inputs = static_cast<std::uint8_t>(UibcInput::Mouse),
          .hidc_inputs = {},
          .port = port};
}
SourceOptions wants_input() {
  SourceOptions options = source_options();
  options.input = InputInterest::Wanted;
  return options;
}
SinkOptions sends_input() {
  SinkOptions options = sink_options();
  options.capabilities.uibc = mouse(std::nullopt);
  return options;
}
const std::string& body_of(const SourceRig& rig) { return rig.requests().at(0).body; }

// With UIBC offered in M4.
struct Offering : SourceRig {
  explicit Offering(UibcSetting setting = UibcSetting::Enable) : SourceRig(wants_input()) {
    reach(State::Choosing);
    call(&SourceSession::offer_input, mouse(), setting);
    call(&SourceSession::select, format_720p30(), unicast());
  }
  void begin() {
    answer(200);
    answer(200);
    setup();
    play();
    ASSERT_EQ(session.state(), State::Playing);
  }
  std::vector<UibcSetting> wanted() const {
    std::vector<UibcSetting> settings;
    for (const auto& event : all<InputWanted>(events)) settings.push_back(event.setting);
    return settings;
  }
};

TEST(SourceInput, AskedForOnlyWhereItIsWanted) {
  SourceRig without, with(wants_input());
  without.reach(SourceSession::State::Querying);
  with.reach(SourceSession::State::Querying);
  EXPECT_THAT(body_of(without), Not(HasSubstr("uibc")));
  EXPECT_THAT(body_of(with), HasSubstr("wfd_uibc_capability\r\n"));
  with.answer(200, kM3Answer + kSinkInput);
  ASSERT_TRUE(with.has<SinkDescribed>());
  EXPECT_EQ("wfd_uibc_capability: " + serialize(with.session.sink().uibc) + "\r\n", kSinkInput);
}

TEST(SourceInput, OfferedInM4) {
  EXPECT_THAT(body_of(Offering()), HasSubstr(kAgreed + "wfd_uibc_setting: enable\r\n"));
  EXPECT_THAT(body_of(Offering(UibcSetting::Disable)), HasSubstr(kAgreed + "wfd_uibc_setting: disable\r\n"));
}

TEST(SourceInput, ASinkThatRefusesItPlaysWithoutIt) {
  Offering rig;
  rig.answer(303, "wfd_uibc_setting: 415\r\n");
  EXPECT_THAT(rig.wanted(), testing::ElementsAre(UibcSetting::Disable));
  EXPECT_THAT(body_of(rig), HasSubstr("wfd_video_formats: 00 00 01 01 00000020"));  // as before
  EXPECT_THAT(body_of(rig), Not(HasSubstr("uibc")));
  rig.begin();
}

TEST(SourceInput, OneThatRefusesTheFormatGetsTheOther) {
  Offering rig;
  rig.decline("wfd_video_formats: 415\r\nwfd_uibc_setting: 415\r\n");
  EXPECT_THAT(body_of(rig), HasSubstr("wfd_video_formats: 00 00 01 01 00000001"));
}

TEST(SourceInput, M15OfTheSink) {
  Offering rig;
  rig.begin();
  rig.set("wfd_uibc_setting: enable\r\n");
  EXPECT_EQ(rig.code(), 200u);
  EXPECT_THAT(rig.wanted(), testing::ElementsAre(UibcSetting::Enable));
  rig.set("wfd_uibc_setting: disable\r\n");
  EXPECT_THAT(rig.wanted(), testing::ElementsAre(UibcSetting::Disable));
  rig.set("wfd_uibc_setting: perhaps\r\n");
  EXPECT_EQ(rig.code(), 303u);
  EXPECT_THAT(rig.responses().at(0).body, HasSubstr("wfd_uibc_setting: 457"));
}

TEST(SourceInput, M14OfTheSinkLateAsWindowsDoes) {
  SourceRig rig(wants_input());
  rig.reach(SourceSession::State::Playing);
  rig.set("wfd_uibc_setting: enable\r\n");  // of nothing
  EXPECT_EQ(rig.code(), 303u);
  rig.set(kSinkInput);
  EXPECT_EQ(rig.code(), 200u);
  ASSERT_TRUE(rig.has<InputDescribed>());
  EXPECT_TRUE(all<InputDescribed>(rig.events)[0].capability.hidc);
  rig.call(&SourceSession::offer_input, mouse(), UibcSetting::Enable);
  ASSERT_EQ(rig.requests().size(), 2u);
  EXPECT_EQ(rig.requests()[0].body, kAgreed);
  EXPECT_EQ(rig.requests()[1].body, "wfd_uibc_setting: enable\r\n");
  rig.call(&SourceSession::set_input, UibcSetting::Disable);
  EXPECT_EQ(body_of(rig), "wfd_uibc_setting: disable\r\n");
  rig.answer(406);
  EXPECT_TRUE(rig.has<InputWanted>());
  EXPECT_EQ(rig.session.state(), SourceSession::State::Playing);
}

TEST(SourceInput, NotWantedItIsAnsweredAndNothingMore) {
  SourceRig rig;
  rig.reach(SourceSession::State::Playing);
  rig.set(kSinkInput);
  EXPECT_EQ(rig.code(), 200u);
  EXPECT_FALSE(rig.has<InputDescribed>());
}

TEST(SinkInput, M3TellsWhatItHas) {
  SinkRig rig(sends_input());
  rig.reach(SinkSession::State::Describing);
  rig.m3("wfd_uibc_capability\r\n");
  EXPECT_THAT(rig.responses().at(0).body,
              HasSubstr("generic_cap_list=Mouse;hidc_cap_list=none;port=none\r\n"));
}

std::vector<std::string> offers(const SinkRig& rig) {
  std::vector<std::string> found;
  for (const auto& offer : all<InputOffered>(rig.events))
    found.push_back(std::to_string(offer.agreed.port.value_or(0)) + " " +
                    std::string(to_string(offer.setting)));
  return found;
}

TEST(SinkInput, M4M14AndM15OfTheSource) {
  SinkRig rig(sends_input());
  rig.reach(SinkSession::State::Describing);
  rig.set(SinkRig::m4_body() + kAgreed + "wfd_uibc_setting: disable\r\n");
  EXPECT_THAT(offers(rig), testing::ElementsAre("7240 disable"));
  rig.set("wfd_uibc_setting: enable\r\n");
  EXPECT_THAT(offers(rig), testing::ElementsAre("7240 enable"));
  rig.set("wfd_uibc_capability: none\r\n");
  EXPECT_THAT(offers(rig), testing::ElementsAre("0 disable"));
  rig.set("wfd_uibc_setting: enable\r\n");
  EXPECT_EQ(rig.code(), 303u);
  rig.set("wfd_uibc_capability: nonsense\r\n");
  EXPECT_EQ(rig.code(), 303u);
  EXPECT_TRUE(offers(rig).empty());
}

TEST(SinkInput, APortWithoutASettingIsEnabled) {
  SinkRig rig(sends_input());
  rig.reach(SinkSession::State::Describing);
  rig.set(SinkRig::m4_body() + kAgreed);
  EXPECT_THAT(offers(rig), testing::ElementsAre("7240 enable"));
}

TEST(SinkInput, NothingInCommonIsNothing) {
  SinkRig rig(sends_input());
  rig.reach(SinkSession::State::Describing);
  rig.set(SinkRig::m4_body() +
          "wfd_uibc_capability: input_category_list=HIDC;hidc_cap_list=Mouse/BT;port=50000\r\n");
  EXPECT_THAT(offers(rig), testing::ElementsAre("50000 disable"));
}

TEST(SinkInput, AsksByM15) {
  SinkRig rig(sends_input());
  rig.reach(SinkSession::State::Playing);
  rig.call(&SinkSession::want_input);
  EXPECT_TRUE(rig.said.empty());  // nobody has offered
  rig.set(kAgreed + "wfd_uibc_setting: disable\r\n");
  rig.call(&SinkSession::want_input);
  ASSERT_EQ(rig.requests().size(), 1u);
  EXPECT_EQ(rig.requests()[0].body, "wfd_uibc_setting: enable\r\n");
  rig.call(&SinkSession::want_input);  // once, until it is answered
  EXPECT_TRUE(rig.said.empty());
}

TEST(InputPair, FromM3ToTheOffer) {
  Pair pair(wants_input(), sends_input());
  pair.start();
  EXPECT_TRUE(pair.source.sink().uibc.supported);
  EXPECT_TRUE(all<InputOffered>(pair.sink_events).empty());
  pair.take(pair.source.offer_input(mouse(), UibcSetting::Enable, pair.now));
  pair.settle();
  const auto offered = all<InputOffered>(pair.sink_events);
  ASSERT_EQ(offered.size(), 2u);  // M14, which alone is enough, and M15
  EXPECT_EQ(offered.back().setting, UibcSetting::Enable);
  EXPECT_EQ(offered.back().agreed.port, 7240);
}

}  // namespace
}  // namespace wfdcast::rtsp::test
