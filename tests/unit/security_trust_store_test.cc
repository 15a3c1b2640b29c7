#include "security/trust_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "security/identity.h"

namespace wfdcast::security {
namespace {

constexpr Time kStart{1h};
const std::string kKey(64, 'a');

PublicKey key_of(std::uint8_t number) {
  PublicKey key;
  key.bytes.fill(number);
  return key;
}
TrustEntry entry_of(std::uint8_t number) {
  return {.key = key_of(number), .name = "Board", .pending_until = std::nullopt};
}
TrustEntry pending_of(std::uint8_t number) {
  TrustEntry entry = entry_of(number);
  entry.pending_until = kStart + TrustStore::kPendingLife;
  return entry;
}

TEST(TrustLine, IsWhatIdentitySays) {
  const auto entry = parse_trust_line(identity_line(key_of(7), "Lobby left"), kStart);
  ASSERT_TRUE(entry);
  EXPECT_EQ(*entry, (TrustEntry{.key = key_of(7), .name = "Lobby left", .pending_until = std::nullopt}));
  EXPECT_EQ(entry->rights, kDefaultRights);
}

TEST(TrustLine, ComesBackAsItWas) {
  for (const Rights rights : {Rights{}, Rights{.show = true}, Rights{.watch = true, .input = true}}) {
    for (const auto until : {std::optional<Time>(), std::optional<Time>(kStart + TrustStore::kPendingLife)}) {
      for (const std::string name : {"", "Lobby", "pending room"}) {
        TrustEntry entry{.key = key_of(1), .name = name, .rights = rights, .pending_until = until};
        if (!until && name == "pending room") continue;  // reads as pending: never more than it should be
        EXPECT_EQ(parse_trust_line(to_line(entry), kStart).value(), entry) << to_line(entry);
      }
    }
  }
}

TEST(TrustLine, OtherLinesAreRefused) {
  for (const std::string& line : {std::string(), std::string("wfdcast-ed25519"), "ssh-ed25519 " + kKey,
                                  "wfdcast-ed25519 " + kKey.substr(1), "wfdcast-ed25519 " + kKey + "aa",
                                  "wfdcast-ed25519 " + kKey + " rights=may-steal"}) {
    EXPECT_FALSE(parse_trust_line(line, kStart)) << line;
  }
}

TEST(TrustLine, NamesAreSafeToShow) {
  const auto entry =
      parse_trust_line("wfdcast-ed25519 " + kKey + " \x1b[31mred" + std::string(100, 'x'), kStart);
  ASSERT_TRUE(entry);
  EXPECT_TRUE(entry->name.starts_with("[31mred"));
  EXPECT_LE(entry->name.size(), 64U);
}

TEST(TrustStore, FindsByWholeKeyAndById) {
  TrustStore store;
  ASSERT_TRUE(store.add(entry_of(1)));
  ASSERT_TRUE(store.add(entry_of(2)));
  EXPECT_EQ(store.find(key_of(2))->key, key_of(2));
  EXPECT_EQ(store.find(device_id_of(key_of(1)))->key, key_of(1));
  EXPECT_EQ(store.find(key_of(3)), nullptr);
  EXPECT_TRUE(store.remove(key_of(1)));
  EXPECT_FALSE(store.remove(key_of(1)));
  EXPECT_EQ(store.find(device_id_of(key_of(1))), nullptr);
  EXPECT_EQ(store.find(device_id_of(key_of(2)))->key, key_of(2));
}

TEST(TrustStore, PendingEndsByAHandshakeOrByTime) {
  TrustStore store;
  ASSERT_TRUE(store.add(pending_of(1)));
  ASSERT_TRUE(store.add(pending_of(2)));
  EXPECT_EQ(store.next_deadline(), kStart + TrustStore::kPendingLife);
  EXPECT_TRUE(store.promote(key_of(1)));
  EXPECT_FALSE(store.promote(key_of(1)));
  EXPECT_FALSE(store.promote(key_of(3)));
  EXPECT_FALSE(store.expire(kStart + TrustStore::kPendingLife - 1s));
  EXPECT_TRUE(store.expire(kStart + TrustStore::kPendingLife));
  EXPECT_TRUE(store.find(key_of(1))->trusted());
  EXPECT_EQ(store.find(key_of(2)), nullptr);
  EXPECT_FALSE(store.next_deadline());
}

TEST(TrustStore, PairingAgainDoesNotTakeTrustAway) {
  TrustStore store;
  ASSERT_TRUE(store.add(entry_of(1)));
  ASSERT_TRUE(store.add(pending_of(1)));
  EXPECT_TRUE(store.find(key_of(1))->trusted());
  EXPECT_EQ(store.entries().size(), 1U);
}

TEST(TrustStore, ProvisionedEntriesStayOutOfTheFile) {
  TrustStore store;
  ASSERT_TRUE(store.add(entry_of(1)));
  store.set_provisioned({entry_of(1), entry_of(2)});
  EXPECT_EQ(store.entries().size(), 2U);
  EXPECT_EQ(store.text(), to_line(entry_of(1)) + "\n");
  store.set_provisioned({entry_of(3)});
  EXPECT_EQ(store.find(key_of(2)), nullptr);
  EXPECT_NE(store.find(key_of(3)), nullptr);
  EXPECT_NE(store.find(key_of(1)), nullptr);
}

TEST(TrustStore, IsLimited) {
  TrustStore store;
  TrustEntry entry = entry_of(0);
  for (std::size_t i = 0; i < TrustStore::kMaxEntries; ++i) {
    entry.key.bytes[0] = static_cast<std::uint8_t>(i);
    entry.key.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    ASSERT_TRUE(store.add(entry));
  }
  entry.key.bytes[2] = 1;
  EXPECT_FALSE(store.add(entry));
}

}  // namespace
}  // namespace wfdcast::security
