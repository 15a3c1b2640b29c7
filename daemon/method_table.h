#pragma once

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace wfdcast::daemon {

using nlohmann::json;

// JSON-RPC 2.0 section 5.1; kFailed is ours: refused, or it did not work.
struct RpcError {
  static constexpr int kParse = -32700, kInvalid = -32600, kNoMethod = -32601, kBadParams = -32602,
                       kFailed = -32000;
  int code = kFailed;
  std::string message;
};
[[nodiscard]] inline RpcError failed(std::string message) { return {RpcError::kFailed, std::move(message)}; }

// One parameter of a method. `type`: "string", "strings", "boolean", "number".
struct Param {
  std::string_view name, type, summary;
  bool required = false;
};

// What a method is, apart from what it does: the control protocol's manual.
struct MethodSpec {
  std::string_view name;
  std::string_view roles;  // "source", "sink", "both"
  std::string_view summary;
  std::vector<Param> params;
  std::string_view result;
};
// Every method, in the order of the documentation. docs/control.md comes from it.
[[nodiscard]] const std::vector<MethodSpec>& method_specs();
[[nodiscard]] std::string control_documentation();

// One request in the hands of a handler. The answer may come later; `reply` and
// `progress` do nothing once the client has gone.
struct Call {
  json params;  // an object, checked against the spec
  std::function<void(Result<json, RpcError>)> reply;
  std::function<void(json)> progress;  // a "progress" notification to this client
  std::function<void()> subscribe;     // events go to this client from now on
};

// Dispatches requests by the spec table.
class MethodTable {
 public:
  using Handler = std::function<void(Call&)>;
  using Answer = std::function<Result<json, RpcError>(const json& params)>;
  // What the connection offers for one request line.
  struct Caller {
    std::function<void(std::string line)> send;
    std::function<void()> subscribe;
  };

  // `name` must be in method_specs().
  void bind(std::string_view name, Handler handler);
  void bind_answer(std::string_view name, Answer answer);  // one that answers at once
  // One JSON-RPC request in; one response (none for a notification), now or later.
  void handle(std::string_view line, const Caller& caller) const;

 private:
  std::map<std::string, Handler, std::less<>> handlers_;
};

// A notification line: {"jsonrpc":"2.0","method":...,"params":...}.
[[nodiscard]] std::string notification(std::string_view method, const json& params);

}  // namespace wfdcast::daemon
