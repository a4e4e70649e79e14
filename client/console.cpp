#include "client/console.h"

#include <cstdio>

#include "webtap/base/printable.h"

namespace webtap::client {
namespace {

constexpr std::size_t kLongest = 4096;

}  // namespace

void Console::say(const std::string& text) {
  const std::string line = "webtap-client: " + printable(text, kLongest) + "\n";
  const std::lock_guard lock(mutex_);
  std::fputs(line.c_str(), stderr);
}

}  // namespace webtap::client
