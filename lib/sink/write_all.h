// write(2), until everything is written or cannot be.
#pragma once

#include <cstddef>
#include <string_view>

namespace webtap::sink {

// Gives how much was written; `error` is 0 if that is everything, and errno otherwise.
std::size_t write_all(int descriptor, std::string_view bytes, int& error);

}  // namespace webtap::sink
