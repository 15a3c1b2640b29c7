#pragma once

namespace wfdcast {

// Lambdas as one visitor: std::visit(overloaded{[](const A&) {}, ...}, variant).
template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

}  // namespace wfdcast
