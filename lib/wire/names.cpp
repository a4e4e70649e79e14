#include <array>

#include "webtap/wire/frame.h"

namespace webtap::wire {
namespace {

template <std::size_t size, typename Enum>
std::string_view at(const std::array<std::string_view, size>& names, Enum number) {
  const auto index = static_cast<std::size_t>(number);
  return names[index < size ? index : 0];
}

}  // namespace

std::string_view name_of(GapReason reason) {
  static constexpr std::array<std::string_view, 8> kNames{
      "unspecified", "retention", "damage", "disk-full", "write-error", "overload", "too-large", "restart"};
  return at(kNames, reason);
}

std::string_view name_of(GoodbyeCode code) {
  static constexpr std::array<std::string_view, 6> kNames{"unspecified", "done",    "shutdown",
                                                          "replaced",    "revoked", "overload"};
  return at(kNames, code);
}

std::string_view name_of(ErrorCode code) {
  static constexpr std::array<std::string_view, 11> kNames{"unspecified",     "malformed",
                                                           "frame-too-large", "unexpected",
                                                           "version",         "invalid-subscription",
                                                           "not-permitted",   "too-many-connections",
                                                           "invalid-ack",     "timed-out",
                                                           "internal"};
  return at(kNames, code);
}

}  // namespace webtap::wire
