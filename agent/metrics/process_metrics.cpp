#include "agent/metrics/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <ctime>
#include <fstream>
#include <optional>
#include <sstream>

namespace webtap::metrics {
namespace {

// Fields of /proc/self/stat, proc(5), counted from the one behind the program's name.
struct Status {
  double user_ticks = 0;
  double system_ticks = 0;
  double threads = 0;
  double start_ticks = 0;  // since the system started
  double virtual_bytes = 0;
  double resident_pages = 0;
};

std::optional<Status> read_status() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name_end = line.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream fields(line.substr(name_end + 1));
  std::array<double, 22> values{};
  std::string state;
  fields >> state;
  for (double& value : values) fields >> value;
  if (!fields) return std::nullopt;
  return Status{values[10], values[11], values[16], values[18], values[19], values[20]};
}

// Seconds since 1970; told once, so that clocks that differ a little do not look like a new start.
double start_time(double seconds_behind_boot) {
  timespec since_boot{};
  clock_gettime(CLOCK_BOOTTIME, &since_boot);
  const double up = static_cast<double>(since_boot.tv_sec) + static_cast<double>(since_boot.tv_nsec) * 1e-9;
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  static const double start = now.count() - up + seconds_behind_boot;
  return start;
}

std::optional<double> open_descriptors() {
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return std::nullopt;
  double count = -1;  // the one of the directory itself is open now only
  for (const dirent* entry = readdir(directory); entry != nullptr; entry = readdir(directory)) {
    if (entry->d_name[0] != '.') ++count;
  }
  closedir(directory);
  return count;
}

void add_descriptors(Exposition& exposition) {
  if (const auto open = open_descriptors()) {
    exposition.gauge("process_open_fds", "Open file descriptors.", *open);
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    exposition.gauge("process_max_fds", "Most file descriptors that may be open.",
                     static_cast<double>(limit.rlim_cur));
  }
}

}  // namespace

void add_process_metrics(Exposition& exposition) {
  add_descriptors(exposition);
  const auto status = read_status();
  if (!status) return;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  exposition.counter("process_cpu_seconds_total", "Processor time, of user and system.",
                     (status->user_ticks + status->system_ticks) / ticks);
  exposition.gauge("process_resident_memory_bytes", "Memory that is resident.",
                   status->resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE)));
  exposition.gauge("process_virtual_memory_bytes", "Memory that is addressed.", status->virtual_bytes);
  exposition.gauge("process_threads", "Threads.", status->threads);
  exposition.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.",
                   start_time(status->start_ticks / ticks));
}

}  // namespace webtap::metrics
