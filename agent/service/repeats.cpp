#include "agent/service/repeats.h"

#include <algorithm>

namespace webtap::service {

bool Repeats::is_due(const std::string& text, Clock::time_point now) {
  refill(now);
  const std::string key = text.substr(0, kLongest);
  const auto found = said_.find(key);
  if (found != said_.end() && now - found->second.since < kPeriod) {
    if (++found->second.times > kOften) return false;
  } else if (found == said_.end() && said_.size() < kRemembered) {
    said_.emplace(key, Said{now, 1});
  }
  if (left_ < 1) {
    ++beyond_;
    return false;
  }
  left_ -= 1;
  return true;
}

std::vector<std::string> Repeats::left_out(Clock::time_point now) {
  std::vector<std::string> sentences;
  for (auto entry = said_.begin(); entry != said_.end();) {
    if (now - entry->second.since < kPeriod) {
      ++entry;
      continue;
    }
    if (entry->second.times > kOften) {
      sentences.push_back("said " + std::to_string(entry->second.times - kOften) +
                          " more times: " + entry->first);
    }
    entry = said_.erase(entry);
  }
  refill(now);
  if (beyond_ != 0 && left_ >= kBurst / 2.0) {
    sentences.push_back(std::to_string(beyond_) + " further messages were left out");
    beyond_ = 0;
  }
  return sentences;
}

void Repeats::refill(Clock::time_point now) {
  if (filled_ != Clock::time_point{}) {
    left_ += std::chrono::duration<double>(now - filled_).count() * kEachSecond;
    left_ = std::clamp(left_, 0.0, double{kBurst});
  }
  filled_ = now;
}

}  // namespace webtap::service
