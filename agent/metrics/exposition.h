// Metrics as the text that Prometheus reads (exposition format 0.0.4). Names, help and labels' names are the
// caller's, and right; labels' values may hold anything.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace webtap::metrics {

inline constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

class Exposition {
 public:
  // The value of a label, and of the metric that has it.
  using Samples = std::vector<std::pair<std::string, double>>;

  Exposition();
  ~Exposition();
  Exposition(const Exposition&) = delete;
  Exposition& operator=(const Exposition&) = delete;

  void counter(std::string_view name, std::string_view help, double value);
  void gauge(std::string_view name, std::string_view help, double value);
  // One metric for each value of a label; values that are equal are added up.
  void counters(std::string_view name, std::string_view help, std::string_view label, const Samples& samples);
  void gauges(std::string_view name, std::string_view help, std::string_view label, const Samples& samples);
  // `counts` has one more member than `bounds`, whose upper bounds are in seconds: the last is of what is
  // above all of them. `sum` is in seconds.
  void histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                 std::span<const std::uint64_t> counts, double sum);

  std::string text() const;

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace webtap::metrics
