#include "agent/metrics/process_metrics.h"

#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

namespace webtap::metrics {
namespace {

double value_of(const std::string& name) {
  Exposition exposition;
  add_process_metrics(exposition);
  const std::string text = exposition.text();
  const std::size_t at = text.find("\n" + name + " ");
  EXPECT_NE(at, std::string::npos) << name << " is not in\n" << text;
  return at == std::string::npos ? -1 : std::strtod(text.c_str() + at + name.size() + 2, nullptr);
}

TEST(ProcessMetrics, CountsDescriptors) {
  const double before = value_of("process_open_fds");
  const int one = dup(STDERR_FILENO);
  const int two = dup(STDERR_FILENO);
  EXPECT_EQ(value_of("process_open_fds"), before + 2);
  close(one);
  close(two);
  EXPECT_GE(value_of("process_max_fds"), before);
}

TEST(ProcessMetrics, SaysWhenTheProcessStarted) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const double age = std::chrono::duration<double>(now).count() - value_of("process_start_time_seconds");
  EXPECT_GE(age, -2);  // the system's start is known to the second
  EXPECT_LT(age, 3600);
}

TEST(ProcessMetrics, SaysWhatMemoryAndTimeItTakes) {
  EXPECT_GT(value_of("process_resident_memory_bytes"), 1 << 20);
  EXPECT_GE(value_of("process_virtual_memory_bytes"), value_of("process_resident_memory_bytes"));
  EXPECT_GE(value_of("process_threads"), 1);
  EXPECT_GE(value_of("process_cpu_seconds_total"), 0);
}

}  // namespace
}  // namespace webtap::metrics
