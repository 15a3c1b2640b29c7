#include "base/endpoint.h"

#include <gtest/gtest.h>

namespace wfdcast {
namespace {

TEST(Ipv4Address, GoesThereAndBack) {
  for (const auto* text : {"0.0.0.0", "192.168.1.20", "239.0.0.11", "255.255.255.255"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_string(*address), text);
  }
  EXPECT_EQ(parse_address("192.168.1.20"), Ipv4Address::from_octets(192, 168, 1, 20));
  EXPECT_EQ(parse_address("192.168.1.20")->value, 0xC0A80114u);
}

TEST(Ipv4Address, RefusesEverythingElse) {
  for (const auto* text :
       {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "256.1.1.1", "-1.2.3.4", "+1.2.3.4",
        "1.2.3.4 ", " 1.2.3.4", "1.2.3.0x4", "a.b.c.d", "::1", "1.2.3.4\n"}) {
    EXPECT_EQ(parse_address(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_address(std::string_view("1.2.3.4\0", 8)), std::nullopt);
}

TEST(Ipv4Address, KnowsMulticast) {
  EXPECT_FALSE(parse_address("223.255.255.255")->is_multicast());
  EXPECT_TRUE(parse_address("224.0.0.0")->is_multicast());
  EXPECT_TRUE(parse_address("239.255.255.255")->is_multicast());
  EXPECT_FALSE(parse_address("240.0.0.0")->is_multicast());
}

TEST(Ipv4Address, ZeroIsNone) {
  EXPECT_FALSE(Ipv4Address{});
  EXPECT_TRUE(kLimitedBroadcast);
}

TEST(Endpoint, GoesThereAndBack) {
  const auto endpoint = parse_endpoint("10.0.0.1:7236");
  ASSERT_TRUE(endpoint);
  EXPECT_EQ(*endpoint, (Endpoint{Ipv4Address::from_octets(10, 0, 0, 1), 7236}));
  EXPECT_EQ(to_string(*endpoint), "10.0.0.1:7236");
}

TEST(Endpoint, RefusesImpossiblePorts) {
  for (const auto* text : {"", ":", "10.0.0.1", "10.0.0.1:", ":80", "10.0.0.1:65536", "10.0.0.1:-1",
                           "10.0.0.1:80x", "10.0.0.1:80:80", "10.0.0.1: 80"}) {
    EXPECT_EQ(parse_endpoint(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace wfdcast
