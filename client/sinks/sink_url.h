// A sink as the command line names it: "audit:/var/log/webtap?format=json&parts=ABFHZ".
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace webtap::client {

struct SinkUrl {
  std::string scheme;
  std::string target;                          // up to `?`
  std::map<std::string, std::string> options;  // behind it

  bool operator==(const SinkUrl&) const = default;
};

// `%3f` in target and values stands for a byte, a `?` or `&` for instance. Throws UsageError.
SinkUrl parse_sink_url(std::string_view text);
// For messages: "audit:/var/log/webtap".
std::string name_of(const SinkUrl& url);

}  // namespace webtap::client
