#include "media/lpcm.h"

#include <algorithm>
#include <array>

namespace wfdcast::media {
namespace {

constexpr std::array<std::uint8_t, 4> kHeader{0xA0, 0x06, 0x00, 0x11};
constexpr gsize kSamples = 480 * 2 * 2;  // bytes
constexpr std::size_t kTs = 188;

GstPadProbeReturn add_header(GstPad*, GstPadProbeInfo* info, gpointer) {
  GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  if (gst_buffer_get_size(buffer) != kSamples) return GST_PAD_PROBE_DROP;
  // Read-only, and shared by all buffers.
  GstMemory* header =
      gst_memory_new_wrapped(GST_MEMORY_FLAG_READONLY, const_cast<std::uint8_t*>(kHeader.data()),
                             kHeader.size(), 0, kHeader.size(), nullptr, nullptr);
  gst_buffer_prepend_memory(buffer, header);
  return GST_PAD_PROBE_OK;
}

GstPadProbeReturn take_header(GstPad*, GstPadProbeInfo* info, gpointer) {
  GstBuffer* buffer = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
  GST_PAD_PROBE_INFO_DATA(info) = buffer;
  const gsize size = gst_buffer_get_size(buffer);
  std::uint8_t first = 0;
  gst_buffer_extract(buffer, 0, &first, 1);
  if (size <= kHeader.size() || first != kHeader[0]) return GST_PAD_PROBE_DROP;
  const gsize samples = (size - kHeader.size()) / 4 * 4;
  gst_buffer_resize(buffer, static_cast<gssize>(kHeader.size()), static_cast<gssize>(samples));
  return GST_PAD_PROBE_OK;
}

void add_probe(GstElement* element, const char* pad_name, GstPadProbeCallback probe) {
  const Owned<GstPad> pad(gst_element_get_static_pad(element, pad_name));
  gst_pad_add_probe(pad.get(), GST_PAD_PROBE_TYPE_BUFFER, probe, nullptr, nullptr);
}

void fix_packet(std::uint8_t* packet, unsigned pid) {
  const bool starts = (packet[1] & 0x40) != 0;
  if (!starts || ((packet[1] & 0x1Fu) << 8 | packet[2]) != pid) return;
  const std::size_t begin = 4 + ((packet[3] & 0x20) != 0 ? 1u + packet[4] : 0u);
  constexpr std::size_t kFixed = 9, kPts = 5;  // bytes of a PES header, and of its PTS
  if (begin + kFixed > kTs || packet[begin + 3] != 0xFD) return;
  packet[begin + 3] = 0xBD;
  if ((packet[begin + 7] & 0x01) == 0) return;
  packet[begin + 7] = static_cast<std::uint8_t>(packet[begin + 7] & ~0x01);
  const std::size_t end = std::min(begin + kFixed + packet[begin + 8], kTs);
  if (begin + kFixed + kPts < end)
    std::fill(packet + begin + kFixed + kPts, packet + end, std::uint8_t{0xFF});
}

}  // namespace

void add_lpcm_headers(GstElement* element) { add_probe(element, "src", add_header); }
void take_lpcm_headers(GstElement* element) { add_probe(element, "sink", take_header); }

void fix_lpcm_stream_id(std::uint8_t* ts, std::size_t size, unsigned pid) {
  for (std::size_t at = 0; at + kTs <= size; at += kTs) fix_packet(ts + at, pid);
}

}  // namespace wfdcast::media
