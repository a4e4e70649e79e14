// How webtap-client ends, and what is wrong with a command line.
#pragma once

#include <stdexcept>

namespace webtap::client {

inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;  // something failed while running
inline constexpr int kUsage = 2;   // the command line is wrong

// The command line is wrong: one sentence that says what.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace webtap::client
