#include "agent/console.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "webtap/base/printable.h"

namespace webtap::agent {
namespace {

// Below this a capture is read before a line could be.
constexpr std::uint64_t kSmallestShown = 64u << 20;

std::string progress_text(double seconds, double done, double total) {
  char text[96];
  const double rate = done / std::max(seconds, 1e-3);
  const double left = (total - done) / std::max(rate, 1.0);
  std::snprintf(text, sizeof text, "%5.1f %%  %.1f MB/s  %.0f s left", 100 * done / total, rate / 1e6, left);
  return text;
}

}  // namespace

void Console::say(const std::string& text) { print("webtap-agent: " + text + "\n"); }

void Console::print(const std::string& text) {
  const std::lock_guard lock(mutex_);
  erase();
  write(escape_controls(text, LineFeeds::Stay));
}

void Console::progress(std::uint64_t done, std::uint64_t total) {
  if (!terminal_ || total < kSmallestShown) return;
  const Clock::time_point now = Clock::now();
  const std::lock_guard lock(mutex_);
  if (now - drawn_ < std::chrono::milliseconds(200)) return;
  drawn_ = now;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const auto shown = static_cast<double>(std::min(done, total));
  erase();
  write(progress_text(seconds, shown, static_cast<double>(total)));
  line_drawn_ = true;
}

void Console::erase_progress() {
  const std::lock_guard lock(mutex_);
  erase();
}

// One write, so that lines of several threads or programs do not mix.
void Console::write(const std::string& text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

void Console::erase() {
  if (line_drawn_) write("\r\033[K");
  line_drawn_ = false;
}

bool Console::is_terminal() { return isatty(STDERR_FILENO) == 1; }

}  // namespace webtap::agent
