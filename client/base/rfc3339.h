// Times as RFC 3339 has them: "2026-11-22T03:45:19.598773Z".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "webtap/base/time.h"

namespace webtap::client {

// In UTC, with microseconds.
std::string rfc3339(Timestamp time);
// With or without a fraction of a second, of which microseconds are kept; `Z`, or an offset as "+01:00".
std::optional<Timestamp> parse_rfc3339(std::string_view text);

}  // namespace webtap::client
