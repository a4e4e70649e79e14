#include "client/sinks/sink_url.h"

#include <algorithm>
#include <charconv>

#include "client/base/exit_status.h"

namespace webtap::client {
namespace {

std::string undo_percent(std::string_view text, std::string_view whole) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '%') {
      out += text[at];
      continue;
    }
    unsigned byte = 0;
    const char* const digits = text.data() + at + 1;
    const bool complete = at + 2 < text.size();
    if (!complete || std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2 || byte == 0) {
      throw UsageError("the sink '" + std::string(whole) +
                       "' has a '%' without two hexadecimal digits behind it");
    }
    out += static_cast<char>(byte);
    at += 2;
  }
  return out;
}

}  // namespace

SinkUrl parse_sink_url(std::string_view text) {
  SinkUrl url;
  const std::size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos) {
    throw UsageError("a sink is named KIND:TARGET?OPTION=VALUE&..., not '" + std::string(text) + "'");
  }
  url.scheme = text.substr(0, colon);
  std::string_view rest = text.substr(colon + 1);
  const std::size_t question = std::min(rest.find('?'), rest.size());
  url.target = undo_percent(rest.substr(0, question), text);
  rest.remove_prefix(std::min(question + 1, rest.size()));
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view option = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = option.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      throw UsageError("the sink '" + std::string(text) + "' has '" + std::string(option) +
                       "' where OPTION=VALUE is wanted");
    }
    if (!url.options.emplace(option.substr(0, equals), undo_percent(option.substr(equals + 1), text))
             .second) {
      throw UsageError("the sink '" + std::string(text) + "' has the option '" +
                       std::string(option.substr(0, equals)) + "' twice");
    }
  }
  return url;
}

std::string name_of(const SinkUrl& url) { return url.scheme + ":" + url.target; }

}  // namespace webtap::client
