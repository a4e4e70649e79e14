#include "agent/metrics/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
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

// Seconds since 1970 when the system started.
std::optional<double> boot_time() {
  std::ifstream file("/proc/stat");
  for (std::string key; file >> key;) {
    double value = 0;
    if (key == "btime" && file >> value) return value;
    file.ignore(1 << 16, '\n');
  }
  return std::nullopt;
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
  if (const auto boot = boot_time()) {
    exposition.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.",
                     *boot + status->start_ticks / ticks);
  }
}

}  // namespace webtap::metrics
