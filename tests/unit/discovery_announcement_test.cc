#include "discovery/announcement.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/hex_dump.h"

namespace wfdcast::discovery {
namespace {

constexpr std::size_t kHeader = 6;
constexpr std::uint8_t kNameId = 129;
constexpr std::uint8_t kKnownIds[] = {0, 128, kNameId, 130, 131, 132, 133, 134, 136, 138, 139};
constexpr std::uint8_t kUnknownIds[] = {1, 11, 127, 142, 143, 144, 200, 255};

Beacon lobby() {
  return {.id = parse_device_id("00112233445566778899aabbccddeeff").value(),
          .name = "Lobby",
          .address = Ipv4Address::from_octets(192, 168, 1, 20),
          .information = {},
          .boot_id = 0x0123456789ABCDEF,
          .sequence = 42,
          .state = SinkState::Available,
          .interval = 1s,
          .cookie = Cookie{0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xAB, 0xAC, 0xAD,
                           0xAE, 0xAF}};
}
Beacon playing() {
  Beacon beacon = lobby();
  beacon.name = std::string("H\xC3\xB6r-1\0!", 8);
  beacon.information.available = false;
  beacon.sequence = 0xFFFFFFFF;
  beacon.state = SinkState::Playing;
  beacon.interval = 500ms;
  beacon.cookie.reset();
  return beacon;
}
DeviceId source() { return parse_device_id("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff").value(); }
Invitation invitation() {
  return {.source = source(),
          .sink = lobby().id,
          .name = "Stage",
          .information = {.role = Role::Source},
          .token = parse_token("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf").value(),
          .boot_id = lobby().boot_id,
          .sequence = 42};
}
Goodbye goodbye() {
  return {.id = lobby().id, .boot_id = lobby().boot_id, .sequence = 43, .cookie = lobby().cookie};
}

struct Sample {
  const char* file;
  Announcement announcement;
};
std::vector<Sample> samples() {
  return {{"beacon", lobby()},
          {"broadcast", playing()},
          {"probe", Probe{source(), lobby().cookie}},
          {"probe_all", Probe{source(), {}}},
          {"invitation", invitation()},
          {"goodbye", goodbye()}};
}

// Where each TLV of `datagram` starts, and the end.
std::vector<std::size_t> boundaries(ByteView datagram) {
  std::vector<std::size_t> at{kHeader};
  ByteReader in(datagram.subspan(kHeader));
  while (next_subelement(in)) at.push_back(datagram.size() - in.remaining());
  return at;
}

std::vector<std::uint8_t> with_tlv(std::vector<std::uint8_t> datagram, std::uint8_t id,
                                   std::vector<std::uint8_t> body) {
  std::array<std::uint8_t, 600> memory{};
  ByteWriter out(memory);
  write_subelement(out, id, body);
  datagram.insert(datagram.end(), out.written().begin(), out.written().end());
  return datagram;
}

// `datagram` with the TLV `id` replaced by `body`, or taken out.
std::vector<std::uint8_t> replaced(ByteView datagram, std::uint8_t id,
                                   std::optional<std::vector<std::uint8_t>> body) {
  std::vector<std::uint8_t> result(datagram.begin(), datagram.begin() + kHeader);
  ByteReader in(datagram.subspan(kHeader));
  while (const auto element = next_subelement(in)) {
    if (element->id != id) {
      result = with_tlv(result, element->id, {element->body.begin(), element->body.end()});
    } else if (body) {
      result = with_tlv(result, id, *body);
    }
  }
  return result;
}

TEST(Announcement, HasTheBytesOfTheHexDumps) {
  for (const auto& [file, announcement] : samples()) {
    const auto dump = read_hex_dump(std::string("beacon/") + file + ".hex");
    EXPECT_EQ(to_hex(serialize(announcement)), to_hex(dump)) << file;
    const auto parsed = parse_announcement(dump);
    ASSERT_TRUE(parsed) << file << ": " << to_string(parsed.error());
    EXPECT_EQ(*parsed, announcement) << file;
  }
}

TEST(Announcement, TheDumpInTheDocumentIsTheBeacon) {
  const std::string document = read_text_file("../../docs/protocol.md");
  EXPECT_NE(document.find("```hex\n" + read_text_file("beacon/beacon.hex") + "```"), std::string::npos)
      << "docs/protocol.md must show tests/data/beacon/beacon.hex as it is";
}

TEST(Announcement, CutAtEachLengthIsRefusedUnlessAllItNeedsIsThere) {
  for (const auto& [file, announcement] : samples()) {
    const auto datagram = serialize(announcement);
    const auto whole = boundaries(datagram);
    for (std::size_t size = 0; size < datagram.size(); ++size) {
      const auto parsed = parse_announcement(ByteView(datagram).first(size));
      const bool between = std::ranges::find(whole, size) != whole.end();
      if (!between) {
        ASSERT_FALSE(parsed) << file << " " << size;
        EXPECT_EQ(parsed.error(), AnnouncementError::Truncated) << file << " " << size;
      } else if (!parsed) {
        EXPECT_EQ(parsed.error(), AnnouncementError::Missing) << file << " " << size;
      } else {
        EXPECT_NE(*parsed, announcement) << "only optional fields can be cut off: " << file << " " << size;
      }
    }
  }
}

TEST(Announcement, EachFieldButTheOptionalOnesIsNeeded) {
  for (const auto& [file, announcement] : samples()) {
    const auto datagram = serialize(announcement);
    for (const std::uint8_t id : kKnownIds) {
      const auto shorter = replaced(datagram, id, std::nullopt);
      if (shorter.size() == datagram.size()) continue;
      const auto parsed = parse_announcement(shorter);
      const bool optional = id == 129 || id == 134 || id == 136;  // name, interval, cookie
      EXPECT_EQ(parsed.has_value(), optional) << file << " " << int{id};
      if (!parsed) {
        EXPECT_EQ(parsed.error(), AnnouncementError::Missing) << file << " " << int{id};
      }
    }
  }
}

TEST(Announcement, ShortFieldsAreBad) {
  for (const auto& [file, announcement] : samples()) {
    const auto datagram = serialize(announcement);
    for (const std::uint8_t id : kKnownIds) {
      if (id == kNameId) continue;  // may be empty
      if (replaced(datagram, id, std::nullopt).size() == datagram.size()) continue;
      const auto parsed = parse_announcement(replaced(datagram, id, std::vector<std::uint8_t>{}));
      ASSERT_FALSE(parsed) << file << " " << int{id};
      EXPECT_EQ(parsed.error(), AnnouncementError::BadField) << file << " " << int{id};
    }
  }
}

TEST(Announcement, ImpossibleValuesAreBad) {
  const auto bad = [](const Announcement& announcement, std::uint8_t id, std::vector<std::uint8_t> body) {
    const auto parsed = parse_announcement(replaced(serialize(announcement), id, body));
    return !parsed && parsed.error() == AnnouncementError::BadField;
  };
  EXPECT_TRUE(bad(lobby(), 129, std::vector<std::uint8_t>(65, 'x'))) << "name of 65 bytes";
  EXPECT_FALSE(bad(lobby(), 129, std::vector<std::uint8_t>(64, 'x')));
  EXPECT_TRUE(bad(lobby(), 130, {0, 192, 168, 1, 20})) << "family 0";
  EXPECT_TRUE(bad(lobby(), 130, std::vector<std::uint8_t>(17, 2))) << "family 2: IPv6";
  EXPECT_TRUE(bad(lobby(), 133, {5})) << "state 5";
  EXPECT_FALSE(bad(lobby(), 133, {4}));
  EXPECT_TRUE(bad(invitation(), 0, {0, 0x10, 0, 0, 0, 50})) << "RTSP port 0";
}

TEST(Announcement, OfLongerFieldsThePrefixCounts) {
  auto longer = replaced(serialize(lobby()), 131, std::vector<std::uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9});
  const auto parsed = parse_announcement(longer);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(std::get<Beacon>(*parsed).boot_id, 0x0102030405060708u);
}

TEST(Announcement, UnknownTlvsAreSkipped) {
  auto datagram = serialize(lobby());
  for (const std::uint8_t id : kUnknownIds) datagram = with_tlv(datagram, id, {1, 2, 3});
  EXPECT_EQ(parse_announcement(datagram), Announcement{lobby()});
  EXPECT_EQ(parse_announcement(read_hex_dump("beacon/unknown_tlv.hex")), (Announcement{Probe{source(), {}}}));
}

TEST(Announcement, TheFirstOfAnIdWins) {
  auto datagram = with_tlv(serialize(lobby()), 129, {'E', 'v', 'e'});
  datagram = with_tlv(datagram, 132, {0xFF, 0xFF, 0xFF, 0xFF});
  datagram = with_tlv(datagram, 133, {99});
  EXPECT_EQ(parse_announcement(datagram), Announcement{lobby()});
}

TEST(Announcement, AtMost512Bytes) {
  auto datagram = serialize(lobby());
  datagram = with_tlv(datagram, 200, std::vector<std::uint8_t>(kMaxDatagram - datagram.size() - 3));
  ASSERT_EQ(datagram.size(), kMaxDatagram);
  EXPECT_TRUE(parse_announcement(datagram));
  datagram.push_back(0);
  const auto parsed = parse_announcement(datagram);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error(), AnnouncementError::TooLong);
}

TEST(Announcement, HeaderErrorsAreToldApart) {
  const auto error_with = [](std::size_t at, std::uint8_t value) {
    auto datagram = serialize(lobby());
    datagram[at] = value;
    return parse_announcement(datagram).error();
  };
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(error_with(i, 0), AnnouncementError::BadMagic);
  EXPECT_EQ(error_with(4, 0), AnnouncementError::UnknownVersion);
  EXPECT_EQ(error_with(4, 2), AnnouncementError::UnknownVersion);
  EXPECT_EQ(error_with(5, 0), AnnouncementError::UnknownKind);
  EXPECT_EQ(error_with(5, 5), AnnouncementError::UnknownKind);
}

TEST(Announcement, NamesAreCutAt64BytesBetweenCharacters) {
  const auto name_sent = [](std::string name) {
    Beacon beacon = lobby();
    beacon.name = std::move(name);
    return std::get<Beacon>(*parse_announcement(serialize(beacon))).name;
  };
  const std::string x63(63, 'x');
  EXPECT_EQ(name_sent(x63 + "yz"), x63 + "y");
  EXPECT_EQ(name_sent(x63 + "ö"), x63);
  EXPECT_EQ(name_sent(x63.substr(1) + "ö!"), x63.substr(1) + "ö");
  EXPECT_EQ(name_sent(x63.substr(1) + "€"), x63.substr(1));
  EXPECT_EQ(name_sent(x63.substr(2) + "\xF0\x9F\x93\xBA"), x63.substr(2));
  EXPECT_EQ(name_sent(x63.substr(3) + "\xF0\x9F\x93\xBA!"), x63.substr(3) + "\xF0\x9F\x93\xBA");
  EXPECT_EQ(name_sent(std::string(1000, '\x80')).size(), 64u) << "not UTF-8 at all";
}

TEST(Announcement, TheLongestFitsInADatagram) {
  Beacon beacon = lobby();
  beacon.name = std::string(1000, 'x');
  Invitation longest = invitation();
  longest.name = beacon.name;
  for (const Announcement& announcement : {Announcement{beacon}, Announcement{longest}}) {
    const auto datagram = serialize(announcement);
    EXPECT_LE(datagram.size(), kMaxDatagram / 2) << "room for a key and a signature";
    EXPECT_TRUE(parse_announcement(datagram));
  }
}

TEST(Announcement, AnIntervalOutOfRangeIsClamped) {
  for (const auto& [sent, received] :
       {std::pair{std::chrono::milliseconds(-1), std::chrono::milliseconds(0)},
        {std::chrono::milliseconds(std::int64_t{1} << 40),
         std::chrono::milliseconds(std::numeric_limits<std::uint32_t>::max())}}) {
    Beacon beacon = lobby();
    beacon.interval = sent;
    EXPECT_EQ(std::get<Beacon>(*parse_announcement(serialize(beacon))).interval, received);
  }
}

// Any single byte changed: an error, or an announcement that serialises to its own fixed point.
TEST(Announcement, DamagedDatagramsAreRefusedOrConsistent) {
  for (const auto& [file, announcement] : samples()) {
    const auto datagram = serialize(announcement);
    for (std::size_t at = 0; at < datagram.size(); ++at) {
      for (int value = 0; value < 256; ++value) {
        auto damaged = datagram;
        damaged[at] = static_cast<std::uint8_t>(value);
        const auto parsed = parse_announcement(damaged);
        if (parsed) {
          ASSERT_EQ(parse_announcement(serialize(*parsed)), *parsed) << file << " " << at << " " << value;
        }
      }
    }
  }
}

}  // namespace
}  // namespace wfdcast::discovery
