#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "wfd/uibc_capability.h"
#include "wfd/video.h"

namespace wfdcast {

enum class AudioFormat : std::uint8_t { Lpcm, Aac, Ac3 };

// One codec of wfd_audio_codecs: a bitmap of modes and the decoder's latency.
struct AudioCodec {
  AudioFormat format = AudioFormat::Aac;
  std::uint32_t modes = 0;
  std::uint8_t latency = 0;  // units of 5 ms
  bool operator==(const AudioCodec&) const = default;
};
// Mode bits that we send: AAC-LC 48 kHz stereo, LPCM 48 kHz 16 bit stereo.
inline constexpr std::uint32_t kAac48kStereo = 0x1;
inline constexpr std::uint32_t kLpcm48kStereo = 0x2;

// wfdcast_repair: how a sink of ours can be helped with lost packets.
struct RepairCapabilities {
  bool retransmission = false;          // it asks for them by RTCP NACK
  bool parity = false;                  // it understands parity on request
  bool fec = false;                     // it recovers by ST 2022-1
  std::chrono::milliseconds latency{};  // its receive buffer
  bool operator==(const RepairCapabilities&) const = default;
};

// What a sink told in its answer to M3.
struct SinkCapabilities {
  std::vector<VideoCodec> video;  // empty: wfd_video_formats was "none"
  std::uint8_t native = 0;        // native mode: bits 2:0 table, 7:3 index
  std::vector<AudioCodec> audio;
  std::uint16_t rtp_port = 0;  // port0 of wfd_client_rtp_ports
  std::string connector;       // wfd_connector_type as sent; empty: not told
  bool idr_requests = false;   // wfd_idr_request_capability
  bool multicast = false;      // wfdcast_multicast: takes the stream from a group
  RepairCapabilities repair{};
  bool standby = false;    // wfd_standby_resume_capability
  bool r2 = false;         // `video` came as wfd2_video_formats, and is chosen from as such
  std::string name;        // intel_friendly_name; empty: not told
  std::string edid;        // hex digits, 256 for each block; empty: none, or not told
  std::string protection;  // wfd_content_protection: "HDCP2.2 port=1189"; empty: none, or not told
  UibcCapability uibc{};   // what it can send of touch, mouse and keys
  bool operator==(const SinkCapabilities&) const = default;
};

}  // namespace wfdcast
