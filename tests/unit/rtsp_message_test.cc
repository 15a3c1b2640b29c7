#include "rtsp/message.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/test_data.h"

namespace wfdcast::rtsp {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

// The messages of the protocol reference, M1 to M16 and their answers.
std::vector<std::string> examples() {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(kTestData) + "/rtsp"))
    found.push_back(read(entry.path()));
  std::sort(found.begin(), found.end());
  return found;
}

std::string serialized(const Message& message) {
  return std::visit([](const auto& m) { return serialize(m); }, message);
}

struct Outcome {
  std::vector<Message> messages;
  std::optional<ParseError> error;
};
Outcome read_in_pieces(std::string_view bytes, std::size_t piece) {
  MessageReader reader;
  Outcome outcome;
  while (true) {
    auto message = reader.next();
    if (!message) {
      outcome.error = message.error();
      return outcome;
    }
    if (*message) {
      outcome.messages.push_back(std::move(**message));
    } else if (bytes.empty()) {
      return outcome;
    } else {
      bytes.remove_prefix(reader.push(bytes.substr(0, piece)));
    }
    EXPECT_LE(reader.buffered(), MessageReader::kMaxBuffered);
  }
}
Outcome read_all(std::string_view bytes) { return read_in_pieces(bytes, bytes.size() + 1); }
std::optional<ParseError> error_of(std::string_view bytes) { return read_all(bytes).error; }

const std::string kOptions = "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n";

TEST(Message, EveryExampleSurvivesARoundTrip) {
  ASSERT_EQ(examples().size(), 25u);
  for (const std::string& text : examples()) {
    const Outcome outcome = read_all(text);
    ASSERT_EQ(outcome.messages.size(), 1u) << text;
    EXPECT_EQ(serialized(outcome.messages[0]), text);
  }
}

TEST(MessageReader, EveryExampleSurvivesEveryCut) {
  for (const std::string& text : examples()) {
    for (std::size_t cut = 1; cut <= text.size(); ++cut) {
      const Outcome outcome = read_in_pieces(text, cut);
      ASSERT_EQ(outcome.messages.size(), 1u) << "in pieces of " << cut << ": " << text;
      EXPECT_EQ(serialized(outcome.messages[0]), text);
    }
  }
}

TEST(MessageReader, TwoPartsOfEveryExampleMakeOneMessage) {
  for (const std::string& text : examples()) {
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      MessageReader reader;
      ASSERT_EQ(reader.push(std::string_view(text).substr(0, cut)), cut);
      ASSERT_EQ(*reader.next(), std::nullopt);
      ASSERT_EQ(reader.push(std::string_view(text).substr(cut)), text.size() - cut);
      ASSERT_TRUE(reader.next().value()) << "cut at " << cut << ": " << text;
    }
  }
}

TEST(MessageReader, GluedMessagesComeApart) {
  std::string glued;
  for (const std::string& text : examples()) glued += text;
  for (const std::size_t piece : {glued.size(), std::size_t{1}, std::size_t{7}, std::size_t{100}}) {
    const Outcome outcome = read_in_pieces(glued, piece);
    std::string again;
    for (const Message& message : outcome.messages) again += serialized(message);
    EXPECT_EQ(outcome.messages.size(), examples().size());
    EXPECT_EQ(again, glued);
  }
}

TEST(MessageReader, AcceptsBareLineFeedsAndEmptyLinesBetween) {
  const Outcome outcome = read_all("\r\n\nOPTIONS * RTSP/1.0\nCSeq: 7\n\n\r\nRTSP/1.0 200 OK\nCSeq: 8\n\n");
  ASSERT_EQ(outcome.messages.size(), 2u);
  EXPECT_EQ(std::get<Request>(outcome.messages[0]).cseq, 7u);
  EXPECT_EQ(std::get<Response>(outcome.messages[1]).cseq, 8u);
}

TEST(MessageReader, HeaderNamesHaveNoCase) {
  const Outcome outcome = read_all("OPTIONS * RTSP/1.0\r\ncseq:7\r\nsEsSiOn :  12 ;timeout=30\t\r\n\r\n");
  ASSERT_EQ(outcome.messages.size(), 1u);
  EXPECT_EQ(std::get<Request>(outcome.messages[0]).cseq, 7u);
  EXPECT_EQ(find(std::get<Request>(outcome.messages[0]).headers, "Session"), "12 ;timeout=30");
}

TEST(MessageReader, ReadsUnknownMethodsVersionsAndCodes) {
  const Outcome outcome = read_all(
      "FROBNICATE * RTSP/1.0\r\nCSeq: 1\r\n\r\nPLAY * RTSP/2.0\r\nCSeq: 2\r\n\r\nRTSP/1.0 299 \r\nCSeq: "
      "3\r\n\r\n");
  ASSERT_EQ(outcome.messages.size(), 3u);
  EXPECT_EQ(std::get<Request>(outcome.messages[0]).method, Method::Other);
  EXPECT_EQ(std::get<Request>(outcome.messages[1]).version, "RTSP/2.0");
  EXPECT_EQ(static_cast<int>(std::get<Response>(outcome.messages[2]).status), 299);
}

TEST(MessageReader, RefusesBadStartLines) {
  for (const char* line :
       {"GARBAGE", "OPTIONS *", "OPTIONS * HTTP/1.1", "OPTIONS  RTSP/1.0", " * RTSP/1.0",
        "OPTIONS a b RTSP/1.0", "RTSP/1.0", "RTSP/1.0 20", "RTSP/1.0 2000 OK", "RTSP/1.0 abc OK",
        "RTSP/2.0 200 OK", "RTSP/1.0 -20 OK", "RTSP/1.0 099 OK", "OPT\x01IONS * RTSP/1.0"}) {
    EXPECT_EQ(error_of(std::string(line) + "\r\nCSeq: 1\r\n\r\n"), ParseError::BadStartLine) << line;
  }
}

TEST(MessageReader, RefusesBadHeaders) {
  for (const char* line : {"no colon", ": no name", "a b: c", "CSeq: 2", "X: \x1b[2J"}) {
    EXPECT_EQ(error_of(kOptions + line + "\r\n\r\n"), ParseError::BadHeader) << line;
  }
  for (const char* cseq : {"", "-1", "x%n%s", "1 2", "4294967296", "0x1"}) {
    EXPECT_EQ(error_of(std::string("OPTIONS * RTSP/1.0\r\nCSeq: ") + cseq + "\r\n\r\n"),
              ParseError::BadHeader)
        << cseq;
  }
  EXPECT_EQ(error_of("OPTIONS * RTSP/1.0\r\nRequire: org.wfa.wfd1.0\r\n\r\n"), ParseError::MissingCSeq);
}

TEST(MessageReader, RefusesBadContentLengthsBeforeTheBody) {
  for (const char* length : {"-1", "abc", "18446744073709551616", "", "1 1", "+1", "0x10"}) {
    EXPECT_EQ(error_of(kOptions + "Content-Length: " + length + "\r\n\r\n"), ParseError::BadContentLength)
        << length;
  }
  for (const char* length : {"18446744073709551615", "1000000000", "32769"}) {
    EXPECT_EQ(error_of(kOptions + "Content-Length: " + length + "\r\n\r\n"), ParseError::TooLong) << length;
  }
  EXPECT_EQ(error_of(kOptions + "Content-Length: 0\r\ncontent-length: 0\r\n\r\n"),
            ParseError::BadContentLength);
}

TEST(MessageReader, TakesABodyUpToItsLimit) {
  const std::string head =
      kOptions + "Content-Length: " + std::to_string(MessageReader::kMaxBody) + "\r\n\r\n";
  const Outcome outcome = read_in_pieces(head + std::string(MessageReader::kMaxBody, 'a'), 1000);
  ASSERT_EQ(outcome.messages.size(), 1u);
  EXPECT_EQ(std::get<Request>(outcome.messages[0]).body.size(), MessageReader::kMaxBody);
}

TEST(MessageReader, TakesAHeadUpToItsLimit) {
  const std::string frame = kOptions + "X: \r\n\r\n";
  const std::string filler(MessageReader::kMaxHead - frame.size(), 'a');
  EXPECT_EQ(read_all(kOptions + "X: " + filler + "\r\n\r\n").messages.size(), 1u);
  EXPECT_EQ(error_of(kOptions + "X: " + filler + "a\r\n\r\n"), ParseError::TooLong);
}

TEST(MessageReader, TakesHeadersUpToTheirLimit) {
  std::string head = kOptions;
  for (std::size_t i = 1; i < MessageReader::kMaxHeaders; ++i) head += "X: 1\r\n";
  EXPECT_EQ(read_all(head + "\r\n").messages.size(), 1u);
  EXPECT_EQ(error_of(head + "X: 1\r\n"), ParseError::TooManyHeaders);
}

TEST(MessageReader, RefusesNulBytes) {
  using namespace std::string_literals;
  EXPECT_EQ(error_of("OPTIONS * RTSP/1.0\r\nCSeq: 1\0\r\n\r\n"s), ParseError::NulByte);
  EXPECT_EQ(error_of("OPTIONS \0 RTSP/1.0\r\n"s), ParseError::NulByte);
  EXPECT_EQ(error_of(kOptions + "Content-Length: 1\r\n\r\n\0"s), ParseError::NulByte);
}

TEST(MessageReader, AnErrorIsForGood) {
  MessageReader reader;
  EXPECT_EQ(reader.push("GARBAGE\r\n\r\n"), 11u);
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.push(kOptions + "\r\n"), kOptions.size() + 2);
  EXPECT_FALSE(reader.next());
}

TEST(MessageReader, HoldsAtMostItsBuffer) {
  MessageReader reader;
  std::string pipelined;
  while (pipelined.size() < 2 * MessageReader::kMaxBuffered) pipelined += kOptions + "\r\n";
  EXPECT_EQ(reader.push(pipelined), MessageReader::kMaxBuffered);
  EXPECT_EQ(reader.push(pipelined), 0u);
  while (*reader.next()) continue;
  EXPECT_GT(reader.push(pipelined), 0u);
}

}  // namespace
}  // namespace wfdcast::rtsp
