// Request lines of the control protocol: each gets at most one answer, a valid
// response of one line, and never an exception.
#include <cstdlib>

#include "base/bytes.h"
#include "daemon/method_table.h"

namespace {

using namespace wfdcast;
using daemon::json;

const daemon::MethodTable& table() {
  static const daemon::MethodTable kTable = [] {
    daemon::MethodTable methods;
    for (const auto& spec : daemon::method_specs()) {
      methods.bind_answer(spec.name, [](const json& params) { return json{{"echo", params}}; });
    }
    return methods;
  }();
  return kTable;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  int answers = 0;
  table().handle(as_text({data, size}), {.send =
                                             [&](const std::string& line) {
                                               ++answers;
                                               const json answer = json::parse(line);
                                               if (answer["jsonrpc"] != "2.0") std::abort();
                                               if (answer.contains("result") == answer.contains("error"))
                                                 std::abort();
                                               if (line.find('\n') != std::string::npos) std::abort();
                                             },
                                         .subscribe = [] {}});
  if (answers > 1) std::abort();
  return 0;
}
