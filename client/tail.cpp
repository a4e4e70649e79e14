#include "client/tail.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "client/delivery.h"
#include "client/sinks/sink.h"
#include "client/stop_signals.h"
#include "client/tail_line.h"
#include "webtap/base/error_text.h"
#include "webtap/sink/output_directory.h"
#include "webtap/sink/write_all.h"

namespace webtap::client {
namespace {

constexpr std::size_t kBlock = 64u << 10;

bool wants_color(Color color) {
  if (color != Color::Auto) return color == Color::Always;
  const char* const refused = std::getenv("NO_COLOR");
  return isatty(STDOUT_FILENO) == 1 && (refused == nullptr || *refused == '\0');
}

// Asked each time: a window changes its size.
std::size_t terminal_width() {
  winsize size{};
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

class TailHandler final : public subscriber::Handler {
 public:
  TailHandler(Color color, Console& console)
      : style_{wants_color(color), terminal_width()}, console_(console) {}

  void on_event(wire::Position /*position*/, event::AuditEvent& event) override {
    text_ += tail_line(event, style_);
    text_ += '\n';
    if (text_.size() >= kBlock) flush();
  }
  void on_unreadable(wire::Position position, ByteView /*bytes*/, const std::string& problem) override {
    text_ += "unreadable: event " + std::to_string(position) + " (" + shown(problem) + ")\n";
  }
  void on_gap(const wire::Gap& gap) override { text_ += text_of(gap) + "\n"; }
  void on_pause() override {
    flush();
    style_.width = terminal_width();
  }
  void on_disconnected(const std::string& why, std::chrono::milliseconds retry_in) override {
    console_.say(why + "; trying again in " + text_of(retry_in));
  }

 private:
  void flush() {
    int error = 0;
    sink::write_all(STDOUT_FILENO, text_, error);
    text_.clear();
    if (error == EPIPE) throw SinkGone("");
    if (error != 0) throw SinkError("cannot write to standard output: " + error_text(error));
  }

  LineStyle style_;
  Console& console_;
  std::string text_;
};

}  // namespace

int tail(const CommandLine& line, Console& console) {
  block_stop_signals();
  TailHandler handler(line.color, console);
  subscriber::Options options = options_of(line.remote);
  options.bodies = false;
  subscriber::Subscriber subscriber(std::move(options), handler);
  const StopSignals signals([&subscriber] { subscriber.stop(); });
  try {
    subscriber.run();
  } catch (const SinkGone&) {  // as `| head` does: it has seen enough
  }
  return kDone;
}

}  // namespace webtap::client
