#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "rtsp/quirks.h"
#include "wfd/sink_capabilities.h"

namespace wfdcast::daemon {

// What is known of a peer; empty where it is not.
struct PeerTraits {
  std::string_view agent{};        // User-Agent or Server, of a sink's answer to M1 or a source's to M2
  std::string_view name{};         // friendly name
  std::string_view device_type{};  // WPS primary device type
};

// All that the matching rows say together; a later row has the last word.
struct AppliedQuirks {
  rtsp::Quirks session;
  std::optional<AudioFormat> prefer_audio;
  std::optional<VideoModes> video;  // no other modes
  bool needs_audio = false;
  std::vector<std::string> names;  // of the rows
};

// The rows of quirks.toml: data, so that a site can add its own devices.
class QuirkTable {
 public:
  // Files, or directories of *.toml in the order of their names. What is not
  // there is left out; a mistake throws ConfigError with file, line and key.
  [[nodiscard]] static QuirkTable load(std::span<const std::string> paths);

  [[nodiscard]] AppliedQuirks match(const PeerTraits& peer) const;
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

 private:
  struct Row {
    std::string name, agent, friendly_name, device_type;
    AppliedQuirks says;
  };
  struct Reader;
  template <class Table>
  [[nodiscard]] static Row read_row(const std::string& path, const Table& table);
  void read_file(const std::string& path);

  std::vector<Row> rows_;
};

// The sink's capabilities without what its quirks rule out.
[[nodiscard]] SinkCapabilities without_what_fails(SinkCapabilities sink, const AppliedQuirks& quirks);

}  // namespace wfdcast::daemon
