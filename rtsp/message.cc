#include "rtsp/message.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace wfdcast::rtsp {
namespace {

constexpr std::size_t kUsualHead = 256;  // of one message: room for it from the start

struct Reason {
  Status status;
  std::string_view phrase;
};
constexpr std::array<Reason, 12> kReasons{{{Status::Ok, "OK"},
                                           {Status::SeeOther, "See Other"},
                                           {Status::BadRequest, "Bad Request"},
                                           {Status::NotFound, "Not Found"},
                                           {Status::MethodNotAllowed, "Method Not Allowed"},
                                           {Status::NotAcceptable, "Not Acceptable"},
                                           {Status::SessionNotFound, "Session Not Found"},
                                           {Status::NotValidInThisState, "Method Not Valid In This State"},
                                           {Status::UnsupportedTransport, "Unsupported Transport"},
                                           {Status::NotImplemented, "Not Implemented"},
                                           {Status::VersionNotSupported, "RTSP Version Not Supported"},
                                           {Status::OptionNotSupported, "Option Not Supported"}}};

void append_header(std::string& out, std::string_view name, std::string_view value) {
  append_parts(out, {name, ": ", value, "\r\n"});
}

void append_rest(std::string& out, std::optional<std::uint32_t> cseq, const Headers& headers,
                 std::string_view body) {
  if (cseq) append_header(out, "CSeq", std::to_string(*cseq));
  for (const Header& header : headers) append_header(out, header.name, header.value);
  if (!body.empty()) {
    append_header(out, "Content-Type", "text/parameters");
    append_header(out, "Content-Length", std::to_string(body.size()));
  }
  out.append("\r\n").append(body);
}

}  // namespace

std::string_view to_string(Method method) {
  switch (method) {
    case Method::Options:
      return "OPTIONS";
    case Method::Describe:
      return "DESCRIBE";
    case Method::Announce:
      return "ANNOUNCE";
    case Method::Record:
      return "RECORD";
    case Method::Redirect:
      return "REDIRECT";
    case Method::Setup:
      return "SETUP";
    case Method::Play:
      return "PLAY";
    case Method::Pause:
      return "PAUSE";
    case Method::Teardown:
      return "TEARDOWN";
    case Method::GetParameter:
      return "GET_PARAMETER";
    case Method::SetParameter:
      return "SET_PARAMETER";
    case Method::Other:
      return "OTHER";
  }
  return "";
}

std::string to_string(Status status) {
  const auto row =
      std::find_if(kReasons.begin(), kReasons.end(), [&](const Reason& r) { return r.status == status; });
  const std::string_view phrase = row == kReasons.end() ? "Unknown" : row->phrase;
  return std::to_string(static_cast<unsigned>(status)).append(" ").append(phrase);
}

std::optional<std::string_view> find(const Headers& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (iequals(header.name, name)) return header.value;
  }
  return std::nullopt;
}

std::string serialize(const Request& request) {
  std::string out;
  out.reserve(kUsualHead + request.body.size());
  append_parts(out, {to_string(request.method), " ", request.uri, " ", request.version, "\r\n"});
  append_rest(out, request.cseq, request.headers, request.body);
  return out;
}

std::string serialize(const Response& response) {
  std::string out;
  out.reserve(kUsualHead + response.body.size());
  append_parts(out, {kVersion, " ", to_string(response.status), "\r\n"});
  append_rest(out, response.cseq, response.headers, response.body);
  return out;
}

const char* to_string(ParseError error) {
  switch (error) {
    case ParseError::BadStartLine:
      return "bad start line";
    case ParseError::BadHeader:
      return "bad header";
    case ParseError::TooManyHeaders:
      return "too many headers";
    case ParseError::MissingCSeq:
      return "CSeq is missing";
    case ParseError::BadContentLength:
      return "bad Content-Length";
    case ParseError::TooLong:
      return "message too long";
    case ParseError::NulByte:
      return "NUL byte";
  }
  return "";
}

}  // namespace wfdcast::rtsp
