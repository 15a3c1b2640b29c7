#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace wfdcast::tools {

// Answers as text for a person; each ends with a newline.
[[nodiscard]] std::string present_status(const nlohmann::json& status);
[[nodiscard]] std::string present_peers(const nlohmann::json& peers);
[[nodiscard]] std::string present_stats(const nlohmann::json& stats);
[[nodiscard]] std::string present_group(const nlohmann::json& answer);
[[nodiscard]] std::string present_identity(const nlohmann::json& identity);
[[nodiscard]] std::string present_paired(const nlohmann::json& paired);
// {name, result}: "Lobby: unpaired".
[[nodiscard]] std::string present_result(const nlohmann::json& result);
// [{peer, name, result}]: "Lobby: playing".
[[nodiscard]] std::string present_input(const nlohmann::json& result);
[[nodiscard]] std::string present_results(const nlohmann::json& results);
[[nodiscard]] std::string present_event(const std::string& event, const nlohmann::json& params);

}  // namespace wfdcast::tools
