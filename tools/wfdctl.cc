// wfdctl: shows and steers a running wfdd. See wfdctl(1).
#include <fmt/format.h>
#include <glob.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "daemon/version.h"
#include "tools/control_client.h"
#include "tools/present.h"

namespace {

using namespace wfdcast::tools;

constexpr int kDone = 0, kFailed = 1, kUsage = 2, kNoDaemon = 3;

struct Options {
  std::string socket, instance;
  bool as_json = false;
  // Of the commands.
  std::vector<std::string> peers;
  std::string pin, peer_wanted;
  double seconds = -1;
  bool show_pin = false, add = false;
  std::string setting, line, rights, peer, number;
  int open_seconds = 0;
  bool all = false, no_wait = false, watch = false, renew = false, refuse = false;
};

// One row for each command: what to call and how to show the answer.
struct Command {
  const char* name;
  const char* help;
  enum class Peers { None, Optional, Required } peers;
  bool can_watch;
  std::string (*present)(const json& result);
};
constexpr auto kNone = Command::Peers::None;
constexpr Command kCommands[] = {
    {"status", "role, name, address, stream, each session in a line", kNone, false, present_status},
    {"peers", "devices in reach", kNone, true, present_peers},
    {"connect", "invites sinks and waits until they play", Command::Peers::Required, false, present_results},
    {"disconnect", "ends sessions", Command::Peers::Required, false, present_results},
    {"play", "resumes", Command::Peers::Optional, false, present_results},
    {"pause", "pauses", Command::Peers::Optional, false, present_results},
    {"standby", "sends to standby (M12); play wakes", Command::Peers::Optional, false, present_results},
    {"idr", "a key picture now", kNone, false, present_results},
    {"input", "who sends touch, mouse and keys", kNone, false, present_input},
    {"stats", "figures of each sink", kNone, true, present_stats},
    {"sdp", "the stream as SDP, for VLC, ffplay and others", kNone, false,
     [](const json& result) { return result["sdp"].get<std::string>(); }},
    {"p2p_find", "looks for Wi-Fi Direct devices", kNone, false, present_results},
    {"p2p_peers", "Wi-Fi Direct devices with Wi-Fi Display", kNone, true, present_peers},
    {"p2p_connect", "makes a Wi-Fi Direct link", kNone, false, present_results},
    {"p2p_pin", "asks a device to show its PIN", kNone, false, present_results},
    {"p2p_disconnect", "removes the Wi-Fi Direct group", kNone, false, present_results},
    {"p2p_group", "shows the Wi-Fi Direct group", kNone, false, present_group},
    {"accept", "lets a device in that asks for a Wi-Fi Direct link", kNone, false, present_results},
    {"reject", "refuses a device that asks for a Wi-Fi Direct link", kNone, false, present_results},
    {"identity", "the public key line of this board", kNone, false, present_identity},
    {"pair", "pairs by comparing a number at both ends", kNone, false, present_result},
    {"trust", "pairs with a board by its public key line", kNone, false, present_result},
    {"paired", "the boards that this one knows", kNone, false, present_paired},
    {"unpair", "forgets a board", kNone, false, present_result},
    {"monitor", "events as they happen, one a line", kNone, false, nullptr},
    {"set", "changes a running setting", kNone, false,
     [](const json& result) {
       return result["key"].get<std::string>() + " = " + result["value"].get<std::string>() + "\n";
     }},
};

// The one socket in /run/wfdcast; several need --instance.
std::string find_socket(const Options& options) {
  if (!options.socket.empty()) return options.socket;
  if (!options.instance.empty()) return "/run/wfdcast/" + options.instance + ".sock";
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob("/run/wfdcast/*.sock", 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  if (paths.empty()) return "/run/wfdcast/wfdd.sock";
  if (paths.size() == 1) return paths.front();
  std::string names;
  for (const std::string& path : paths) names += " " + path.substr(13, path.size() - 18);
  throw Refused("several daemons run here; choose one with --instance:" + names);
}

json params_of(const Command& command, const Options& options) {
  json params = json::object();
  if (!options.peers.empty()) params["peers"] = options.peers;
  if (options.all) params["all"] = true;
  if (options.no_wait) params["wait"] = false;
  if (!options.pin.empty()) params["pin"] = options.pin;
  if (options.show_pin) params["show_pin"] = true;
  if (options.add) params["add"] = true;
  if (options.seconds >= 0) params["seconds"] = options.seconds;
  if (!options.peer_wanted.empty()) params["peer"] = options.peer_wanted;
  if (!options.peer.empty()) params["peer"] = options.peer;
  if (!options.line.empty()) params["line"] = options.line;
  if (!options.rights.empty()) params["rights"] = options.rights;
  if (!options.number.empty()) params["confirm"] = options.number;
  if (options.open_seconds > 0) params["open"] = options.open_seconds;
  if (options.refuse) params["refuse"] = true;
  if (options.renew) params["renew"] = true;
  if (command.name == std::string("set")) {
    const std::size_t equals = options.setting.find('=');
    params = {{"key", options.setting.substr(0, equals)}, {"value", options.setting.substr(equals + 1)}};
  }
  return params;
}

void print(const std::string& text) { std::cout << text << std::flush; }

// Both persons look at their numbers; each says at the own end that they are the same.
void compare(const Options& options, const json& params) {
  const std::string number = params.value("number", "");
  std::cerr << "\nThe number here is  " << number.substr(0, 3) << ' ' << number.substr(3) << "  (for "
            << params.value("name", "") << ").\n";
  if (::isatty(STDIN_FILENO) == 0) {
    std::cerr << "Confirm it with: wfdctl pair --confirm " << number << '\n';
    return;
  }
  std::cerr << "Does the other end show the same? [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  const bool yes = answer == "y" || answer == "Y" || answer == "yes";
  ControlClient client(find_socket(options));
  (void)client.call("pair", yes ? json{{"confirm", number}} : json{{"refuse", true}}, {});
}

// On a terminal a person sees how far a connection is.
void show_progress(const std::string&, const json& params) {
  if (::isatty(STDERR_FILENO) == 0) return;
  std::cerr << params.value("name", "") << ": " << params.value("state", "") << "...\n";
}

int monitor(ControlClient& client, bool as_json) {
  const auto show = [&](const std::string& event, const json& params) {
    if (as_json) {
      json line = params;
      line["event"] = event;
      print(line.dump() + '\n');
    } else {
      print(present_event(event, params));
    }
  };
  (void)client.call("monitor", json::object(), show);
  client.listen(show);
  throw NoDaemon("wfdd has gone");
}

int run(const Command& command, const Options& options) {
  ControlClient client(find_socket(options));
  if (!command.present) return monitor(client, options.as_json);
  const auto progress = [&](const std::string& event, const json& params) {
    if (command.name == std::string("pair") && params.value("state", "") == "number")
      return compare(options, params);
    show_progress(event, params);
  };
  while (true) {
    const json result = client.call(command.name, params_of(command, options), progress);
    print(options.as_json ? result.dump() + '\n' : command.present(result));
    if (!options.watch) return kDone;
    ::sleep(1);  // the period of --watch
    if (!options.as_json) print("\n");
  }
}

// What is special about the commands of Wi-Fi Direct.
void add_p2p_options(CLI::App& sub, std::string_view name, Options& options) {
  if (name == "p2p_find") sub.add_option("SECONDS", options.seconds, "for how long; 0 stops");
  if (name == "p2p_group") sub.add_flag("--add", options.add, "form a group now, as its owner");
  const bool one_peer = name == "p2p_connect" || name == "p2p_pin";
  if (one_peer || name == "accept" || name == "reject") {
    sub.add_option("PEER", options.peer_wanted, "a name or a device address")->required(one_peer);
  }
  if (name == "p2p_connect" || name == "connect" || name == "accept") {
    sub.add_option("--pin", options.pin, "the PIN that the other side shows")->type_name("PIN");
  }
  if (name == "p2p_connect" || name == "connect") {
    sub.add_flag("--show-pin", options.show_pin, "show a PIN here, to be entered on the other side");
  }
}

// "p2p_find" is said `wfdctl p2p find`.
CLI::App* add_name(CLI::App& app, const Command& command) {
  const std::string_view name = command.name;
  constexpr std::string_view kFamily = "p2p_";
  if (!name.starts_with(kFamily)) return app.add_subcommand(command.name, command.help);
  const auto families = app.get_subcommands([](CLI::App* sub) { return sub->get_name() == "p2p"; });
  CLI::App* family = families.empty() ? nullptr : families.front();
  if (!family) {
    family = app.add_subcommand("p2p", "Wi-Fi Direct through wpa_supplicant");
    family->require_subcommand(1);
    family->fallthrough();
  }
  return family->add_subcommand(std::string(name.substr(kFamily.size())), command.help);
}

void add_command(CLI::App& app, const Command& command, Options& options, const Command*& chosen) {
  CLI::App* sub = add_name(app, command);
  add_p2p_options(*sub, command.name, options);
  if (command.peers != kNone) {
    sub->add_option("PEER", options.peers, "a name, an id prefix, or an address");
    sub->add_flag("--all", options.all, "every peer in reach");
  }
  if (command.name == std::string("connect"))
    sub->add_flag("--no-wait", options.no_wait, "do not wait until it plays");
  if (command.name == std::string("set")) {
    sub->add_option("KEY=VALUE", options.setting, "such as source.bitrate=4M")->required();
  }
  if (command.name == std::string("identity"))
    sub->add_flag("--renew", options.renew, "makes a new key, for the next start; every pairing ends");
  if (command.name == std::string("pair")) {
    sub->add_option("PEER", options.peer, "the sink, by name, id prefix or address (at a source)");
    sub->add_option("--open", options.open_seconds, "opens the window of a sink")
        ->type_name("SECONDS")
        ->check(CLI::Range(1, 3600));
    sub->add_option("--confirm", options.number, "the number that both ends show")->type_name("NNNNNN");
    sub->add_flag("--refuse", options.refuse, "the numbers differ");
    sub->add_flag("--no-wait", options.no_wait, "do not wait for the end");
  }
  if (command.name == std::string("trust")) {
    sub->add_option("LINE", options.line, "what wfdctl identity says on the other board")->required();
    sub->add_option("--rights", options.rights, "may-show, may-watch, may-input, with commas")
        ->type_name("LIST");
  }
  if (command.name == std::string("input"))
    sub->add_option("PEER", options.peer, "the sink that shall, or none; without it: who does");
  if (command.name == std::string("unpair"))
    sub->add_option("PEER", options.peer, "a name or an id prefix")->required();
  if (command.can_watch) sub->add_flag("--watch", options.watch, "again every second");
  sub->callback([&chosen, &command] { chosen = &command; });
}

std::string usage_error(const Command& command, const Options& options) {
  if (command.peers == Command::Peers::Required && options.peers.empty() && !options.all)
    return "name a PEER, or --all";
  if (command.name == std::string("set") && options.setting.find('=') == std::string::npos)
    return "needs KEY=VALUE";
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Shows and steers a running wfdd. Without a command: status."};
  Options options;
  const Command* chosen = &kCommands[0];
  app.add_option("--socket", options.socket, "control socket")->type_name("PATH");
  app.add_option("--instance", options.instance, "the daemon behind /run/wfdcast/NAME.sock")
      ->type_name("NAME");
  app.add_flag("--json", options.as_json, "the method's result as JSON");
  app.set_version_flag("--version", std::string("wfdctl ") + wfdcast::daemon::kFullVersion);
  app.require_subcommand(0, 1);
  app.fallthrough();
  for (const Command& command : kCommands) add_command(app, command, options, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    std::cerr << "wfdctl: " << error.what() << '\n';
    return kUsage;
  }
  if (const std::string wrong = usage_error(*chosen, options); !wrong.empty()) {
    std::cerr << "wfdctl: " << chosen->name << ": " << wrong << '\n';
    return kUsage;
  }
  try {
    return run(*chosen, options);
  } catch (const NoDaemon& error) {
    std::cerr << "wfdctl: " << error.what() << '\n';
    return kNoDaemon;
  } catch (const Refused& error) {
    std::cerr << "wfdctl: " << error.what() << '\n';
    return kFailed;
  }
}
