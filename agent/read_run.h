// One run of `webtap-agent read`: the files one after the other, as one continuing capture.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

#include "agent/capture/capture_file.h"
#include "agent/config.h"
#include "agent/console.h"
#include "agent/metrics_service.h"
#include "agent/pipeline.h"

namespace webtap::agent {

class ReadRun {
 public:
  ReadRun(const ReadConfig& config, Console& console);

  // Reads until the end of the input, or until `stop` is set, and finishes what is open. Gives the exit
  // status.
  int run(const std::atomic<bool>& stop);

  // From any thread but the one that runs: prints a summary on standard error as soon as the counters rest,
  // at the latest when reading has come to its next packets or waits for them.
  void print_summary() { console_.print(to_text(observe())); }
  // From any thread: certificates and the subscribers' table are read anew.
  void reload() { pipeline_.reload(); }

 private:
  // A packet at a time where reading may wait for more in the middle of a batch.
  class LockedPackets;

  const ReadConfig& check_inputs();
  void read_all(const std::atomic<bool>& stop);
  void read_file(const std::string& path, const std::atomic<bool>& stop);
  capture::CaptureFile::Status read_batch(capture::CaptureFile& file);
  void count_file(std::uint64_t& counter);
  void give_way() const;
  Summary summary() const;
  Summary observe();
  Health health() const;

  const ReadConfig& config_;
  Console& console_;
  std::uint64_t input_size_ = 0;  // of all files; 0 = not known
  std::uint64_t input_done_ = 0;
  std::uint64_t files_read_ = 0;
  std::uint64_t files_damaged_ = 0;
  bool stopped_ = false;
  std::mutex counters_;             // held while counters change: here, or in the pipeline
  std::atomic<int> observers_ = 0;  // who wait for counters_, or have it
  Pipeline pipeline_;
  std::optional<MetricsService> metrics_;
};

}  // namespace webtap::agent
