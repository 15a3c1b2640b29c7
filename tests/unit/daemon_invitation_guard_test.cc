#include "daemon/invitation_guard.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace wfdcast::daemon {
namespace {

constexpr Time kStart{1h};
constexpr Ipv4Address kSource{0x0a4d0001};

class Guard : public testing::Test {
 protected:
  Guard() {
    entry.pending_until = std::nullopt;
    entry.key = source.public_key();
    EXPECT_TRUE(trust.add(entry));
  }
  ~Guard() override { std::filesystem::remove_all(directory); }

  static std::string make_directory() {
    char name[] = "/tmp/wfdguardXXXXXX";
    return ::mkdtemp(name);
  }
  discovery::Invitation invitation() {
    return {.source = source.id(),
            .sink = {},
            .name = "Desk",
            .information = {.role = Role::Source, .control_port = 7236},
            .token = {{9}},
            .boot_id = 1,
            .sequence = 1,
            .purpose = discovery::Purpose::Session,
            .key = source.public_key(),
            .cookie = guard.cookie_for(kSource)};
  }
  bool accepts(const discovery::Invitation& invitation, const security::Identity& signer, bool recent = true,
               Ipv4Address sender = kSource) {
    auto datagram = discovery::serialize(invitation);
    discovery::append_signature(datagram, signer.sign(security::announcement_message(datagram)));
    return guard.accepts(invitation, datagram, sender, recent, kStart);
  }

  bool accepts_from(std::uint32_t address, const security::Identity& signer) {
    auto from_there = invitation();
    from_there.cookie = guard.cookie_for({address});
    return accepts(from_there, signer, true, {address});
  }

  std::string directory = make_directory();
  Config config = [this] {
    Config made;
    made.state.directory = directory;
    made.security.trusted_directory = directory + "/none";
    return made;
  }();
  platform::EventLoop loop;
  Trust trust{loop, config};
  security::Identity source = security::Identity::generate(), stranger = security::Identity::generate();
  security::TrustEntry entry;
  bool open = false;
  std::array<std::uint8_t, 16> secret{};
  InvitationGuard guard{trust, secret, 5, [this] { return open; }};
};

TEST_F(Guard, TakesWhatATrustedSourceSigned) { EXPECT_TRUE(accepts(invitation(), source)); }

TEST_F(Guard, TheCookieComesFirst) {
  auto without = invitation();
  without.cookie.reset();
  EXPECT_FALSE(accepts(without, source));
  EXPECT_FALSE(accepts(invitation(), source, true, {kSource.value + 1})) << "it is another address's";
  EXPECT_EQ(guard.counters().foreign, 2U);
}

TEST_F(Guard, OnlyThatKeySigns) {
  EXPECT_FALSE(accepts(invitation(), stranger));
  EXPECT_EQ(guard.counters().bad_signature, 1U);
  auto other = invitation();
  other.key = stranger.public_key();
  EXPECT_FALSE(accepts(other, stranger));
  other.source = stranger.id();
  EXPECT_FALSE(accepts(other, stranger));
}

TEST_F(Guard, WithoutTheRightToShowItIsNothing) {
  entry.rights = {.show = false, .watch = true};
  ASSERT_TRUE(trust.add(entry));
  EXPECT_FALSE(accepts(invitation(), source));
}

TEST_F(Guard, ReplaysAreSeen) {
  EXPECT_FALSE(accepts(invitation(), source, false)) << "an old sequence";
  EXPECT_TRUE(accepts(invitation(), source));
  guard.use(invitation().token);
  EXPECT_FALSE(accepts(invitation(), source)) << "its session has been";
  EXPECT_EQ(guard.counters().replayed, 2U);
}

TEST_F(Guard, StrangersMayPairWhileTheWindowIsOpen) {
  auto pairing = invitation();
  pairing.purpose = discovery::Purpose::Pairing;
  pairing.key = stranger.public_key();
  pairing.source = stranger.id();
  EXPECT_FALSE(accepts(pairing, stranger));
  open = true;
  EXPECT_TRUE(accepts(pairing, stranger));
  pairing.source = source.id();
  EXPECT_FALSE(accepts(pairing, stranger)) << "the id is another key's";
}

TEST_F(Guard, SignaturesCheckedAreLimited) {
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(accepts(invitation(), stranger));
  EXPECT_EQ(guard.counters().bad_signature, 1U) << "no more from there for a while";
  EXPECT_TRUE(accepts_from(kSource.value + 1, source));
  for (int i = 0; i < 100; ++i) (void)accepts_from(kSource.value + 1, stranger);
  EXPECT_EQ(guard.counters().bad_signature, 4U) << "in the name of a source's address: its share, no more";
}

TEST_F(Guard, WhoHasManyAddressesLeavesSignaturesToOthers) {
  ASSERT_TRUE(accepts(invitation(), source));
  for (std::uint32_t i = 1; i < 1000; ++i) EXPECT_FALSE(accepts_from(i, stranger));
  EXPECT_LE(guard.counters().bad_signature, 3U);
  EXPECT_TRUE(accepts(invitation(), source)) << "a half is kept for where sources are";
}

TEST_F(Guard, TrustAndIdentityOutliveARestart) {
  const PublicKey before = trust.identity().public_key();
  Trust again(loop, config);
  EXPECT_EQ(again.identity().public_key(), before);
  ASSERT_NE(again.store().find(source.public_key()), nullptr);
  ASSERT_TRUE(again.remove(source.public_key()));
  // Another instance has changed the file: what is there counts.
  security::TrustEntry other{.key = stranger.public_key(), .name = "Other", .pending_until = std::nullopt};
  ASSERT_TRUE(trust.add(other));
  EXPECT_EQ(trust.store().find(source.public_key()), nullptr);
  EXPECT_NE(trust.store().find(stranger.public_key()), nullptr);
}

TEST_F(Guard, PairingsOutliveAFileThatCannotBeReadForAWhile) {
  const std::string file = directory + "/trusted", aside = directory + "/aside";
  std::filesystem::rename(file, aside);
  std::filesystem::create_directory(file);
  trust.reload();
  EXPECT_NE(trust.store().find(source.public_key()), nullptr);
  security::TrustEntry other{.key = stranger.public_key(), .name = "Other", .pending_until = std::nullopt};
  EXPECT_FALSE(trust.add(other)) << "it is not saved, and says so";
  EXPECT_NE(trust.store().find(source.public_key()), nullptr);
  EXPECT_NE(trust.store().find(stranger.public_key()), nullptr);
  std::filesystem::remove(file);
  std::filesystem::rename(aside, file);
  EXPECT_TRUE(trust.add(other));
  EXPECT_NE(Trust(loop, config).store().find(source.public_key()), nullptr)
      << "what was there is there again";
}

}  // namespace
}  // namespace wfdcast::daemon
