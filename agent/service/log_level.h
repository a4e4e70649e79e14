// How much the log says.
#pragma once

#include <cstdint>

namespace webtap::service {

enum class LogLevel : std::uint8_t { Error, Warning, Info, Debug };

}  // namespace webtap::service
