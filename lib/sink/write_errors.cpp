#include "webtap/sink/write_errors.h"

#include "webtap/base/error_text.h"
#include "webtap/sink/output_directory.h"

namespace webtap::sink {

void WriteErrors::report(const std::string& what, int error, std::uint64_t lost) {
  lost_ += lost;
  const Clock::time_point now = Clock::now();
  const auto [said, first] = said_.try_emplace(error, now);
  if (!first && now - said->second < std::chrono::minutes(1)) return;
  said->second = now;
  say_(what + ": " + error_text(error) + " (events lost so far: " + std::to_string(lost_) + ")");
}

}  // namespace webtap::sink
