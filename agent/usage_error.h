// The command line or the configuration file is wrong.
#pragma once

#include <stdexcept>
#include <string>

namespace webtap::agent {

// One sentence that says what is wrong.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// It is the value of one option: "--max-body" "is at most 1GiB".
class OptionError : public UsageError {
 public:
  OptionError(const std::string& option, const std::string& why)
      : UsageError(option + " " + why), option_(option), why_(why) {}

  const std::string& option() const { return option_; }
  const std::string& why() const { return why_; }

 private:
  std::string option_;
  std::string why_;
};

}  // namespace webtap::agent
