#include "daemon/method_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

namespace wfdcast::daemon {
namespace {

// Text that came from the network may not be UTF-8: replace, never throw.
std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

std::string response(const json& id, const Result<json, RpcError>& result) {
  json answer{{"jsonrpc", "2.0"}, {"id", id}};
  if (result) {
    answer["result"] = *result;
  } else {
    answer["error"] = {{"code", result.error().code}, {"message", result.error().message}};
  }
  return dump(answer);
}

bool has_type(const json& value, std::string_view type) {
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "number") return value.is_number();
  return value.is_array() &&
         std::all_of(value.begin(), value.end(), [](const json& item) { return item.is_string(); });
}

// Empty when `params` is what the spec asks for.
std::string wrong_params(const MethodSpec& spec, const json& params) {
  if (!params.is_object()) return fmt::format("{}: params must be an object", spec.name);
  for (const Param& param : spec.params) {
    if (param.required && !params.contains(param.name))
      return fmt::format("{}: {} is missing", spec.name, param.name);
  }
  for (const auto& [name, value] : params.items()) {
    const auto param = std::find_if(spec.params.begin(), spec.params.end(),
                                    [&](const Param& candidate) { return candidate.name == name; });
    if (param == spec.params.end()) return fmt::format("{}: unknown parameter {}", spec.name, name);
    if (!has_type(value, param->type))
      return fmt::format("{}: {} must be of type {}", spec.name, name, param->type);
  }
  return {};
}

const MethodSpec* find_spec(std::string_view name) {
  const auto& specs = method_specs();
  const auto spec =
      std::find_if(specs.begin(), specs.end(), [&](const MethodSpec& s) { return s.name == name; });
  return spec == specs.end() ? nullptr : &*spec;
}

}  // namespace

std::string notification(std::string_view method, const json& params) {
  return dump({{"jsonrpc", "2.0"}, {"method", method}, {"params", params}});
}

void MethodTable::bind(std::string_view name, Handler handler) {
  assert(find_spec(name));
  handlers_[std::string(name)] = std::move(handler);
}

void MethodTable::bind_answer(std::string_view name, Answer answer) {
  bind(name, [answer = std::move(answer)](Call& call) { call.reply(answer(call.params)); });
}

void MethodTable::handle(std::string_view line, const Caller& caller) const {
  const json request = json::parse(line, nullptr, /*allow_exceptions=*/false);
  const auto refuse = [&](const json& id, int code, std::string message) {
    caller.send(response(id, fail(RpcError{code, std::move(message)})));
  };
  if (request.is_discarded()) return refuse(nullptr, RpcError::kParse, "not JSON");
  const auto text_at = [&](const char* key) {
    const auto value = request.find(key);
    return value != request.end() && value->is_string() ? value->get<std::string>() : std::string();
  };
  if (!request.is_object() || text_at("jsonrpc") != "2.0" || text_at("method").empty()) {
    return refuse(nullptr, RpcError::kInvalid, "not a JSON-RPC 2.0 request");
  }
  const bool silent = !request.contains("id");  // a notification gets no answer
  const json id = silent ? json() : request["id"];
  if (id.is_structured()) return refuse(nullptr, RpcError::kInvalid, "id must be a string, a number or null");

  const std::string method = text_at("method");
  const MethodSpec* spec = find_spec(method);
  const auto handler = handlers_.find(method);
  if (!spec) return silent ? void() : refuse(id, RpcError::kNoMethod, method + ": unknown method");
  if (handler == handlers_.end()) {
    const auto reason = fmt::format("{}: only a {} can do that", method, spec->roles);
    return silent ? void() : refuse(id, RpcError::kNoMethod, reason);
  }
  Call call{.params = request.value("params", json::object()), .reply = {}, .progress = {}, .subscribe = {}};
  if (auto wrong = wrong_params(*spec, call.params); !wrong.empty()) {
    return silent ? void() : refuse(id, RpcError::kBadParams, std::move(wrong));
  }
  call.reply = [send = caller.send, id, silent](const Result<json, RpcError>& result) {
    if (!silent) send(response(id, result));
  };
  call.progress = [send = caller.send, id](json params) {
    params["id"] = id;
    send(notification("progress", params));
  };
  call.subscribe = caller.subscribe;
  handler->second(call);
}

std::string control_documentation() {
  std::string text =
      "# The control protocol\n\n"
      "JSON-RPC 2.0 on a Unix stream socket (`control.socket`, mode 0660, group `wfdcast`), one object a "
      "line.\n"
      "Limits: 64 KiB a line, 16 clients. `wfdctl` uses nothing else. This page is made from the table that\n"
      "dispatches the requests (`daemon/method_specs.cc`).\n\n"
      "Try it: `echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"status\"}' | socat -t1 - "
      "UNIX:/run/wfdcast/wfdd.sock`\n\n"
      "Errors: -32700 not JSON, -32600 not a request, -32601 unknown method or the wrong role, -32602 wrong\n"
      "parameters, -32000 refused or failed; `message` is one line for a person.\n";
  for (const MethodSpec& spec : method_specs()) {
    text += fmt::format("\n## {}\n\n{} Role: {}.\n", spec.name, spec.summary, spec.roles);
    if (!spec.params.empty()) text += "\n| parameter | type | |\n|---|---|---|\n";
    for (const Param& param : spec.params) {
      text += fmt::format("| `{}` | {}{} | {} |\n", param.name, param.type,
                          param.required ? ", required" : "", param.summary);
    }
    text += fmt::format("\nResult: {}\n", spec.result);
  }
  return text;
}

}  // namespace wfdcast::daemon
