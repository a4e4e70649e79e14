// The log of a service: lines on standard error, with the time and the level, or as the journal wants them
// (sd-daemon(3): <N> in front) where standard error is the journal. Control characters become \xhh.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "agent/service/log_level.h"
#include "agent/service/repeats.h"

namespace spdlog {
class logger;
}

namespace webtap::service {

class Log {
 public:
  enum class To { Journal, Terminal };

  // To: by JOURNAL_STREAM, where it is not given. `descriptor` is not closed.
  explicit Log(LogLevel level);
  Log(LogLevel level, To to, int descriptor);
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // From any thread. What is said too often is left out, errors too: see Repeats.
  void write(LogLevel level, const std::string& text);
  void error(const std::string& text) { write(LogLevel::Error, text); }
  void warning(const std::string& text) { write(LogLevel::Warning, text); }
  void info(const std::string& text) { write(LogLevel::Info, text); }
  // Several lines that were asked for: whatever the level, none is left out.
  void print(const std::string& lines);

  void set_level(LogLevel level);
  // Now and then: says what was left out.
  void tick();

 private:
  std::unique_ptr<spdlog::logger> logger_;
  std::mutex mutex_;  // of repeats_
  Repeats repeats_;
};

// Whether standard error is the stream to the journal that JOURNAL_STREAM names (systemd.exec(5)).
bool is_on_journal(int descriptor);

}  // namespace webtap::service
