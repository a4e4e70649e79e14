// What several groups of options need: values checked, and what is wrong with them said.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/usage_error.h"
#include "webtap/base/quantity.h"

namespace webtap::agent {

// "a|b|c".
template <typename Enum>
std::string choice_list(const std::map<std::string, Enum>& choices) {
  std::string list;
  for (const auto& [text, unused] : choices) list += (list.empty() ? "" : "|") + text;
  return list;
}

// These throw OptionError.
template <typename Enum>
Enum checked_choice(const std::string& option, const std::string& text,
                    const std::map<std::string, Enum>& choices) {
  const auto found = choices.find(text);
  if (found != choices.end()) return found->second;
  throw OptionError(option, "is one of " + choice_list(choices) + ", not '" + text + "'");
}

std::uint64_t checked_size(const std::string& option, const std::string& text);
Duration checked_age(const std::string& option, const std::string& text);
ListenAddress checked_listen_address(const std::string& option, const std::string& text);
// A number from `least` to `most`.
std::uint64_t checked_number(const std::string& option, const std::string& text, std::uint64_t least,
                             std::uint64_t most);
// Gives the text; it must not hold control characters.
const std::string& checked_text(const std::string& option, const std::string& text);

// "a, b" and "c" are a, b and c.
std::vector<std::string> split_names(const std::vector<std::string>& lists);

}  // namespace webtap::agent
