#include "rtsp/transport.h"

#include <gtest/gtest.h>

namespace wfdcast::rtsp {
namespace {

TEST(Transport, ExamplesSurviveARoundTrip) {
  for (const char* text : {
           "RTP/AVP/UDP;unicast;client_port=19000",
           "RTP/AVP/UDP;unicast;client_port=19000-19001",
           "RTP/AVP/UDP;unicast;client_port=19000-19001;server_port=15550-15551",
           "RTP/AVP/UDP;unicast;client_port=19000;server_port=53151-53153;ssrc=614f4929",
           "RTP/AVP/UDP;multicast;destination=239.0.0.11;port=15550-15551;ttl=2;server_port=42152-42153;"
           "source=192.168.49.1;ssrc=614f4928",
       }) {
    const auto transport = parse_transport(text);
    ASSERT_TRUE(transport) << text;
    EXPECT_EQ(serialize(*transport), text);
  }
}

TEST(Transport, ReadsTheMulticastForm) {
  const auto transport = parse_transport(
      "RTP/AVP/UDP;multicast;destination=239.0.0.11;port=15550-15551;ttl=2;server_port=42152-42153;"
      "source=192.168.49.1;ssrc=614F4928");
  ASSERT_TRUE(transport);
  EXPECT_EQ(*transport, (Transport{.delivery = Delivery::Multicast,
                                   .client = {15550, 15551},
                                   .server = {42152, 42153},
                                   .destination = Ipv4Address::from_octets(239, 0, 0, 11),
                                   .ttl = 2,
                                   .source = Ipv4Address::from_octets(192, 168, 49, 1),
                                   .ssrc = Ssrc{0x614F4928}}));
}

TEST(Transport, AcceptsWhatDevicesSend) {
  EXPECT_EQ(parse_transport("RTP/AVP;unicast;client_port=1028;mode=play")->client, (PortPair{1028, 0}));
  EXPECT_EQ(parse_transport("rtp/avp/udp; unicast; client_port = 1028 - 1029")->client,
            (PortPair{1028, 1029}));
  EXPECT_EQ(parse_transport("RTP/AVP/UDP;unicast")->client, (PortPair{0, 0}));
  EXPECT_EQ(parse_transport("RTP/AVP/UDP;unicast;client_port=1028-0")->client, (PortPair{1028, 0}));
  EXPECT_EQ(parse_transport("RTP/AVP/UDP;unicast;client_port=1028-1028")->client, (PortPair{1028, 0}));
  EXPECT_EQ(parse_transport("RTP/AVP/TCP;interleaved=0-1,RTP/AVP/UDP;unicast;client_port=1028")->client.rtp,
            1028);
}

TEST(Transport, UnicastHasNeitherGroupNorTtl) {
  EXPECT_EQ(*parse_transport("RTP/AVP/UDP;unicast;client_port=1028;destination=239.0.0.11;ttl=2"),
            (Transport{.client = {1028, 0}}));
}

TEST(Transport, RefusesImpossiblePorts) {
  for (const char* ports :
       {"0", "65536", "99999", "-5", "", "a", "1028-", "1028-99999", "1028-1029-1030", "-1029"}) {
    const auto transport = parse_transport(std::string("RTP/AVP/UDP;unicast;client_port=") + ports);
    ASSERT_FALSE(transport) << ports;
    EXPECT_EQ(transport.error(), TransportError::BadPort);
  }
}

TEST(Transport, RefusesBadFields) {
  for (const char* field :
       {"ttl=-5", "ttl=256", "ssrc=xyz", "ssrc=123456789", "source=here", "destination=239.0.0"}) {
    const auto transport = parse_transport(std::string("RTP/AVP/UDP;unicast;client_port=1028;") + field);
    ASSERT_FALSE(transport) << field;
    EXPECT_EQ(transport.error(), TransportError::BadField);
  }
}

TEST(Transport, RefusesOtherProfilesAndMissingGroups) {
  for (const char* text : {"", "RTP/AVP/TCP;interleaved=0-1", "RTP/SAVP;unicast", ",,,"}) {
    EXPECT_EQ(parse_transport(text).error(), TransportError::UnknownProfile) << text;
  }
  EXPECT_EQ(parse_transport("RTP/AVP/UDP;multicast;destination=239.0.0.11").error(), TransportError::BadPort);
  EXPECT_EQ(parse_transport("RTP/AVP/UDP;multicast;port=15550").error(), TransportError::NoGroup);
  EXPECT_EQ(parse_transport("RTP/AVP/UDP;multicast;destination=10.0.0.1;port=15550").error(),
            TransportError::NoGroup);
}

}  // namespace
}  // namespace wfdcast::rtsp
