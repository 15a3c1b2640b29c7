#include "daemon/method_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/unit/test_data.h"

namespace wfdcast::daemon {
namespace {

// A table with some methods, and what it sends back for a line.
class Table {
 public:
  Table() {
    table_.bind_answer("status", [](const json&) { return json{{"role", "sink"}}; });
    table_.bind_answer("idr", [](const json&) -> Result<json, RpcError> {
      return fail(RpcError{RpcError::kFailed, "idr: nothing plays"});
    });
    table_.bind("connect", [this](Call& call) { waiting_ = call; });
    table_.bind_answer("set", [](const json& params) { return params; });
    table_.bind("monitor", [](Call& call) { call.subscribe(); });
  }
  std::vector<json> ask(std::string_view line) {
    sent_.clear();
    table_.handle(line, {.send = [this](const std::string& text) { sent_.push_back(json::parse(text)); },
                         .subscribe = [this] { subscribed_ = true; }});
    return sent_;
  }
  int error(std::string_view line) {
    const auto answers = ask(line);
    return answers.size() == 1 && answers[0].contains("error") ? answers[0]["error"]["code"].get<int>() : 0;
  }

  MethodTable table_;
  std::vector<json> sent_;
  std::optional<Call> waiting_;
  bool subscribed_ = false;
};

TEST(MethodTable, AnswersWithTheRequestsId) {
  Table table;
  const auto answers = table.ask(R"({"jsonrpc":"2.0","id":"seven","method":"status"})");
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0], json::parse(R"({"jsonrpc":"2.0","id":"seven","result":{"role":"sink"}})"));
}

TEST(MethodTable, NotificationsGetNoAnswer) {
  Table table;
  EXPECT_TRUE(table.ask(R"({"jsonrpc":"2.0","method":"status"})").empty());
  EXPECT_TRUE(table.ask(R"({"jsonrpc":"2.0","method":"nonsense"})").empty());
}

TEST(MethodTable, BadRequestsGetTheirCode) {
  Table table;
  EXPECT_EQ(table.error("{"), RpcError::kParse);
  EXPECT_EQ(table.error("[]"), RpcError::kInvalid);
  EXPECT_EQ(table.error(R"({"id":1,"method":"status"})"), RpcError::kInvalid);
  EXPECT_EQ(table.error(R"({"jsonrpc":"2.0","id":{},"method":"status"})"), RpcError::kInvalid);
  EXPECT_EQ(table.error(R"({"jsonrpc":"2.0","id":1,"method":7})"), RpcError::kInvalid);
  EXPECT_EQ(table.error(R"({"jsonrpc":"2.0","id":1,"method":"nonsense"})"), RpcError::kNoMethod);
  EXPECT_EQ(table.error(R"({"jsonrpc":"2.0","id":1,"method":"peers"})"), RpcError::kNoMethod);
  EXPECT_EQ(table.error(R"({"jsonrpc":"2.0","id":1,"method":"status","params":[]})"), RpcError::kBadParams);
  EXPECT_EQ(table.error(R"({"jsonrpc":"2.0","id":1,"method":"status","params":{"x":1}})"),
            RpcError::kBadParams);
  EXPECT_EQ(table.error(R"({"jsonrpc":"2.0","id":1,"method":"set","params":{"key":"a"}})"),
            RpcError::kBadParams);
  EXPECT_EQ(table.error(R"({"jsonrpc":"2.0","id":1,"method":"set","params":{"key":"a","value":1}})"),
            RpcError::kBadParams);
  EXPECT_EQ(table.error(R"({"jsonrpc":"2.0","id":1,"method":"connect","params":{"peers":[1]}})"),
            RpcError::kBadParams);
  EXPECT_EQ(table.error(R"({"jsonrpc":"2.0","id":1,"method":"idr"})"), RpcError::kFailed);
}

TEST(MethodTable, AnAnswerMayComeLaterAfterProgress) {
  Table table;
  EXPECT_TRUE(
      table.ask(R"({"jsonrpc":"2.0","id":3,"method":"connect","params":{"peers":["Lobby"]}})").empty());
  ASSERT_TRUE(table.waiting_);
  table.waiting_->progress({{"state", "inviting"}});
  table.waiting_->reply(json{{"result", "playing"}});
  ASSERT_EQ(table.sent_.size(), 2u);
  EXPECT_EQ(table.sent_[0]["method"], "progress");
  EXPECT_EQ(table.sent_[0]["params"]["id"], 3);
  EXPECT_EQ(table.sent_[1]["id"], 3);
  EXPECT_EQ(table.sent_[1]["result"]["result"], "playing");
}

TEST(MethodTable, TextThatIsNotUtf8IsReplacedNotThrown) {
  EXPECT_NE(notification("event", {{"name", "a\xFF"}}).find("\xEF\xBF\xBD"), std::string::npos);
}

TEST(MethodTable, DeepNestingIsRefused) {
  Table table;
  EXPECT_EQ(table.error(std::string(60'000, '[')), RpcError::kParse);
}

TEST(MethodTable, TheDocumentationInTheTreeIsTheTables) {
  std::ifstream file(std::string(kTestData) + "/../../docs/control.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), control_documentation()) << "write it anew: scripts/docs";
}

}  // namespace
}  // namespace wfdcast::daemon
