#include "rtsp/exchange.h"

#include <gtest/gtest.h>

#include "rtsp/timers.h"

namespace wfdcast::rtsp {
namespace {

constexpr Time kNow{1000s};

TEST(Exchange, NumbersRequestsFromOneByOne) {
  Exchange exchange;
  EXPECT_EQ(exchange.request(Asked::M1, {}, kNow), "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n");
  EXPECT_EQ(exchange.request(Asked::M3, {}, kNow), "OPTIONS * RTSP/1.0\r\nCSeq: 2\r\n\r\n");
  EXPECT_FALSE(exchange.was_sent(0));
  EXPECT_TRUE(exchange.was_sent(2));
  EXPECT_FALSE(exchange.was_sent(3));
  EXPECT_EQ(exchange.answered({.cseq = 2}), Asked::M3);
  EXPECT_EQ(exchange.answered({.cseq = 2}), std::nullopt);
}

// So that what is never answered does not pile up.
TEST(Exchange, ASecondRequestOfAKindTakesTheFirstOnesPlace) {
  Exchange exchange;
  (void)exchange.request(Asked::M16, {}, kNow);
  (void)exchange.request(Asked::M16, {}, kNow);
  EXPECT_EQ(exchange.answered({.cseq = 1}), std::nullopt);
  EXPECT_EQ(exchange.answered({.cseq = 2}), Asked::M16);
}

TEST(Exchange, SomeRequestsMayStayUnanswered) {
  for (const Asked asked : {Asked::M2, Asked::PlayTrigger, Asked::PauseTrigger, Asked::TeardownTrigger,
                            Asked::M8, Asked::M13, Asked::M16, Asked::Delivery}) {
    Exchange exchange;
    (void)exchange.request(asked, {}, kNow);
    EXPECT_EQ(exchange.deadline(), std::nullopt) << to_string(asked);
    EXPECT_TRUE(exchange.awaits(asked, kNow + patience(asked) - 1ns));
    EXPECT_FALSE(exchange.awaits(asked, kNow + patience(asked)));
  }
  for (const Asked asked :
       {Asked::M1, Asked::M3, Asked::M4, Asked::SetupTrigger, Asked::M6, Asked::M7, Asked::M9, Asked::Move}) {
    Exchange exchange;
    (void)exchange.request(asked, {}, kNow);
    EXPECT_EQ(exchange.deadline(), kNow + patience(asked)) << to_string(asked);
    EXPECT_EQ(exchange.overdue(kNow + patience(asked) - 1ns), std::nullopt);
    EXPECT_EQ(exchange.overdue(kNow + patience(asked)), asked);
  }
}

}  // namespace
}  // namespace wfdcast::rtsp
