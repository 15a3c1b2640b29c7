#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

namespace wfdcast::rtsp::fuzz {

// What peers say, with %u where a CSeq stands. A mutation puts whole messages
// into an input, so that the fuzzer does not have to find the grammar by itself.
inline constexpr std::string_view kMessages[] = {
    "OPTIONS * RTSP/1.0\r\nCSeq: %u\r\nRequire: org.wfa.wfd1.0\r\n\r\n",
    "GET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\nCSeq: %u\r\n\r\n",
    "SETUP rtsp://a/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: %u\r\nTransport: "
    "RTP/AVP/UDP;unicast;client_port=19000-19001\r\n\r\n",
    "PLAY rtsp://a/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: %u\r\nSession: 7a31c04b55\r\n\r\n",
    "PAUSE rtsp://a/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: %u\r\nSession: 7a31c04b55\r\n\r\n",
    "TEARDOWN rtsp://a/wfd1.0/streamid=0 RTSP/1.0\r\nCSeq: %u\r\n\r\n",
    "RTSP/1.0 200 OK\r\nCSeq: %u\r\n\r\n",
    "RTSP/1.0 200 OK\r\nCSeq: %u\r\nPublic: org.wfa.wfd1.0, GET_PARAMETER, SET_PARAMETER\r\n\r\n",
    "RTSP/1.0 200 OK\r\nCSeq: %u\r\nSession: 7a31c04b55;timeout=30\r\n"
    "Transport: RTP/AVP/UDP;unicast;client_port=19000;server_port=15550-15551\r\n\r\n",
    "RTSP/1.0 406 Not Acceptable\r\nCSeq: %u\r\n\r\n",
};

// Lines for the bodies of GET_PARAMETER, SET_PARAMETER and their answers.
inline constexpr std::string_view kLines[] = {
    "wfd_video_formats: 00 00 01 01 00000001 00000000 00000000 00 0000 0000 00 none none",
    "wfd_video_formats: 40 00 01 10 000101E1 00000000 00000000 00 0000 0000 00 none none, "
    "02 10 000101E1 00000000 00000000 00 0000 0000 00 none none",
    "wfd_audio_codecs: LPCM 00000002 00, AAC 00000001 00",
    "wfd_audio_codecs: AAC 00000001 00",
    "wfd_client_rtp_ports: RTP/AVP/UDP;unicast 19000 0 mode=play",
    "wfd_presentation_URL: rtsp://a/wfd1.0/streamid=0 none",
    "wfd_trigger_method: SETUP",
    "wfd_trigger_method: PAUSE",
    "wfd_trigger_method: PLAY",
    "wfd_trigger_method: TEARDOWN",
    "wfd_standby_resume_capability: supported",
    "wfd_standby",
    "wfd_idr_request",
    "wfd_connector_type: 05",
    "wfd_route: secondary",
    "wfd_av_format_change_timing: 00000BB800 00000BB800",
    "wfd_uibc_capability: input_category_list=HIDC;generic_cap_list=none;hidc_cap_list=Mouse/USB;port=none",
    "wfd_uibc_capability: input_category_list=GENERIC, HIDC;generic_cap_list=Keyboard, Mouse;"
    "hidc_cap_list=Mouse/USB;port=50000",
    "wfd_uibc_setting: enable",
    "wfd_uibc_setting: disable",
    "wfd_display_edid: 0000 none",
    "wfd2_video_formats: 40 01 01 0080 000001ffbdeb 000155557fff 000000000fff 10 0000 001f 11 00",
    "wfdcast_multicast: supported",
    "wfdcast_transport: RTP/AVP/UDP;multicast;destination=239.0.0.11;port=15550-15551;ttl=2;server_port=1-2",
    "wfdcast_delivery: multicast lag=3ms",
};
inline constexpr std::string_view kWithBody[] = {
    "SET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\nCSeq: %u\r\n",
    "GET_PARAMETER rtsp://localhost/wfd1.0 RTSP/1.0\r\nCSeq: %u\r\n",
    "RTSP/1.0 200 OK\r\nCSeq: %u\r\n",
    "RTSP/1.0 303 See Other\r\nCSeq: %u\r\n",
};

// The actions of rtsp_session_fuzz: from kReceive on, so many bytes of the peer.
inline constexpr std::uint8_t kReceive = 0x60, kReceiveMost = 0xF0;
inline constexpr std::size_t kLead = 2;  // role and steps, before the actions

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  // One more message, command or tick between two actions.
  std::size_t insert(std::uint8_t* data, std::size_t size, std::size_t most) {
    std::string piece =
        random_() % 4 == 0 ? std::string(1, static_cast<char>(random_() % kReceive)) : spoken(message());
    if (size < kLead || size + piece.size() > most) return LLVMFuzzerMutate(data, size, most);
    const std::vector<std::size_t> places = boundaries(data, size);
    const std::size_t at = places[random_() % places.size()];
    std::memmove(data + at + piece.size(), data + at, size - at);
    std::memcpy(data + at, piece.data(), piece.size());
    return size + piece.size();
  }
  [[nodiscard]] bool often() { return random_() % 3 != 0; }

 private:
  template <class List>
  std::string pick(const List& list) {
    return std::string(list[random_() % std::size(list)]);
  }
  std::string message() {
    std::string text = pick(kMessages);
    if (random_() % 2 == 0) {
      std::string body;
      for (unsigned lines = random_() % 5; lines > 0; --lines) body += pick(kLines) + "\r\n";
      if (!body.empty() && random_() % 4 == 0) body[random_() % body.size()] = "0fF ,;:=/n"[random_() % 10];
      text = pick(kWithBody) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    }
    text.replace(text.find("%u"), 2, std::to_string(1 + random_() % 12));
    return text;
  }
  // As actions, each of which takes less than kReceiveMost - kReceive bytes.
  static std::string spoken(std::string_view text) {
    std::string actions;
    while (!text.empty()) {
      const std::size_t count = std::min<std::size_t>(text.size(), kReceiveMost - kReceive - 1);
      actions += static_cast<char>(kReceive + count);
      actions += text.substr(0, count);
      text.remove_prefix(count);
    }
    return actions;
  }
  static std::vector<std::size_t> boundaries(const std::uint8_t* data, std::size_t size) {
    std::vector<std::size_t> places;
    for (std::size_t at = kLead; at < size;) {
      places.push_back(at);
      const std::uint8_t action = data[at];
      const std::size_t taken = action <= kReceive ? 0 : action < kReceiveMost ? action - kReceive : 1024u;
      at += 1 + taken;
    }
    places.push_back(size);
    return places;
  }

  std::minstd_rand random_;
};

}  // namespace wfdcast::rtsp::fuzz
