#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/time.h"

namespace wfdcast::stream {

// Whether pictures come at all: a key picture once the stream was started, and packets from then on. Where
// they do not, an IDR is asked for, once each time. What losses break is not its matter.
class PictureWatch {
 public:
  static constexpr Duration kPatience = 2s;

  void begin(Time now) {
    awaits_ = awaits_ == Awaits::Start ? Awaits::Packets : Awaits::KeyPicture;
    since_ = now;
  }
  void end() { awaits_ = Awaits::Nothing; }
  // The payload of a packet of the stream: whole TS packets.
  void arrived(ByteView ts, Time now);
  // True once when it is time to ask.
  [[nodiscard]] bool due(Time now);
  [[nodiscard]] std::optional<Time> next_deadline() const;

 private:
  enum class Awaits : std::uint8_t {
    Nothing,     // not started, or paused
    Start,       // to be told that it was started: a key picture was faster than the answer to PLAY
    KeyPicture,  // since it was started
    Packets,     // the next one, since the last one
    AnyPacket    // however long it takes: it was asked for
  };
  Awaits awaits_ = Awaits::Nothing;
  Time since_{};
};

}  // namespace wfdcast::stream
