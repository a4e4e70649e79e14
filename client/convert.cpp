#include "client/convert.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>
#include <vector>

#include "client/log_source.h"
#include "client/sinks/dead_letters.h"
#include "client/sinks/table.h"
#include "client/stop_signals.h"
#include "webtap/base/error_text.h"
#include "webtap/sink/descriptor.h"
#include "webtap/sink/output_directory.h"

namespace webtap::client {
namespace {

constexpr std::size_t kBlock = 256u << 10;
constexpr int kLook = 100;               // milliseconds
constexpr std::uint64_t kMostSaid = 20;  // damages of one log

// False where nothing came for a moment: a pipe may be silent for long, and a signal is to be answered.
bool is_readable(int descriptor) {
  pollfd waited{descriptor, POLLIN, 0};
  return poll(&waited, 1, kLook) != 0;
}

// Where the events of all logs go.
class Outputs {
 public:
  Outputs(const Output& output, Console& console) {
    for (const SinkUrl& url : output.sinks) {
      const auto say = [&console](const std::string& text) { console.say(text); };
      sinks_.push_back(sink_kind(url).open(url, say));
      const bool has_place = output.dead_letters.empty() && url.scheme == "audit";
      dead_letters_.push_back(std::make_unique<DeadLetters>(
          has_place ? url.target + "/dead-letter.jsonl" : output.dead_letters, say));
    }
  }
  void write(const event::AuditEvent& event, std::uint64_t number) {
    std::string refusal;
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
      if (!sinks_[i]->write(event, refusal)) dead_letters_[i]->refused({{}, number}, refusal, event);
    }
  }
  void finish() {
    for (const auto& dead_letters : dead_letters_) dead_letters->sync();
    for (const auto& sink : sinks_) sink->checkpoint({});
  }
  bool refused_any() const {
    for (const auto& dead_letters : dead_letters_) {
      if (dead_letters->count() != 0) return true;
    }
    return false;
  }

 private:
  std::vector<std::unique_ptr<Sink>> sinks_;
  std::vector<std::unique_ptr<DeadLetters>> dead_letters_;
};

class Conversion final : public modsec::EntryHandler {
 public:
  Conversion(const Output& output, Console& console) : outputs_(output, console), console_(console) {}

  bool read(const std::string& file, const std::atomic<bool>& stopped) {
    name_ = file == "-" ? "standard input" : "'" + file + "'";
    damages_ = 0;
    const sink::Descriptor own(file == "-" ? -1 : open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (file != "-" && !own) return fail("cannot open", errno);
    const int descriptor = own ? own.number() : STDIN_FILENO;
    LogSource source(*this);
    std::vector<char> block(kBlock);
    while (!stopped) {
      if (!is_readable(descriptor)) continue;
      const ssize_t count = ::read(descriptor, block.data(), block.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail("cannot read", errno);
      if (count == 0) break;
      source.push({block.data(), static_cast<std::size_t>(count)});
    }
    source.finish();
    if (damages_ > kMostSaid) {
      console_.say(name_ + ": " + std::to_string(damages_ - kMostSaid) + " more damages");
    }
    return damages_ == 0;
  }
  void finish() { outputs_.finish(); }
  bool refused_any() const { return outputs_.refused_any(); }

  void on_event(event::AuditEvent& event, std::uint64_t /*offset*/) override {
    outputs_.write(event, ++events_);
  }
  void on_damage(const modsec::Damage& damage) override {
    if (++damages_ > kMostSaid) return;
    console_.say(name_ + ": " + std::string(modsec::to_string(damage.kind)) + " at offset " +
                 std::to_string(damage.offset) + ", " + std::to_string(damage.length) + " bytes" +
                 (damage.detail.empty() ? std::string() : ": " + damage.detail));
  }

 private:
  bool fail(const std::string& what, int error) {
    console_.say(what + " audit log " + name_ + ": " + error_text(error));
    return false;
  }

  Outputs outputs_;
  Console& console_;
  std::string name_;
  std::uint64_t damages_ = 0;
  std::uint64_t events_ = 0;
};

}  // namespace

int convert(const CommandLine& line, Console& console) {
  block_stop_signals();
  Conversion conversion(line.output, console);
  std::atomic<bool> stopped = false;
  const StopSignals signals([&stopped] { stopped = true; });
  bool good = true;
  for (const std::string& file : line.files) {
    if (stopped) break;
    good = conversion.read(file, stopped) && good;
  }
  conversion.finish();
  return good && !stopped && !conversion.refused_any() ? kDone : kFailed;
}

}  // namespace webtap::client
