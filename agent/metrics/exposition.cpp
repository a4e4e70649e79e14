#include "agent/metrics/exposition.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <map>
#include <sstream>

#include "webtap/base/utf8.h"

namespace webtap::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// One label that is no UTF-8 would make Prometheus throw away everything.
std::string label_value(const std::string& text) {
  const bool utf8 = is_utf8(text);
  std::string value;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    value += byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8) ? '?' : c;
  }
  return value;
}

ClientMetric metric(MetricType type, double value) {
  ClientMetric made;
  (type == MetricType::Counter ? made.counter.value : made.gauge.value) = value;
  return made;
}

}  // namespace

struct Exposition::Families {
  std::vector<MetricFamily> all;

  MetricFamily& add(std::string_view name, std::string_view help, MetricType type) {
    return all.emplace_back(MetricFamily{std::string(name), std::string(help), type, {}});
  }

  void add(std::string_view name, std::string_view help, MetricType type, std::string_view label,
           const Samples& samples) {
    std::map<std::string, double> sums;  // the same metric twice would be refused, all of the text with it
    for (const auto& [value, number] : samples) sums[label_value(value)] += number;
    MetricFamily& family = add(name, help, type);
    for (const auto& [value, number] : sums) {
      family.metric.push_back(metric(type, number));
      family.metric.back().label = {{std::string(label), value}};
    }
  }
};

Exposition::Exposition() : families_(std::make_unique<Families>()) {}
Exposition::~Exposition() = default;

void Exposition::counter(std::string_view name, std::string_view help, double value) {
  families_->add(name, help, MetricType::Counter).metric.push_back(metric(MetricType::Counter, value));
}

void Exposition::gauge(std::string_view name, std::string_view help, double value) {
  families_->add(name, help, MetricType::Gauge).metric.push_back(metric(MetricType::Gauge, value));
}

void Exposition::counters(std::string_view name, std::string_view help, std::string_view label,
                          const Samples& samples) {
  families_->add(name, help, MetricType::Counter, label, samples);
}

void Exposition::gauges(std::string_view name, std::string_view help, std::string_view label,
                        const Samples& samples) {
  families_->add(name, help, MetricType::Gauge, label, samples);
}

void Exposition::histogram(std::string_view name, std::string_view help, std::span<const double> bounds,
                           std::span<const std::uint64_t> counts, double sum) {
  ClientMetric made;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    const double bound = i < bounds.size() ? bounds[i] : std::numeric_limits<double>::infinity();
    made.histogram.bucket.push_back({total, bound});
  }
  made.histogram.sample_count = total;
  made.histogram.sample_sum = sum;
  families_->add(name, help, MetricType::Histogram).metric.push_back(std::move(made));
}

std::string Exposition::text() const {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families_->all);
  return std::move(out).str();
}

}  // namespace webtap::metrics
