#include "client/sinks/url_options.h"

#include <algorithm>
#include <charconv>

#include "client/base/exit_status.h"

namespace webtap::client {
namespace {

std::string list_of(std::initializer_list<std::string_view> words) {
  std::string list;
  for (const std::string_view word : words) list += (list.empty() ? "" : ", ") + std::string(word);
  return list;
}

}  // namespace

void allow_options(const SinkUrl& url, std::initializer_list<std::string_view> names) {
  for (const auto& [name, value] : url.options) {
    if (std::ranges::find(names, name) == names.end()) {
      throw UsageError("the sink " + url.scheme + ": has no option '" + name +
                       "'; it has: " + list_of(names));
    }
  }
}

std::string_view choice_option(const SinkUrl& url, std::string_view name,
                               std::initializer_list<std::string_view> choices) {
  const auto given = url.options.find(std::string(name));
  if (given == url.options.end()) return *choices.begin();
  const auto found = std::ranges::find(choices, given->second);
  if (found == choices.end()) {
    throw UsageError("the option '" + std::string(name) + "' of the sink " + url.scheme + ": is one of " +
                     list_of(choices) + ", not '" + given->second + "'");
  }
  return *found;
}

std::uint64_t number_option(const SinkUrl& url, std::string_view name, std::uint64_t usual,
                            std::uint64_t most) {
  const auto given = url.options.find(std::string(name));
  if (given == url.options.end()) return usual;
  const std::string& text = given->second;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > most) {
    throw UsageError("the option '" + std::string(name) + "' of the sink " + url.scheme +
                     ": is a number of at most " + std::to_string(most) + ", not '" + text + "'");
  }
  return number;
}

std::string text_option(const SinkUrl& url, std::string_view name, std::string_view usual) {
  const auto given = url.options.find(std::string(name));
  return given == url.options.end() ? std::string(usual) : given->second;
}

}  // namespace webtap::client
