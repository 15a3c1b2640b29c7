// Every parameter by its grammar: examples survive a round trip, what real
// devices get wrong is read, what is written has one form.
#include "rtsp/value.h"

#include <gtest/gtest.h>

#include <random>

#include "base/text.h"
#include "rtsp/edid.h"
#include "rtsp/parameters.h"
#include "rtsp/uibc_capability.h"

namespace wfdcast::rtsp {
namespace {

const std::string kBlock(256, '5');

// One line for each parameter at least, in the strict form.
const std::vector<std::string> kExamples{
    "wfd_video_formats: 40 00 01 10 000101E1 00000000 00000000 00 0000 0000 00 none none, "
    "02 10 000101E1 00000000 00000000 00 0000 0000 00 0438 0780",
    "wfd_video_formats: none",
    "wfd_audio_codecs: LPCM 00000002 00, AAC 00000001 00, AC3 00000001 0A",
    "wfd_audio_codecs: none",
    "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play",
    "wfd_content_protection: none",
    "wfd_content_protection: HDCP2.1 port=1189",
    "wfd_display_edid: none",
    "wfd_display_edid: 0000 none",
    "wfd_display_edid: 0002 " + kBlock + kBlock,
    "wfd_coupled_sink: none",
    "wfd_coupled_sink: 00 none",
    "wfd_coupled_sink: 01 00226644AA11",
    "wfd_3d_video_formats: none",
    "wfd_3d_video_formats: 80 00 03 0F 0000000000000005 00 0001 1401 13 none none",
    "wfd_preferred_display_mode: 003C8C 0780 0118 0058 002C 0438 002D 0004 0005 00 01 00 "
    "01 10 00000000 00000000 00000000 00 0000 0000 00 none none",
    "wfd_av_format_change_timing: 00000BB800 00000BB800",
    "wfd_presentation_URL: rtsp://192.168.49.1/wfd1.0/streamid=0 none",
    "wfd_presentation_URL: none rtsp://192.168.49.1/wfd1.0/streamid=1",
    "wfd_trigger_method: SETUP",
    "wfd_I2C: none",
    "wfd_I2C: 50001",
    "wfd_uibc_capability: none",
    "wfd_uibc_capability: input_category_list=GENERIC, HIDC;generic_cap_list=Keyboard, Mouse, "
    "SingleTouch;hidc_cap_list=Keyboard/USB, Mouse/USB;port=none",
    "wfd_uibc_capability: input_category_list=GENERIC;generic_cap_list=Mouse, "
    "SingleTouch;hidc_cap_list=none;port=50000",
    "wfd_uibc_setting: enable",
    "wfd_standby_resume_capability: supported",
    "wfd_standby: ",
    "wfd_connector_type: none",
    "wfd_connector_type: 05",
    "wfd_route: secondary",
    "wfd_idr_request: ",
    "wfd_idr_request_capability: 1",
    "wfd2_video_formats: 40 01 04 0080 000001FFBDEB 000155557FFF 000000000FFF 10 0000 001F 11, "
    "01 01 0080 000001FFBDEB 0001555557FF 000000000FFF 10 0000 001F 11 00",
    "wfd2_audio_codecs: LPCM 000001FF 00",
    "wfd2_video_codecs: none",
    "wfd2_video_stream_control: 0F 0F",
    "wfd2_rotation_capability: supported",
    "wfd2_aux_stream_formats: none",
    "wfd2_buffer_length: none",
    "wfd2_audio_playback_status: none",
    "wfd2_video_playback_status: none",
    "wfd2_cta_datablock_collection: none",
    "wfdx_video_formats: 0040 00 0001 0010 00000101E1 0000000000 00000000 00 0000 0000 00 none none",
    "wfdx_rotation_capability: none",
    "intel_friendly_name: Living Room TV",
    "intel_sink_manufacturer_name: Example",
    "intel_sink_model_name: none",
    "intel_sink_device_URL: http://192.168.49.20/setup",
    "intel_sink_manufacturer_logo: iVBORw0KGgo=",
    "intel_sink_version: product_ID=ab hw_version=1.0.0.0 sw_version=2",
    "intel_fast_cursor: port=49152",
    "intel_usboip: none",
    "intel_interactivity_mode: none",
    "intel_sink_information: none",
    "intel_managed_meetings: none",
    "intel_lower_bandwidth: none",
    "intel_enable_widi_rtcp: 53153",
    "microsoft_latency_management_capability: normal",
    "microsoft_format_change_capability: supported",
    "microsoft_diagnostics_capability: supported",
    "microsoft_teardown_reason: C00D4278 no media received",
    "microsoft_rtcp_capability: supported",
    "microsoft_max_bitrate: 200000000",
    "microsoft_cursor: full 0100 0100 1F90",
    "microsoft_cursor: none 0100 0100 1F90",
    "microsoft_video_formats: 0000001FFFFF",
    "microsoft_custom_video_formats: 0A00 0438 001E, 0870 0740 001E",
    "microsoft_multiscreen_projection: secondary 0001 0002 8000000",
    "microsoft_audio_mute: 1",
    "microsoft_color_space_conversion: supported",
    "wfd_sec_screensharing: none",
    "wfd_sec_portrait_display: none",
    "wfd_sec_rotation: none",
    "wfd_sec_hw_rotation: none",
    "wfd_sec_framerate: 60",
    "wfdcast_multicast: supported",
    "wfdcast_transport: RTP/AVP/UDP;multicast;destination=239.0.0.11;port=15550-15551;ttl=2",
    "wfdcast_delivery: multicast lag=3ms lost=0 of=500",
    "wfdcast_repair: nack parity latency=150",
    "wfdcast_group_key: 1 abc",
    "wfd_hwe_vendor_thing: 01 02",
};

Parameter parsed(std::string_view line) { return parse_parameters(line)->at(0); }

TEST(Value, EveryExampleIsItsOwnStrictForm) {
  for (const std::string& line : kExamples) {
    const Parameter parameter = parsed(line);
    const auto strict = canonical(parameter.name, parameter.value);
    ASSERT_TRUE(strict) << line;
    EXPECT_EQ(std::string(parameter.text) + ": " + *strict, line);
  }
}

TEST(Value, EveryNameHasAnExample) {
  std::vector<bool> seen(static_cast<std::size_t>(Name::Unknown) + 1);
  for (const std::string& line : kExamples) seen[static_cast<std::size_t>(parsed(line).name)] = true;
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_TRUE(seen[i]) << to_string(static_cast<Name>(i));
}

// As devices send it, and as it must be meant.
TEST(Value, WhatDevicesGetWrongIsRead) {
  const std::vector<std::pair<std::string, std::string>> lines{
      {"wfd_video_formats: \"0 0 1 10 1e1 0 0 0 0 0 0\"",
       "00 00 01 10 000001E1 00000000 00000000 00 0000 0000 00 none none"},
      {"wfd_video_formats: 00 00 01 10 000001E1 3FFFFFFF 1fff 00 0000 0000 00 none none,02 99",
       "00 00 01 10 000001E1 3FFFFFFF 00001FFF 00 0000 0000 00 none none"},
      {"wfd_video_formats:   40\t00  01 10 00000001 0 0 00 0000 0000 00 NONE none extra",
       "40 00 01 10 00000001 00000000 00000000 00 0000 0000 00 none none"},
      {"wfd_audio_codecs: aac 1,LPCM 3 , DTS 00000001 00", "AAC 00000001 00, LPCM 00000003 00"},
      {"wfd_audio_codecs: AAC 00000001 00,", "AAC 00000001 00"},
      {"wfd_client_rtp_ports: rtp/avp/udp;UNICAST 1028", "RTP/AVP/UDP;unicast 1028 0 mode=play"},
      {"wfd_display_edid: 01 " + kBlock, "0001 " + kBlock},
      {"wfd_display_edid: 0010 " + kBlock, "0001 " + kBlock},  // decimal, or a wrong count
      {"wfd_display_edid: 0001 " + kBlock + "55", "0001 " + kBlock},
      {"wfd_display_edid: 0000", "0000 none"},
      {"wfd_display_edid: 0000 None", "0000 none"},
      {"wfd_coupled_sink: 0", "00 none"},
      {"wfd_connector_type: 5", "05"},
      {"wfd_presentation_URL: rtsp://a/wfd1.0/streamid=0", "rtsp://a/wfd1.0/streamid=0 none"},
      {"wfd_trigger_method: teardown", "TEARDOWN"},
      {"wfd_standby_resume_capability: Supported", "supported"},
      {"wfd_content_protection: hdcp2.2  PORT=1189", "HDCP2.2 port=1189"},
      {"wfd_uibc_capability: input_category_list=HIDC; hidc_cap_list=Keyboard/USB,Mouse / USB ;port=50000",
       "input_category_list=HIDC;generic_cap_list=none;hidc_cap_list=Keyboard/USB, Mouse/USB;port=50000"},
      {"wfd_uibc_capability: input_category_list=GENERIC;generic_cap_list=;hidc_cap_list=none;port=none",
       "input_category_list=GENERIC;generic_cap_list=none;hidc_cap_list=none;port=none"},
      {"wfd2_video_formats: 40 01 01 80 1ffbdeb 0 fff 10 0 1f 11",
       "40 01 01 0080 000001FFBDEB 000000000000 000000000FFF 10 0000 001F 11 00"},
  };
  for (const auto& [line, strict] : lines) {
    const Parameter parameter = parsed(line);
    EXPECT_EQ(canonical(parameter.name, parameter.value), strict) << line;
  }
}

TEST(Value, WhatCannotBeMeantIsRefused) {
  for (const std::string line : {"wfd_video_formats: ",
                                 "wfd_video_formats: 00 00 none",
                                 "wfd_audio_codecs: AAC",
                                 "wfd_I2C: 70000",
                                 "wfd_client_rtp_ports: none",
                                 "wfd_trigger_method: none",
                                 "wfd_trigger_method: STOP",
                                 "wfd_route: none",
                                 "wfd_content_protection: HDCP1.4 port=1",
                                 "wfd_content_protection: HDCP2.1 1189",
                                 "wfd_display_edid: zz none",
                                 "wfd_display_edid: 0001 xyz",
                                 "wfd_connector_type: 105",
                                 "wfd_coupled_sink: 01 00226644AA1",
                                 "wfd_av_format_change_timing: 00000bb800",
                                 "wfd_uibc_capability: ",
                                 "wfd_uibc_capability: Keyboard",
                                 "wfd_uibc_setting: maybe",
                                 "microsoft_max_bitrate: 10000000000",
                                 "intel_friendly_name: a name that is longer than it may be",
                                 "wfd_idr_request_capability: 2",
                                 "wfdcast_delivery: none"}) {
    const Parameter parameter = parsed(line);
    EXPECT_EQ(canonical(parameter.name, parameter.value), std::nullopt) << line;
  }
}

// Examples damaged at random: whatever is still read is a fixed point.
TEST(Value, WritingWhatWasReadIsAFixedPoint) {
  std::mt19937 random(7236);
  const std::string letters = " ,;=0123456789abcdefFnoexyz/\"\t-";
  std::size_t read = 0;
  for (int round = 0; round < 400; ++round) {
    for (std::string line : kExamples) {
      const std::size_t value = line.find(':') + 1;
      for (unsigned cuts = random() % 4; cuts > 0; --cuts) {
        const std::size_t at = value + random() % (line.size() - value + 1);
        if (random() % 2 == 0) line.insert(at, 1, letters[random() % letters.size()]);
        if (random() % 3 == 0 && at < line.size()) line.erase(at, 1 + random() % 3);
      }
      const Parameter parameter = parsed(line);
      const auto strict = canonical(parameter.name, parameter.value);
      if (!strict) continue;
      ++read;
      ASSERT_EQ(canonical(parameter.name, *strict), strict) << line;
    }
  }
  EXPECT_GT(read, kExamples.size() * 200);
}

TEST(Value, ATimingOfPts6000IsTheExample) {
  const auto timing = parse_format_change_timing("00000bb800 00000bb800");
  ASSERT_TRUE(timing);
  EXPECT_EQ(timing->pts, 6000u);
  EXPECT_EQ(serialize(*timing), "00000BB800 00000BB800");
  EXPECT_EQ(serialize(FormatChangeTiming{(1ull << 33) - 1, 0}), "FFFFFFFF80 0000000000");
}

TEST(Value, AnEdidHasAMostOfBlocks) {
  std::string many;
  for (std::size_t i = 0; i <= kMaxEdidBlocks; ++i) many += kBlock;
  EXPECT_EQ(parse_display_edid("0100 " + many)->hex.size(), kMaxEdidBlocks * kEdidBlockDigits);
}

TEST(Value, UibcListsDoNotGrowWithoutEnd) {
  std::string many = "hidc_cap_list=";
  for (int i = 0; i < 1000; ++i) many += "Mouse/USB,";
  EXPECT_EQ(parse_uibc_capability(many)->hidc_inputs.size(), 48u);
}

TEST(VideoFormatsR2, AreReadAndWrittenInTheirOwnWidths) {
  const auto formats = parse_video_formats_r2(
      "40 01 04 0080 000001ffbdeb 000155557fff 000000000fff 10 0000 001f 11, "
      "02 01 0080 000001ffbdeb 0001555557ff 000000000fff 10 0000 001f 11 00");
  ASSERT_TRUE(formats);
  EXPECT_EQ(formats->native, 0x40);
  ASSERT_EQ(formats->codecs.size(), 1u);  // H.265 is left out
  EXPECT_EQ(formats->codecs[0].level, 0x80);
  EXPECT_EQ(formats->codecs[0].modes.vesa, 0x155557FFFull);
  EXPECT_EQ(serialize_r2({.codecs = {{.profiles = 1, .level = 0x40, .modes = {.cea = 1u << 19}}}}),
            "00 01 01 0040 000000080000 000000000000 000000000000 00 0000 0000 00 00");
  EXPECT_EQ(serialize_r2({}), "none");
}

}  // namespace
}  // namespace wfdcast::rtsp
