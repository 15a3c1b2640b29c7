#include "wfd/device_information.h"

#include <gtest/gtest.h>

#include <array>

#include "base/text.h"

namespace wfdcast {
namespace {

std::vector<std::uint8_t> hex(std::string_view text) { return from_hex(text).value(); }

std::string written(const DeviceInformation& information) {
  std::array<std::uint8_t, 16> memory{};
  ByteWriter out(memory);
  write_device_information(out, information);
  EXPECT_TRUE(out.ok());
  return to_hex(out.written());
}

// What `WFD_SUBELEM_SET 0 000600111c440032` sets in wpa_supplicant.
TEST(DeviceInformation, WritesTheSubelementOfAPrimarySink) {
  EXPECT_EQ(written({.role = Role::PrimarySink, .control_port = 7236, .max_throughput = 50}),
            "00000600111c440032");
}

TEST(DeviceInformation, ReadsTheSubelementOfAVendorElement) {
  const auto element = hex("dd0d506f9a0a00000600111c440032");
  ByteReader in(element);
  in.skip(6);  // DD, length, 50 6F 9A 0A
  const auto subelement = next_subelement(in);
  ASSERT_TRUE(subelement);
  EXPECT_EQ(subelement->id, DeviceInformation::kId);
  EXPECT_EQ(parse_device_information(subelement->body),
            (DeviceInformation{
                .role = Role::PrimarySink, .available = true, .control_port = 7236, .max_throughput = 50}));
  EXPECT_FALSE(next_subelement(in));
  EXPECT_TRUE(in.ok());
}

TEST(DeviceInformation, GoesThereAndBack) {
  for (const Role role : {Role::Source, Role::PrimarySink, Role::SecondarySink, Role::Dual}) {
    for (const bool available : {false, true}) {
      const DeviceInformation information{
          .role = role, .available = available, .control_port = 0xABCD, .max_throughput = 0x0123};
      const auto bytes = hex(written(information));
      ByteReader in(bytes);
      EXPECT_EQ(parse_device_information(next_subelement(in)->body), information);
    }
  }
}

TEST(DeviceInformation, ReservedAvailabilityIsNotAvailable) {
  EXPECT_FALSE(parse_device_information(hex("00011c440032"))->available);
  EXPECT_TRUE(parse_device_information(hex("00111c440032"))->available);
  EXPECT_FALSE(parse_device_information(hex("00211c440032"))->available);
  EXPECT_FALSE(parse_device_information(hex("00311c440032"))->available);
}

TEST(DeviceInformation, OtherBitsDoNotMatter) {
  EXPECT_EQ(parse_device_information(hex("ffdd1c440032")), parse_device_information(hex("00111c440032")));
}

TEST(DeviceInformation, OfALongerBodyThePrefixCounts) {
  EXPECT_EQ(parse_device_information(hex("00111c440032ff")), parse_device_information(hex("00111c440032")));
}

TEST(DeviceInformation, AShorterBodyIsRefused) {
  const auto body = hex("00111c440032");
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(parse_device_information(ByteView(body).first(size))) << size;
  }
}

TEST(Subelement, AreReadInOrder) {
  const auto bytes =
      hex("0b00020001"
          "070000"
          "80000161");
  ByteReader in(bytes);
  const auto r2 = next_subelement(in);
  ASSERT_TRUE(r2);
  EXPECT_EQ(r2->id, 11);
  EXPECT_EQ(to_hex(r2->body), "0001");
  EXPECT_TRUE(next_subelement(in)->body.empty());
  EXPECT_EQ(as_text(next_subelement(in)->body), "a");
  EXPECT_FALSE(next_subelement(in));
  EXPECT_TRUE(in.ok());
}

TEST(Subelement, ALengthPastTheEndIsNotOk) {
  for (const auto* text : {"80", "8000", "800001", "80000261", "80ffff61"}) {
    const auto bytes = hex(text);
    ByteReader in(bytes);
    EXPECT_FALSE(next_subelement(in)) << text;
    EXPECT_FALSE(in.ok()) << text;
  }
}

TEST(Subelement, IsWrittenAsItIsRead) {
  std::array<std::uint8_t, 8> memory{};
  ByteWriter out(memory);
  write_subelement(out, 200, as_bytes("abc"));
  EXPECT_EQ(to_hex(out.written()), "c80003616263");
  write_subelement(out, 1, as_bytes("x"));
  EXPECT_FALSE(out.ok());
}

}  // namespace
}  // namespace wfdcast
