// MessageReader: the same messages come out however the bytes are cut, nothing
// beyond the limits is held, and what was read can be written and read again.
#include <cstdlib>

#include "base/bytes.h"
#include "rtsp/message.h"

namespace {

using namespace wfdcast;
using namespace wfdcast::rtsp;

void require(bool fact) {
  if (!fact) std::abort();
}

struct Outcome {
  std::vector<Message> messages;
  std::optional<ParseError> error;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view bytes, std::size_t piece) {
  MessageReader reader;
  Outcome outcome;
  while (true) {
    const auto message = reader.next();
    if (!message) {
      outcome.error = message.error();
      return outcome;
    }
    if (*message) {
      outcome.messages.push_back(**message);
    } else if (bytes.empty()) {
      return outcome;
    } else {
      const std::size_t taken = reader.push(bytes.substr(0, piece));
      require(taken > 0);
      bytes.remove_prefix(taken);
    }
    require(reader.buffered() <= MessageReader::kMaxBuffered);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes = as_text({data + 1, size - 1});
  const Outcome whole = read(bytes, bytes.size() + 1);
  const Outcome cut = read(bytes, 1u + data[0]);
  require(whole == cut);
  for (const Message& message : whole.messages) {
    const std::string text = std::visit([](const auto& m) { return serialize(m); }, message);
    const auto* request = std::get_if<Request>(&message);
    if (request != nullptr && request->method == Method::Other) continue;  // its name is not kept
    const Outcome again = read(text, text.size());
    require(again.messages.size() == 1 && again.messages[0] == message);
  }
  return 0;
}
