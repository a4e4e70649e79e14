// Points in time. All times of the data path come from packets: microseconds since 1970-01-01 UTC, the
// resolution of ModSecurity's own audit log.
#pragma once

#include <chrono>

namespace webtap {

using Duration = std::chrono::microseconds;
using Timestamp = std::chrono::sys_time<Duration>;

}  // namespace webtap
