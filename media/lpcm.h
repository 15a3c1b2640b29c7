#pragma once

#include <cstddef>
#include <cstdint>

#include "media/program.h"

namespace wfdcast::media {

// WFD's LPCM in MPEG-TS, as AOSP's source and sink have it: stream type 0x83,
// stream id 0xBD, and in each PES packet a header of four bytes (sub-stream A0,
// six groups of 80 samples, no emphasis, 48 kHz 16 bit stereo) before 480
// samples, big-endian. GStreamer knows neither that header nor that stream id.
inline constexpr const char* kLpcmRaw = "audio/x-raw,format=S16BE,rate=48000,channels=2,layout=interleaved";

// Puts the header before each buffer of 480 samples that leaves `element`; others are dropped.
void add_lpcm_headers(GstElement* element);
// Takes the header off each buffer that comes to `element`; what has none is dropped.
void take_lpcm_headers(GstElement* element);

// mpegtsmux begins a PES packet of LPCM with the extended stream id 0xFD. Makes
// it 0xBD, and stuffing of the extension, in the TS packets of that PID.
void fix_lpcm_stream_id(std::uint8_t* ts, std::size_t size, unsigned pid);

}  // namespace wfdcast::media
