#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"

namespace wfdcast::rtsp {

// RFC 2326 section 10; Other is a method that no RFC names.
enum class Method : std::uint8_t {
  Options,
  Describe,
  Announce,
  Record,
  Redirect,
  Setup,
  Play,
  Pause,
  Teardown,
  GetParameter,
  SetParameter,
  Other
};
[[nodiscard]] std::string_view to_string(Method method);

// The codes that WFD uses (RFC 2326 section 11.3); a peer may send others.
enum class Status : std::uint16_t {
  Ok = 200,
  SeeOther = 303,
  BadRequest = 400,
  NotFound = 404,
  MethodNotAllowed = 405,
  NotAcceptable = 406,
  SessionNotFound = 454,
  NotValidInThisState = 455,
  UnsupportedTransport = 461,
  NotImplemented = 501,
  VersionNotSupported = 505,
  OptionNotSupported = 551,
};
// "404 Not Found".
[[nodiscard]] std::string to_string(Status status);

struct Header {
  std::string name, value;
  bool operator==(const Header&) const = default;
};
// Every header but CSeq, Content-Type and Content-Length, in order.
using Headers = std::vector<Header>;
// Names compare without case; the first one counts.
[[nodiscard]] std::optional<std::string_view> find(const Headers& headers, std::string_view name);

inline constexpr std::string_view kVersion = "RTSP/1.0";

// A body is text/parameters, whatever Content-Type says.
struct Request {
  Method method = Method::Options;
  std::string uri = "*";
  std::string version{kVersion};
  std::uint32_t cseq = 0;
  Headers headers{};
  std::string body{};
  bool operator==(const Request&) const = default;
};
struct Response {
  Status status = Status::Ok;
  std::optional<std::uint32_t> cseq{};  // none: the answer to what could not be read
  Headers headers{};
  std::string body{};
  bool operator==(const Response&) const = default;
};
using Message = std::variant<Request, Response>;

[[nodiscard]] std::string serialize(const Request& request);
[[nodiscard]] std::string serialize(const Response& response);

enum class ParseError {
  BadStartLine,
  BadHeader,
  TooManyHeaders,
  MissingCSeq,
  BadContentLength,
  TooLong,
  NulByte,
};
[[nodiscard]] const char* to_string(ParseError error);

// Cuts a TCP byte stream into RTSP messages. After an error the stream has no
// message boundaries any more; close the connection.
class MessageReader {
 public:
  static constexpr std::size_t kMaxHead = 8 * 1024;
  static constexpr std::size_t kMaxBody = 32 * 1024;  // an EDID of 8 KiB in hex, and room
  static constexpr std::size_t kMaxBuffered = 64 * 1024;
  static constexpr std::size_t kMaxHeaders = 64;

  // Takes as many bytes as fit and says how many. After next() has returned
  // nullopt there is always room for more.
  [[nodiscard]] std::size_t push(std::string_view bytes);
  [[nodiscard]] Result<std::optional<Message>, ParseError> next();  // nullopt: needs more bytes
  [[nodiscard]] std::size_t buffered() const { return buffer_.size() - begin_; }

 private:
  [[nodiscard]] Result<bool, ParseError> read_head();
  [[nodiscard]] Result<bool, ParseError> find_head_end();
  [[nodiscard]] Result<std::optional<Message>, ParseError> take_message();
  void release();

  std::string buffer_;
  std::size_t begin_ = 0;  // of the current head or body
  std::size_t line_ = 0;   // of the first line that has not been looked at
  std::size_t seen_ = 0;   // up to here that line has no LF
  static constexpr std::size_t kNone = std::string::npos;
  std::size_t nul_ = kNone;      // where the first NUL is
  std::size_t lines_ = 0;        // of the current head
  std::optional<Message> head_;  // its body is still to come
  std::size_t body_length_ = 0;
  std::optional<ParseError> error_;
};

}  // namespace wfdcast::rtsp
