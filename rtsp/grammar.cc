#include "rtsp/grammar.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace wfdcast::rtsp {
namespace {

using Kind = Field::Kind;

constexpr Field hex(std::uint8_t digits) { return {.kind = Kind::Hex, .digits = digits}; }
// A peer may leave it out where nothing follows.
constexpr Field hex_or_nothing(std::uint8_t digits) {
  return {.kind = Kind::Hex, .digits = digits, .may_lack = true};
}
constexpr Field hex_or_none(std::uint8_t digits) {
  return {.kind = Kind::HexOrNone, .digits = digits, .may_lack = true};
}
constexpr Field decimal(std::uint64_t most, std::string_view before = {}) {
  return {.kind = Kind::Decimal, .words = before, .most = most};
}
constexpr Field word(std::string_view words) { return {.kind = Kind::Word, .words = words}; }
constexpr Field word_or_nothing(std::string_view words) {
  return {.kind = Kind::Word, .words = words, .may_lack = true};
}
constexpr Field text(std::uint8_t most) { return {.kind = Kind::Text, .digits = most, .may_lack = true}; }
constexpr std::uint64_t kPort = 65535;

// wfd_video_formats: native, preferred; profile, level, CEA, VESA, HH, latency,
// smallest slice, slice encoding, frame rate control, largest size. AOSP counts
// characters, so each codec is emitted with exactly these digits.
constexpr std::array kNative{hex(2), hex(2)};
constexpr std::array kCodec{hex(2), hex(2), hex(8), hex(8),         hex(8),        hex(2),
                            hex(4), hex(4), hex(2), hex_or_none(4), hex_or_none(4)};
constexpr std::array kCodec3d{hex(2), hex(2), hex(16),        hex(2),        hex(4),
                              hex(4), hex(2), hex_or_none(4), hex_or_none(4)};
// wfd2_video_formats: native; H.264 or H.265 before the profile; non-transcode.
constexpr std::array kNative2{hex(2)};
constexpr std::array kCodec2{hex(2),  hex(2), hex(4), hex(12), hex(12),
                             hex(12), hex(2), hex(4), hex(4),  hex(2)};
constexpr std::array kNonTranscode{hex_or_nothing(2)};
constexpr std::array kNativeX{hex(4), hex(2)};
constexpr std::array kCodecX{hex(4), hex(4), hex(10), hex(10),        hex(8),        hex(2),
                             hex(4), hex(4), hex(2),  hex_or_none(4), hex_or_none(4)};
constexpr std::array kAudioCodec{word("LPCM|AAC|AC3"), hex(8), hex_or_nothing(2)};
constexpr std::array kRtpPorts{word("RTP/AVP/UDP;unicast"), decimal(kPort),
                               Field{.kind = Kind::Decimal, .may_lack = true, .most = kPort},
                               word_or_nothing("mode=play")};
constexpr std::array kHdcp{word("HDCP2.0|HDCP2.1|HDCP2.2|HDCP2.3"), decimal(kPort, "port=")};
constexpr std::array kCoupled{hex(2), Field{.kind = Kind::BytesOrNone, .digits = 12, .may_lack = true}};
constexpr std::array kUrls{Field{.kind = Kind::WordOrText},
                           Field{.kind = Kind::WordOrText, .may_lack = true}};
constexpr std::array kTriggers{word("SETUP|PAUSE|TEARDOWN|PLAY")};
constexpr std::array kPortNumber{decimal(kPort)};
constexpr std::array kSetting{word("enable|disable")};
constexpr std::array kSupported{word("supported")};
constexpr std::array kConnector{hex(2)};
constexpr std::array kRoutes{word("primary|secondary")};
constexpr std::array kBit{decimal(1)};
constexpr std::array kTiming{hex(10), hex(10)};
// Pixel clock, H and V with blanking and sync, 3D, depth, a codec.
constexpr std::array kDisplayMode{hex(6), hex(4), hex(4), hex(4),         hex(4),        hex(4),
                                  hex(4), hex(4), hex(4), hex(2),         hex(2),        hex(2),
                                  hex(2), hex(2), hex(8), hex(8),         hex(8),        hex(2),
                                  hex(4), hex(4), hex(2), hex_or_none(4), hex_or_none(4)};
constexpr std::array kStreamControl{hex(2), hex_or_nothing(2)};
constexpr std::array kText32{text(32)};
constexpr std::array kText18{text(18)};
constexpr std::array kText{text(0)};  // as long as a body may be
constexpr std::array kFastCursor{decimal(kPort, "port=")};
constexpr std::array kLatency{word("supported|low|normal|high")};
constexpr std::array kReason{hex(8), text(128)};
constexpr std::array kBitrate{decimal(9'999'999'999)};
constexpr std::array kCursor{word("none|full"), hex(4), hex(4), hex(4)};
constexpr std::array kMsFormats{hex(12)};
constexpr std::array kCustomFormat{hex(4), hex(4), hex(4)};
constexpr std::array kProjection{word("supported|primary|secondary"), text(64)};
constexpr std::array kMute{word("supported|0|1")};
constexpr std::array kDelivery{word("unicast|multicast"), text(128)};

using Fields = std::span<const Field>;
// "none", or head, items and tail.
constexpr Grammar fields(Name name, std::string_view text, Fields head, Fields item = {}, Fields tail = {}) {
  return {name, text, Grammar::Kind::Fields, true, head, item, tail};
}
constexpr Grammar items(Name name, std::string_view text, Fields item) {
  return fields(name, text, {}, item);
}
// Never "none".
constexpr Grammar always(Name name, std::string_view text, Fields head) {
  return {name, text, Grammar::Kind::Fields, false, head, {}, {}};
}
constexpr Grammar special(Name name, std::string_view text, Grammar::Kind kind) {
  return {name, text, kind, true, {}, {}, {}};
}

constexpr std::array kGrammars{
    fields(Name::VideoFormats, "wfd_video_formats", kNative, kCodec),
    items(Name::AudioCodecs, "wfd_audio_codecs", kAudioCodec),
    always(Name::ClientRtpPorts, "wfd_client_rtp_ports", kRtpPorts),
    fields(Name::ContentProtection, "wfd_content_protection", kHdcp),
    special(Name::DisplayEdid, "wfd_display_edid", Grammar::Kind::Edid),
    fields(Name::CoupledSink, "wfd_coupled_sink", kCoupled),
    fields(Name::ThreeDVideoFormats, "wfd_3d_video_formats", kNative, kCodec3d),
    fields(Name::PreferredDisplayMode, "wfd_preferred_display_mode", kDisplayMode),
    always(Name::AvFormatChangeTiming, "wfd_av_format_change_timing", kTiming),
    always(Name::PresentationUrl, "wfd_presentation_URL", kUrls),
    always(Name::TriggerMethod, "wfd_trigger_method", kTriggers),
    fields(Name::I2c, "wfd_I2C", kPortNumber),
    special(Name::UibcCapability, "wfd_uibc_capability", Grammar::Kind::Uibc),
    always(Name::UibcSetting, "wfd_uibc_setting", kSetting),
    fields(Name::StandbyResumeCapability, "wfd_standby_resume_capability", kSupported),
    special(Name::Standby, "wfd_standby", Grammar::Kind::Flag),
    fields(Name::ConnectorType, "wfd_connector_type", kConnector),
    always(Name::Route, "wfd_route", kRoutes),
    special(Name::IdrRequest, "wfd_idr_request", Grammar::Kind::Flag),
    fields(Name::IdrRequestCapability, "wfd_idr_request_capability", kBit),
    fields(Name::Wfd2VideoFormats, "wfd2_video_formats", kNative2, kCodec2, kNonTranscode),
    items(Name::Wfd2AudioCodecs, "wfd2_audio_codecs", kAudioCodec),
    fields(Name::Wfd2VideoCodecs, "wfd2_video_codecs", kText),
    fields(Name::Wfd2VideoStreamControl, "wfd2_video_stream_control", kStreamControl),
    fields(Name::Wfd2RotationCapability, "wfd2_rotation_capability", kSupported),
    fields(Name::Wfd2AuxStreamFormats, "wfd2_aux_stream_formats", kText),
    fields(Name::Wfd2BufferLength, "wfd2_buffer_length", kText),
    fields(Name::Wfd2AudioPlaybackStatus, "wfd2_audio_playback_status", kText),
    fields(Name::Wfd2VideoPlaybackStatus, "wfd2_video_playback_status", kText),
    fields(Name::Wfd2CtaDatablockCollection, "wfd2_cta_datablock_collection", kText),
    fields(Name::WfdxVideoFormats, "wfdx_video_formats", kNativeX, kCodecX),
    fields(Name::WfdxRotationCapability, "wfdx_rotation_capability", kSupported),
    fields(Name::IntelFriendlyName, "intel_friendly_name", kText18),
    fields(Name::IntelSinkManufacturerName, "intel_sink_manufacturer_name", kText32),
    fields(Name::IntelSinkModelName, "intel_sink_model_name", kText32),
    fields(Name::IntelSinkDeviceUrl, "intel_sink_device_URL", kText),
    fields(Name::IntelSinkManufacturerLogo, "intel_sink_manufacturer_logo", kText),
    fields(Name::IntelSinkVersion, "intel_sink_version", kText),
    fields(Name::IntelFastCursor, "intel_fast_cursor", kFastCursor),
    fields(Name::IntelUsboip, "intel_usboip", kText),
    fields(Name::IntelInteractivityMode, "intel_interactivity_mode", kText),
    fields(Name::IntelSinkInformation, "intel_sink_information", kText),
    fields(Name::IntelManagedMeetings, "intel_managed_meetings", kText),
    fields(Name::IntelLowerBandwidth, "intel_lower_bandwidth", kText),
    fields(Name::IntelEnableWidiRtcp, "intel_enable_widi_rtcp", kPortNumber),
    fields(Name::MicrosoftLatencyManagement, "microsoft_latency_management_capability", kLatency),
    fields(Name::MicrosoftFormatChange, "microsoft_format_change_capability", kSupported),
    fields(Name::MicrosoftDiagnostics, "microsoft_diagnostics_capability", kSupported),
    always(Name::MicrosoftTeardownReason, "microsoft_teardown_reason", kReason),
    fields(Name::MicrosoftRtcp, "microsoft_rtcp_capability", kSupported),
    fields(Name::MicrosoftMaxBitrate, "microsoft_max_bitrate", kBitrate),
    fields(Name::MicrosoftCursor, "microsoft_cursor", kCursor),
    fields(Name::MicrosoftVideoFormats, "microsoft_video_formats", kMsFormats),
    items(Name::MicrosoftCustomVideoFormats, "microsoft_custom_video_formats", kCustomFormat),
    fields(Name::MicrosoftMultiscreenProjection, "microsoft_multiscreen_projection", kProjection),
    fields(Name::MicrosoftAudioMute, "microsoft_audio_mute", kMute),
    fields(Name::MicrosoftColorSpaceConversion, "microsoft_color_space_conversion", kSupported),
    fields(Name::SecScreensharing, "wfd_sec_screensharing", kText),
    fields(Name::SecPortraitDisplay, "wfd_sec_portrait_display", kText),
    fields(Name::SecRotation, "wfd_sec_rotation", kText),
    fields(Name::SecHwRotation, "wfd_sec_hw_rotation", kText),
    fields(Name::SecFramerate, "wfd_sec_framerate", kText),
    fields(Name::WfdcastMulticast, "wfdcast_multicast", kSupported),
    always(Name::WfdcastTransport, "wfdcast_transport", kText),
    always(Name::WfdcastDelivery, "wfdcast_delivery", kDelivery),
    fields(Name::WfdcastRepair, "wfdcast_repair", kText),
    always(Name::WfdcastGroupKey, "wfdcast_group_key", kText),
    fields(Name::Unknown, "", kText),
};
constexpr std::size_t kNames = kGrammars.size() - 1;  // without Unknown

constexpr bool in_order() {
  for (std::size_t i = 0; i < kGrammars.size(); ++i) {
    if (static_cast<std::size_t>(kGrammars[i].name) != i) return false;
  }
  return true;
}
static_assert(in_order(), "the rows stand in the order of the enum");

// The rows by the length of their names, which mostly differ: a name is found
// by two or three comparisons.
constexpr std::size_t kLongest = 48;
struct ByLength {
  std::array<std::uint8_t, kNames> rows{};
  std::array<std::uint8_t, kLongest + 2> first{};  // of each length, in `rows`
};
constexpr ByLength by_length() {
  ByLength index;
  std::size_t next = 0;
  for (std::size_t length = 0; length <= kLongest; ++length) {
    index.first[length] = static_cast<std::uint8_t>(next);
    for (std::size_t row = 0; row < kNames; ++row) {
      if (kGrammars[row].text.size() == length) index.rows[next++] = static_cast<std::uint8_t>(row);
    }
  }
  index.first[kLongest + 1] = static_cast<std::uint8_t>(next);
  return index;
}
constexpr ByLength kByLength = by_length();
static_assert(kByLength.first[kLongest + 1] == kNames, "no name is longer than kLongest");

}  // namespace

const Grammar& grammar_of(Name name) { return kGrammars[std::min(static_cast<std::size_t>(name), kNames)]; }

std::string_view to_string(Name name) { return grammar_of(name).text; }

Name name_of(std::string_view text) {
  if (text.size() > kLongest) return Name::Unknown;
  for (std::size_t i = kByLength.first[text.size()]; i < kByLength.first[text.size() + 1]; ++i) {
    const Grammar& row = kGrammars[kByLength.rows[i]];
    if (iequals(row.text, text)) return row.name;
  }
  return Name::Unknown;
}

}  // namespace wfdcast::rtsp
