#include "agent/read_run.h"

#include <sys/stat.h>

#include <chrono>
#include <cstdio>
#include <span>
#include <thread>

namespace webtap::agent {
namespace {

constexpr int kBatch = 256;  // packets between two looks at signals

bool is_regular_file(const std::string& path) {
  struct stat status {};
  return path != "-" && stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// What is no file can be opened once only: a pipe's writer would see its reader go.
bool is_stream(const std::string& path) {
  struct stat status {};
  return path == "-" ||
         (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode));
}

}  // namespace

class ReadRun::LockedPackets final : public capture::PacketHandler {
 public:
  explicit LockedPackets(ReadRun& run) : run_(run), next_(run.pipeline_.input()) {}
  void on_packet(const capture::Packet& packet) override {
    run_.give_way();
    const std::lock_guard lock(run_.counters_);
    next_.on_packet(packet);
  }
  void on_packets(std::span<const capture::Packet> packets) override {
    const std::lock_guard lock(mutex_);
    next_.on_packets(packets);
  }

 private:
  ReadRun& run_;
  capture::PacketHandler& next_;
};

// The inputs are checked before anything is made.
ReadRun::ReadRun(const ReadConfig& config, Console& console)
    : config_(config),
      console_(console),
      pipeline_(check_inputs(), [&console](const std::string& text) { console.say(text); }) {
  if (!config.metrics.enabled) return;
  metrics_.emplace(
      metrics::ServerOptions{config.metrics.address, config.metrics.port}, [this] { return observe(); },
      [this] { return health(); });
  console.say("metrics: on port " + std::to_string(metrics_->port()));
}

const ReadConfig& ReadRun::check_inputs() {
  bool known = true;
  for (const std::string& path : config_.files) {
    known = known && is_regular_file(path);
    if (!is_stream(path)) input_size_ += capture::CaptureFile(path, config_.filter).size();
  }
  if (!known) input_size_ = 0;
  return config_;
}

int ReadRun::run(const std::atomic<bool>& stop) {
  read_all(stop);
  console_.erase_progress();
  {
    const std::lock_guard lock(counters_);
    pipeline_.finish();
  }
  pipeline_.finish_stream(stop);
  const Summary found = summary();
  if (config_.stats == Stats::Json) {
    std::puts(to_json(found).c_str());
    if (std::fflush(stdout) != 0) console_.say("cannot write the summary to standard output");
  } else {
    console_.print(to_text(found));
  }
  return files_damaged_ == 0 && found.events_lost == 0 ? kDone : kFailed;
}

void ReadRun::read_all(const std::atomic<bool>& stop) {
  for (const std::string& path : config_.files) {
    if (stop || pipeline_.failed()) break;
    try {
      read_file(path, stop);
      count_file(files_read_);
    } catch (const capture::FilterError&) {
      throw;
    } catch (const capture::CaptureError& error) {
      count_file(files_damaged_);
      console_.say(error.what());
    }
  }
  const std::lock_guard lock(counters_);
  stopped_ = stop;
}

void ReadRun::read_file(const std::string& path, const std::atomic<bool>& stop) {
  using Status = capture::CaptureFile::Status;
  capture::CaptureFile file(path, config_.filter);
  Status status = Status::More;
  while (status == Status::More && !stop && !pipeline_.failed()) {
    status = read_batch(file);
    console_.progress(input_done_ + file.position(), input_size_);
  }
  input_done_ += file.size();
  if (status != Status::Damaged || stop) return;  // a signal ends a pipe wherever it is
  count_file(files_damaged_);
  console_.say("warning: capture file '" + path + "' is damaged at byte " +
               std::to_string(file.damage()->offset) + ": " + file.damage()->reason +
               "; what was before it was read");
}

void ReadRun::count_file(std::uint64_t& counter) {
  const std::lock_guard lock(counters_);
  ++counter;
}

capture::CaptureFile::Status ReadRun::read_batch(capture::CaptureFile& file) {
  if (file.size() == 0) {
    LockedPackets packets(*this);
    return file.read(packets, kBatch);
  }
  give_way();
  const std::lock_guard lock(counters_);
  return file.read(pipeline_.input(), kBatch);
}

// A mutex that is taken again at once keeps others waiting. What they do with the counters takes
// microseconds.
void ReadRun::give_way() const {
  while (observers_ != 0) std::this_thread::yield();
}

Summary ReadRun::observe() {
  ++observers_;
  const std::unique_lock lock(counters_);
  Summary found = summary();
  --observers_;
  return found;
}

Health ReadRun::health() const {
  Health health;
  if (pipeline_.failed()) health.problems.emplace_back("nothing can be written any more");
  return health;
}

Summary ReadRun::summary() const {
  Summary found = pipeline_.summary();
  found.files_read = files_read_;
  found.files_damaged = files_damaged_;
  found.stopped = stopped_;
  return found;
}

}  // namespace webtap::agent
