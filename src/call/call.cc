#include "call/call.h"

#include <algorithm>
#include <array>

namespace weft::call {

namespace {

constexpr std::array<std::string_view, 3> state_names = {"accepted", "running", "ended"};
constexpr std::array<std::string_view, reasons> reason_names = {
    "returned", "exited", "trapped", "timed_out", "cancelled", "out_of_limits", "lost"};

template <class T>
std::optional<T> parse(const auto& names, std::string_view text) {
  auto found = std::ranges::find(names, text);
  return found == names.end() ? std::nullopt : std::optional(static_cast<T>(found - names.begin()));
}

}  // namespace

std::string_view name(State state) { return state_names[static_cast<size_t>(state)]; }
std::string_view name(Reason reason) { return reason_names[static_cast<size_t>(reason)]; }
std::optional<State> parse_state(std::string_view text) { return parse<State>(state_names, text); }
std::optional<Reason> parse_reason(std::string_view text) {
  return parse<Reason>(reason_names, text);
}

std::chrono::milliseconds Policy::wait_after(uint16_t attempt) const {
  constexpr std::chrono::milliseconds longest = std::chrono::hours(1);
  std::chrono::milliseconds wait = std::min(back_off, longest);
  for (uint16_t i = 1; i < attempt && wait < longest && wait.count() > 0; ++i) {
    wait = std::min(wait * 2, longest);
  }
  return wait;
}

}  // namespace weft::call
