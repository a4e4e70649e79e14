// Says what could not be written: once a minute for each reason, however many events that is.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace webtap::sink {

class WriteErrors {
 public:
  using Say = std::function<void(const std::string&)>;

  explicit WriteErrors(Say say) : say_(std::move(say)) {}

  // `what` was attempted, `error` is why it failed (errno), `lost` events are lost by it.
  void report(const std::string& what, int error, std::uint64_t lost);
  std::uint64_t lost() const { return lost_; }

 private:
  using Clock = std::chrono::steady_clock;

  Say say_;
  std::map<int, Clock::time_point> said_;  // by reason
  std::uint64_t lost_ = 0;
};

}  // namespace webtap::sink
