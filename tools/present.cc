#include "tools/present.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace wfdcast::tools {

using nlohmann::json;

namespace {

std::string text(const json& object, const char* key) {
  const auto value = object.find(key);
  if (value == object.end() || value->is_null()) return "-";
  return value->is_string() ? value->get<std::string>() : value->dump();
}

std::string number(const json& object, const char* key, const char* format) {
  const auto value = object.find(key);
  if (value == object.end() || !value->is_number()) return "-";
  return fmt::format(fmt::runtime(format), value->get<double>());
}

std::string percent(const json& object, const char* key) {
  const auto value = object.find(key);
  if (value == object.end() || !value->is_number()) return "-";
  return fmt::format("{:.2f} %", 100 * value->get<double>());
}

std::string megabits(const json& object, const char* key) {
  const auto value = object.find(key);
  if (value == object.end() || !value->is_number()) return "-";
  return fmt::format("{:.2f} Mbit/s", value->get<double>() / 1e6);
}

// The note, and the quirks in use.
std::string note(const json& session) {
  std::string result = text(session, "note");
  for (const json& quirk : session.value("quirks", json::array()))
    result += fmt::format("{}quirk {}", result.empty() ? "" : "; ", quirk.get<std::string>());
  return result;
}

// Columns as wide as their widest cell; the first row is the head.
std::string table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string result;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    result += line + '\n';
  }
  return result;
}

}  // namespace

std::string present_status(const json& status) {
  const json& stream = status.at("stream");
  std::string result = fmt::format(
      "{} \"{}\" {} {} ({}), up {} s\n", text(status, "role"), text(status, "name"),
      text(status, "interface"), status.value("address", "").empty() ? "no address" : text(status, "address"),
      text(status, "id").substr(0, 8), number(status, "uptime_s", "{:.0f}"));
  result += fmt::format("stream: {}, {}, {}", text(stream, "state"), text(stream, "delivery"),
                        megabits(stream, "bitrate_bps"));
  if (stream.contains("packets_sent")) {
    result += fmt::format(", {} packets sent\n", text(stream, "packets_sent"));
  } else {
    result += fmt::format(", {} packets received, {} lost, {} late\n", text(stream, "packets_received"),
                          text(stream, "packets_lost"), text(stream, "packets_late"));
    if (stream.contains("receive_buffer") && !stream["receive_buffer"].is_null()) {
      result += fmt::format("socket: receive buffer {} bytes, rp_filter {}\n", text(stream, "receive_buffer"),
                            text(stream, "rp_filter"));
    }
  }
  if (status.contains("wifi") && status["wifi"].value("state", "off") != "off") {
    const json& wifi = status["wifi"];
    result += fmt::format("wifi: {}{}\n", text(wifi, "state"),
                          wifi.value("problem", "").empty() ? "" : ", " + text(wifi, "problem"));
  }
  for (const json& warning : status.value("warnings", json::array())) {
    result += "warning: " + warning.get<std::string>() + '\n';
  }
  const json& sessions = status.at("sessions");
  if (sessions.empty()) return result + "no session\n";
  std::vector<std::vector<std::string>> rows{
      {"NAME", "ADDRESS", "STATE", "DELIVERY", "VIDEO", "AUDIO", "SINCE", "NOTE"}};
  for (const json& session : sessions) {
    rows.push_back({text(session, "name"), text(session, "address"), text(session, "state"),
                    text(session, "delivery"), text(session, "video"), text(session, "audio"),
                    number(session, "since_s", "{:.0f} s"), note(session)});
  }
  return result + table(rows);
}

std::string present_peers(const json& peers) {
  if (peers.empty()) return "no peer in reach\n";
  std::vector<std::vector<std::string>> rows{
      {"NAME", "ID", "ADDRESS", "INTERFACE", "VIA", "PAIRED", "STATE", "SEEN"}};
  for (const json& peer : peers) {
    std::string via;
    for (const json& way : peer.at("via")) via += (via.empty() ? "" : ",") + way.get<std::string>();
    rows.push_back({text(peer, "name"), text(peer, "id").substr(0, 8), text(peer, "address"),
                    text(peer, "interface"), via, peer.value("paired", false) ? "yes" : "no",
                    text(peer, "state"), number(peer, "last_seen_s", "{:.1f} s ago")});
  }
  return table(rows);
}

std::string present_stats(const json& stats) {
  if (stats.empty()) return "nothing plays\n";
  std::vector<std::vector<std::string>> rows{
      {"NAME", "BITRATE", "LOST ON THE WAY", "LOST AT THE OUTPUT", "RECOVERED", "JITTER", "DELAY", "BUFFER"}};
  for (const json& row : stats) {
    rows.push_back({text(row, "name"), megabits(row, "bitrate_bps"), percent(row, "loss_before"),
                    percent(row, "loss_after"), text(row, "recovered"), number(row, "jitter_ms", "{:.1f} ms"),
                    number(row, "delay_ms", "{:.0f} ms"), number(row, "buffer_ms", "{:.0f} ms")});
  }
  return table(rows);
}

std::string present_group(const json& answer) {
  if (!answer.contains("group")) return present_results(answer);
  const json& group = answer["group"];
  if (group.is_null()) return "no group\n";
  std::string result = fmt::format(
      "\"{}\" on {} as {}, {} MHz, {}\n", text(group, "ssid"), text(group, "interface"), text(group, "role"),
      text(group, "frequency"), group.value("address", "").empty() ? "no address" : text(group, "address"));
  for (const json& member : group.value("members", json::array())) {
    result +=
        fmt::format("  {} ({}) {}\n", text(member, "name"), text(member, "peer"), text(member, "address"));
  }
  return result;
}

std::string present_identity(const json& identity) {
  std::string text = identity.at("line").get<std::string>() + '\n';
  if (identity.value("restart", false)) text += "# takes effect when wfdd starts again\n";
  if (identity.value("temporary", false)) text += "# temporary: the state directory cannot be written\n";
  return text;
}

std::string present_paired(const json& paired) {
  if (paired.empty()) return "not paired with any board\n";
  std::vector<std::vector<std::string>> rows{{"NAME", "ID", "RIGHTS", "STATE", "FROM"}};
  for (const json& row : paired) {
    rows.push_back({text(row, "name"), text(row, "id").substr(0, 8), text(row, "rights"), text(row, "state"),
                    text(row, "origin")});
  }
  return table(rows);
}

std::string present_result(const json& result) {
  return fmt::format("{}: {}\n", text(result, "name"), text(result, "result"));
}

std::string present_input(const json& result) {
  if (result.contains("name")) return present_result(result);
  if (result.contains("result")) return result["result"].get<std::string>() + "\n";
  const std::string holder = result["holder"].is_null() ? "nobody" : result["holder"].get<std::string>();
  const std::string note = result.value("note", "");
  return fmt::format("{} holds the input{}, {} events{}\n", holder,
                     result.value("connected", false) ? "" : ", not connected", result.value("events", 0),
                     note.empty() ? "" : ", " + note);
}

std::string present_results(const json& results) {
  if (!results.is_array()) return text(results, "result") + '\n';
  std::string lines;
  for (const json& result : results)
    lines += fmt::format("{}: {}\n", text(result, "name"), text(result, "result"));
  return lines;
}

std::string present_event(const std::string& event, const json& params) {
  std::string line = event;
  for (const auto& [key, value] : params.items()) {
    line += fmt::format(" {}={}", key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return line + '\n';
}

}  // namespace wfdcast::tools
