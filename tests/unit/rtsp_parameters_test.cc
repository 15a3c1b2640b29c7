#include "rtsp/parameters.h"

#include <gtest/gtest.h>

#include "rtsp/capabilities.h"

namespace wfdcast::rtsp {
namespace {

const std::string kTuple = "01 10 000101E1 00000000 00000000 00 0000 0000 00 none none";

TEST(Parameters, SplitsABodyIntoNamesAndValues) {
  const auto parameters = parse_parameters(
      "wfd_idr_request\r\nWFD_Presentation_url :  rtsp://a/ none \r\n\r\nodd line\nx-y: \nlast: 1:2");
  ASSERT_TRUE(parameters);
  ASSERT_EQ(parameters->size(), 4u);
  EXPECT_EQ((*parameters)[0].name, Name::IdrRequest);
  EXPECT_EQ((*parameters)[1].name, Name::PresentationUrl);
  EXPECT_EQ((*parameters)[1].value, "rtsp://a/ none");
  EXPECT_EQ((*parameters)[2].name, Name::Unknown);
  EXPECT_EQ((*parameters)[2].text, "x-y");
  EXPECT_EQ((*parameters)[3].value, "1:2");
}

TEST(Parameters, ThereIsAMostOfThem) {
  std::string body;
  for (std::size_t i = 0; i < kMaxParameters; ++i) body += "a\r\n";
  EXPECT_EQ(parse_parameters(body)->size(), kMaxParameters);
  EXPECT_EQ(parse_parameters(body + "a").error(), ParameterError::TooMany);
}

TEST(Parameters, EveryNameIsFoundAsItIsWritten) {
  for (int i = 0; i < static_cast<int>(Name::Unknown); ++i) {
    const Name name = static_cast<Name>(i);
    ASSERT_FALSE(to_string(name).empty()) << i;
    EXPECT_EQ((*parse_parameters(to_string(name)))[0].name, name);
  }
}

TEST(VideoFormats, ExamplesSurviveARoundTrip) {
  for (const std::string text :
       {"40 00 01 10 000101E1 00000000 00000000 00 0000 0000 00 none none, "
        "02 10 000101E1 00000000 00000000 00 0000 0000 00 none none",
        "00 00 02 10 00000100 00000000 00000000 00 0000 0000 00 none none",
        "38 00 03 0F 0001DEFF 3FFFFFFF 00000FFF 02 0001 1C0F 1F none none", "none"}) {
    const auto formats = parse_video_formats(text);
    ASSERT_TRUE(formats) << text;
    EXPECT_EQ(serialize(*formats), text);
  }
}

TEST(VideoFormats, CountByValueWhateverTheWidth) {
  const auto formats = parse_video_formats("0 1 1 010 1e1 0 0 0 0 0 0 0400 0300");
  ASSERT_TRUE(formats);
  EXPECT_EQ(formats->preferred, 1);
  EXPECT_EQ(serialize(*formats), "00 01 01 10 000001E1 00000000 00000000 00 0000 0000 00 none none");
}

TEST(VideoFormats, RefuseWhatIsNoCodec) {
  for (const char* text : {"", "00", "00 00", "xx 00 01 10", "00 00 01 10 000101E1",
                           "00 00 001 100 1FFFFFFFF 0 0 0 0 0 0", "100 00 01 10 1 0 0 0 0 0 0"}) {
    EXPECT_FALSE(parse_video_formats(text)) << text;
  }
  EXPECT_EQ(parse_video_formats("00 00 " + kTuple + ", 02 10")->codecs.size(), 1u);
}

TEST(AudioCodecs, ExamplesSurviveARoundTrip) {
  for (const std::string text :
       {"LPCM 00000002 00, AAC 00000001 00", "LPCM 00000003 00, AAC 00000001 00", "AAC 00000001 00",
        "LPCM 000001FF 0A, AAC 0000000F 00, AC3 00000007 00", "none"}) {
    const auto codecs = parse_audio_codecs(text);
    ASSERT_TRUE(codecs) << text;
    EXPECT_EQ(serialize(*codecs), text);
  }
}

TEST(AudioCodecs, LeaveOutOtherNames) {
  const auto codecs = parse_audio_codecs("DTS 00000001 00, aac 1");
  ASSERT_TRUE(codecs);
  EXPECT_EQ(serialize(*codecs), "AAC 00000001 00");
  for (const char* text : {"", "AAC", "AAC zz 00", "AAC 1 100"}) EXPECT_FALSE(parse_audio_codecs(text));
}

TEST(ClientRtpPorts, ExampleSurvivesARoundTrip) {
  const std::string text = "RTP/AVP/UDP;unicast 19000 0 mode=play";
  EXPECT_EQ(*parse_client_rtp_ports(text), (ClientRtpPorts{19000, 0}));
  EXPECT_EQ(serialize(*parse_client_rtp_ports(text)), text);
  EXPECT_EQ(*parse_client_rtp_ports("RTP/AVP/UDP;unicast 1028"), (ClientRtpPorts{1028, 0}));
  for (const char* bad :
       {"", "RTP/AVP/UDP;unicast", "RTP/AVP/UDP;multicast 1 0", "RTP/AVP/UDP;unicast 99999 0"}) {
    EXPECT_FALSE(parse_client_rtp_ports(bad)) << bad;
  }
}

TEST(PresentationUrl, IsTheFirstOfTwo) {
  EXPECT_EQ(parse_presentation_url("rtsp://192.168.49.1/wfd1.0/streamid=0 none"),
            "rtsp://192.168.49.1/wfd1.0/streamid=0");
  EXPECT_EQ(parse_presentation_url("rtsp://a/wfd1.0/streamid=0"), "rtsp://a/wfd1.0/streamid=0");
  for (const std::string& bad : {std::string("none none"), std::string(), std::string("http://a/ none"),
                                 std::string("rtsp://a\x01 none"), "rtsp://" + std::string(250, 'a')}) {
    EXPECT_FALSE(parse_presentation_url(bad)) << bad;
  }
}

TEST(TriggerMethod, HasFourValues) {
  for (const Trigger trigger : {Trigger::Setup, Trigger::Play, Trigger::Pause, Trigger::Teardown}) {
    EXPECT_EQ(parse_trigger(to_string(trigger)), trigger);
  }
  EXPECT_EQ(parse_trigger("play"), Trigger::Play);
  EXPECT_FALSE(parse_trigger("STOP"));
}

// Every example of the parameter reference that we only pass by.
TEST(Parameters, OtherExamplesStayAsTheyAre) {
  for (const std::string line :
       {"wfd_content_protection: HDCP2.1 port=1189", "wfd_content_protection: none",
        "wfd_display_edid: 0000 none", "wfd_coupled_sink: 00 none", "wfd_coupled_sink: 01 00226644AA11",
        "wfd_I2C: none", "wfd_I2C: 50001", "wfd_route: secondary", "wfd_standby_resume_capability: supported",
        "wfd_connector_type: 05", "wfd_av_format_change_timing: 00000bb800 00000bb800",
        "wfd_3d_video_formats: none", "wfd_uibc_setting: enable",
        "wfd_uibc_capability: input_category_list=GENERIC;generic_cap_list=Mouse, "
        "SingleTouch;hidc_cap_list=none;port=50000",
        "intel_sink_device_URL: http://a/b", "microsoft_cursor: full 0100 0100 1F90",
        "wfdcast_delivery: multicast lag=3ms lost=0 of=500"}) {
    const auto parameters = parse_parameters(line);
    ASSERT_EQ(parameters->size(), 1u) << line;
    std::string again;
    append_parameter(again, (*parameters)[0].text, (*parameters)[0].value);
    EXPECT_EQ(again, line + "\r\n");
  }
}

TEST(Capabilities, AreReadFromTheAnswerToM3) {
  const auto sink = parse_capabilities("wfd_video_formats: 40 00 " + kTuple +
                                       "\r\nwfd_audio_codecs: LPCM 00000002 00\r\n"
                                       "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n"
                                       "wfd_connector_type: 05\r\nwfd_idr_request_capability: 1\r\n");
  ASSERT_TRUE(sink);
  EXPECT_EQ(sink->native, 0x40);
  EXPECT_EQ(sink->video[0].modes.cea, 0x101E1u);
  EXPECT_EQ(sink->audio[0].format, AudioFormat::Lpcm);
  EXPECT_EQ(sink->rtp_port, 19000);
  EXPECT_EQ(sink->connector, "05");
  EXPECT_TRUE(sink->idr_requests);
  EXPECT_FALSE(sink->multicast);
}

TEST(Capabilities, TheFriendlyNameIsShortAndWithoutHyphens) {
  const auto questions = *parse_parameters("intel_friendly_name\r\n");
  for (const auto& [name, told] : {std::pair<std::string, std::string>{"Hall", "Hall"},
                                   {"", "none"},
                                   {"-", "none"},
                                   {"Hall-2 of the new building", "Hall 2 of the new"},
                                   {"Wohnzimmer unten \u00fcber", "Wohnzimmer unten"},
                                   {"1234567890123456\u00fc", "1234567890123456\u00fc"},
                                   {"12345678901234567\u00fc", "12345678901234567"}}) {
    SinkCapabilities sink;
    sink.name = name;
    EXPECT_EQ(capability_answers(questions, sink), "intel_friendly_name: " + told + "\r\n");
  }
}

TEST(Capabilities, NeedTheMandatoryParameters) {
  const std::string video = "wfd_video_formats: none\r\n", audio = "wfd_audio_codecs: none\r\n",
                    ports = "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play\r\n";
  EXPECT_TRUE(parse_capabilities(video + audio + ports));
  EXPECT_EQ(parse_capabilities(audio + ports).error(), ParameterError::Missing);
  EXPECT_EQ(parse_capabilities(video + ports).error(), ParameterError::Missing);
  EXPECT_EQ(parse_capabilities(video + audio).error(), ParameterError::Missing);
  EXPECT_EQ(parse_capabilities("wfd_video_formats: 40\r\n" + audio + ports).error(),
            ParameterError::BadValue);
}

TEST(Parameters, RepairIsWordsInAnyOrder) {
  const RepairCapabilities all{
      .retransmission = true, .parity = true, .latency = std::chrono::milliseconds(150)};
  EXPECT_EQ(serialize(all), "nack parity latency=150");
  EXPECT_EQ(parse_repair(serialize(all)), all);
  EXPECT_EQ(parse_repair("latency=150 later=1 PARITY nack"), all);
  EXPECT_EQ(parse_repair(serialize(RepairCapabilities{})), RepairCapabilities{});
  const RepairCapabilities fec{.fec = true, .latency = std::chrono::milliseconds(300)};
  EXPECT_EQ(serialize(fec), "fec latency=300");
  EXPECT_EQ(parse_repair(serialize(fec)), fec);
  EXPECT_EQ(parse_repair("latency=65535 nack").latency.count(), 2000) << "no sink makes the source keep more";
  EXPECT_EQ(parse_repair("latency=70000 nack"), (RepairCapabilities{.retransmission = true}))
      << "no such time";
  EXPECT_EQ(parse_repair(""), RepairCapabilities{});
}

}  // namespace
}  // namespace wfdcast::rtsp
