#include <algorithm>
#include <array>

#include "base/overloaded.h"
#include "base/text.h"
#include "rtsp/message.h"

namespace wfdcast::rtsp {
namespace {

constexpr std::array kMethods{Method::Options,  Method::Describe,     Method::Announce,    Method::Record,
                              Method::Redirect, Method::Setup,        Method::Play,        Method::Pause,
                              Method::Teardown, Method::GetParameter, Method::SetParameter};

constexpr std::size_t kMaxIdleBuffer = 256;

bool is_graphic(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F; });
}

// Whether the next eight bytes are ASCII from the blank to the tilde: no byte's high bit is set, nor becomes
// set when 0x20 is taken from it or 1 is added.
bool are_printable(std::string_view text) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  std::uint64_t bytes = 0;
  text.copy(reinterpret_cast<char*>(&bytes), sizeof bytes);
  return ((bytes | (bytes - kOnes * 0x20) | (bytes + kOnes)) & kOnes * 0x80) == 0;
}

// Header values may hold any text, but nothing that controls a terminal.
bool is_text(std::string_view text) {
  while (text.size() >= 8 && are_printable(text)) text.remove_prefix(8);
  return std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return (c >= 0x20 && c != 0x7F) || c == '\t'; });
}

// The next line without its CRLF or LF; `rest` moves behind it.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + 1));
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

Result<void, ParseError> parse_status_line(std::string_view line, Response& response) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos || line.substr(0, space) != kVersion)
    return fail(ParseError::BadStartLine);
  const std::string_view code = line.substr(space + 1, 3);
  const std::string_view reason = line.substr(std::min(line.size(), space + 4));
  const auto number = parse_number<std::uint16_t>(code);
  if (code.size() != 3 || !number || *number < 100) return fail(ParseError::BadStartLine);
  if (!is_text(reason) || (!reason.empty() && reason.front() != ' ')) return fail(ParseError::BadStartLine);
  response.status = static_cast<Status>(*number);
  return {};
}

Result<void, ParseError> parse_request_line(std::string_view line, Request& request) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return fail(ParseError::BadStartLine);
  const std::string_view name = line.substr(0, first);
  const std::string_view uri = trim(line.substr(first, last - first));
  const std::string_view version = line.substr(last + 1);
  if (name.empty() || uri.empty() || !is_graphic(name) || !is_graphic(uri))
    return fail(ParseError::BadStartLine);
  if (!version.starts_with("RTSP/") || !is_graphic(version)) return fail(ParseError::BadStartLine);
  const auto* const method =
      std::find_if(kMethods.begin(), kMethods.end(), [&](Method m) { return to_string(m) == name; });
  request.method = method == kMethods.end() ? Method::Other : *method;
  request.uri = uri;
  request.version = version;
  return {};
}

struct HeaderView {
  std::string_view name, value;
};
Result<HeaderView, ParseError> parse_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return fail(ParseError::BadHeader);
  const std::string_view name = trim(line.substr(0, colon));
  const std::string_view value = trim(line.substr(colon + 1));
  if (name.empty() || !is_graphic(name) || !is_text(value)) return fail(ParseError::BadHeader);
  return HeaderView{name, value};
}

struct HeadFields {
  std::optional<std::uint32_t> cseq;
  std::optional<std::size_t> content_length;
  Headers others;
};

// Sorts one header into its place. A second CSeq or Content-Length has no
// meaning that two readers would agree on.
Result<void, ParseError> place(const HeaderView& header, HeadFields& fields) {
  if (iequals(header.name, "CSeq")) {
    const auto number = parse_number<std::uint32_t>(header.value);
    if (!number || fields.cseq) return fail(ParseError::BadHeader);
    fields.cseq = number;
  } else if (iequals(header.name, "Content-Length")) {
    const auto number = parse_number<std::uint64_t>(header.value);
    if (!number || fields.content_length) return fail(ParseError::BadContentLength);
    if (*number > MessageReader::kMaxBody) return fail(ParseError::TooLong);
    fields.content_length = static_cast<std::size_t>(*number);
  } else if (!iequals(header.name, "Content-Type")) {
    if (fields.others.empty()) fields.others.reserve(4);  // Session, Transport, User-Agent, Wfdcast
    fields.others.push_back({std::string(header.name), std::string(header.value)});
  }
  return {};
}

Result<HeadFields, ParseError> parse_headers(std::string_view lines) {
  HeadFields fields;
  while (true) {
    const std::string_view line = take_line(lines);
    if (line.empty()) break;
    const auto header = parse_header(line);
    if (!header) return fail(header.error());
    if (const auto placed = place(*header, fields); !placed) return fail(placed.error());
  }
  if (!fields.cseq) return fail(ParseError::MissingCSeq);
  return fields;
}

}  // namespace

std::size_t MessageReader::push(std::string_view bytes) {
  if (error_) return bytes.size();
  buffer_.erase(0, begin_);
  line_ -= begin_;
  seen_ -= begin_;
  if (nul_ != kNone) nul_ -= begin_;
  begin_ = 0;
  const std::size_t taken = std::min(bytes.size(), kMaxBuffered - buffer_.size());
  if (nul_ == kNone) {
    nul_ = bytes.substr(0, taken).find('\0');
    if (nul_ != kNone) nul_ += buffer_.size();
  }
  buffer_.append(bytes.substr(0, taken));
  return taken;
}

Result<std::optional<Message>, ParseError> MessageReader::next() {
  if (error_) return fail(*error_);
  if (!head_) {
    const auto complete = read_head();
    if (!complete) return fail(*(error_ = complete.error()));
    if (!*complete) return std::nullopt;
  }
  if (buffered() < body_length_) return std::nullopt;
  auto message = take_message();
  if (!message) error_ = message.error();
  return message;
}

// Looks at each byte once, however the head is cut. False: needs more bytes.
Result<bool, ParseError> MessageReader::find_head_end() {
  while (true) {
    const std::size_t limit = std::min(buffer_.size(), begin_ + kMaxHead);
    const std::size_t end = std::string_view(buffer_).substr(0, limit).find('\n', seen_);
    if (end == std::string_view::npos) {
      seen_ = limit;
      if (limit == begin_ + kMaxHead) return fail(ParseError::TooLong);
      return false;
    }
    if (nul_ < end) return fail(ParseError::NulByte);
    const std::string_view line = std::string_view(buffer_).substr(line_, end - line_);
    line_ = seen_ = end + 1;
    if (!line.empty() && line != "\r") {
      if (++lines_ > 1 + kMaxHeaders) return fail(ParseError::TooManyHeaders);
    } else if (lines_ > 0) {
      return true;
    } else {
      begin_ = line_;  // RFC 2326 section 4.1: empty lines before a message are ignored
    }
  }
}

Result<bool, ParseError> MessageReader::read_head() {
  const auto found = find_head_end();
  if (!found || !*found) return found;
  std::string_view head = std::string_view(buffer_).substr(begin_, line_ - begin_);
  const std::string_view start = take_line(head);
  Message& message = head_.emplace();
  const auto started = start.starts_with("RTSP/") ? parse_status_line(start, message.emplace<Response>())
                                                  : parse_request_line(start, message.emplace<Request>());
  if (!started) return fail(started.error());
  auto fields = parse_headers(head);
  if (!fields) return fail(fields.error());
  std::visit(
      [&](auto& m) {
        m.cseq = *fields->cseq;
        m.headers = std::move(fields->others);
      },
      message);
  body_length_ = fields->content_length.value_or(0);
  begin_ = line_;
  lines_ = 0;
  return true;
}

Result<std::optional<Message>, ParseError> MessageReader::take_message() {
  if (nul_ < begin_ + body_length_) return fail(ParseError::NulByte);
  const std::string_view body = std::string_view(buffer_).substr(begin_, body_length_);
  std::visit([&](auto& m) { m.body = body; }, *head_);
  Result<std::optional<Message>, ParseError> message(tl::in_place, std::move(*head_));
  head_.reset();
  begin_ += body_length_;
  body_length_ = 0;
  line_ = seen_ = begin_;
  release();
  return message;
}

// Ten thousand idle sessions should not hold ten thousand buffers.
void MessageReader::release() {
  if (buffered() > 0) return;
  if (buffer_.capacity() > kMaxIdleBuffer) {
    std::string().swap(buffer_);
  } else {
    buffer_.clear();
  }
  begin_ = line_ = seen_ = 0;
}

}  // namespace wfdcast::rtsp
