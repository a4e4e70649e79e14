// What people read on standard error. From any thread.
#pragma once

#include <mutex>
#include <string>

namespace webtap::client {

class Console {
 public:
  // "webtap-client: TEXT", with nothing in it that a terminal would obey.
  void say(const std::string& text);

 private:
  std::mutex mutex_;
};

}  // namespace webtap::client
