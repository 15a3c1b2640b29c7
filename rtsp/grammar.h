#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace wfdcast::rtsp {

// Every parameter that is known, R1, R2, of Microsoft, Intel and Samsung, and
// our own. Any other name is Unknown: its text is kept, and answered `none`.
enum class Name : std::uint8_t {
  VideoFormats,
  AudioCodecs,
  ClientRtpPorts,
  ContentProtection,
  DisplayEdid,
  CoupledSink,
  ThreeDVideoFormats,
  PreferredDisplayMode,
  AvFormatChangeTiming,
  PresentationUrl,
  TriggerMethod,
  I2c,
  UibcCapability,
  UibcSetting,
  StandbyResumeCapability,
  Standby,
  ConnectorType,
  Route,
  IdrRequest,
  IdrRequestCapability,
  Wfd2VideoFormats,
  Wfd2AudioCodecs,
  Wfd2VideoCodecs,
  Wfd2VideoStreamControl,
  Wfd2RotationCapability,
  Wfd2AuxStreamFormats,
  Wfd2BufferLength,
  Wfd2AudioPlaybackStatus,
  Wfd2VideoPlaybackStatus,
  Wfd2CtaDatablockCollection,
  WfdxVideoFormats,
  WfdxRotationCapability,
  IntelFriendlyName,
  IntelSinkManufacturerName,
  IntelSinkModelName,
  IntelSinkDeviceUrl,
  IntelSinkManufacturerLogo,
  IntelSinkVersion,
  IntelFastCursor,
  IntelUsboip,
  IntelInteractivityMode,
  IntelSinkInformation,
  IntelManagedMeetings,
  IntelLowerBandwidth,
  IntelEnableWidiRtcp,
  MicrosoftLatencyManagement,
  MicrosoftFormatChange,
  MicrosoftDiagnostics,
  MicrosoftTeardownReason,
  MicrosoftRtcp,
  MicrosoftMaxBitrate,
  MicrosoftCursor,
  MicrosoftVideoFormats,
  MicrosoftCustomVideoFormats,
  MicrosoftMultiscreenProjection,
  MicrosoftAudioMute,
  MicrosoftColorSpaceConversion,
  SecScreensharing,
  SecPortraitDisplay,
  SecRotation,
  SecHwRotation,
  SecFramerate,
  WfdcastMulticast,
  WfdcastTransport,
  WfdcastDelivery,
  WfdcastRepair,
  WfdcastGroupKey,
  Unknown,
};

// One field of a value; fields stand one blank apart.
struct Field {
  enum class Kind : std::uint8_t {
    Hex,        // a number of exactly `digits` hex digits
    HexOrNone,  // the same, or "none"
    Bytes,      // `digits` hex digits that are no number
    BytesOrNone,
    Decimal,
    Word,        // one of `words`, "a|b"
    WordOrText,  // a URL or the like without blanks, or "none"
    Text,        // all that is left, at most `digits` bytes; 0: no limit
  };
  Kind kind = Kind::Hex;
  std::uint8_t digits = 0;
  std::string_view words{};    // Word; Decimal: what stands before it, "port="
  bool may_lack = false;       // at the end of what a peer sends: 0, "none", the first word
  std::uint64_t most = ~0ull;  // Decimal
};

// The grammar of one value (reference: the WFD parameters as implementations
// have them): "none", or `head`, then one or more of `item` with ", " between,
// then `tail`. A flag has no value.
struct Grammar {
  enum class Kind : std::uint8_t { Fields, Flag, Edid, Uibc };
  Name name = Name::Unknown;
  std::string_view text;  // the name as it stands on the wire
  Kind kind = Kind::Fields;
  bool may_be_none = true;
  std::span<const Field> head{}, item{}, tail{};
};

// Name::Unknown has one, too: any text.
[[nodiscard]] const Grammar& grammar_of(Name name);
[[nodiscard]] std::string_view to_string(Name name);  // as it stands on the wire
// Letters of either case are equal.
[[nodiscard]] Name name_of(std::string_view text);

}  // namespace wfdcast::rtsp
