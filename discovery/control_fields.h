#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/endpoint.h"
#include "base/mac_address.h"

namespace wfdcast::discovery {

// The words of a control interface line: blank-separated, some of them key=value.
// Only for text that no peer wrote: names are cut out before.
class ControlFields {
 public:
  explicit ControlFields(std::string_view text) : text_(text) {}

  // The first word; it is taken off.
  [[nodiscard]] std::string_view take();
  // Of the first `key=` word; nullopt when there is none.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view key) const;
  [[nodiscard]] MacAddress mac(std::string_view key) const;             // zero when missing or malformed
  [[nodiscard]] std::optional<int> number(std::string_view key) const;  // decimal, or hex with 0x
  [[nodiscard]] Ipv4Address address(std::string_view key) const;
  [[nodiscard]] bool has_word(std::string_view word) const;

 private:
  std::string_view text_;
};

// Undoes wpa_supplicant's printf_encode: \" \\ \e \n \r \t \xHH. What is malformed stays as it is.
[[nodiscard]] std::string unescape(std::string_view text);

}  // namespace wfdcast::discovery
