// A subscriber that does nothing but note when events come. After COUNT events it writes one JSON object: how
// many came, when the last did, how many are missing, and how long after its `finished` time, the last packet
// of its response, each event was here. The first tenth counts for no latency: programs are warming up.
//     take HOST PORT CERTIFICATE KEY CA NAME COUNT
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <vector>

#include "webtap/subscriber/subscriber.h"

namespace {

using webtap::Timestamp;

Timestamp now() { return std::chrono::floor<webtap::Duration>(std::chrono::system_clock::now()); }

class Take final : public webtap::subscriber::Handler {
 public:
  explicit Take(std::size_t count) : count_(count) { delays_.reserve(count); }

  void stops(webtap::subscriber::Subscriber& subscriber) { subscriber_ = &subscriber; }

  void on_connected(const webtap::wire::Welcome& /*welcome*/) override {
    std::fprintf(stderr, "subscribed\n");
  }
  void on_event(webtap::wire::Position /*position*/, webtap::event::AuditEvent& event) override {
    if (delays_.size() == count_) return;  // of the batch that brought the last
    last_ = now();
    delays_.push_back((last_ - event.finished).count());
    stop_when_done();
  }
  void on_gap(const webtap::wire::Gap& gap) override {
    missing_ += gap.count;
    stop_when_done();
  }

  bool report() {
    std::vector<std::int64_t> warm(delays_.begin() + static_cast<std::ptrdiff_t>(delays_.size() / 10),
                                   delays_.end());
    std::ranges::sort(warm);
    const auto at = [&](double part) {
      return warm.empty() ? 0 : warm[static_cast<std::size_t>(part * static_cast<double>(warm.size() - 1))];
    };
    std::printf(
        "{\"events\": %zu, \"missing\": %llu, \"last\": %.6f, \"p50_us\": %lld, \"p99_us\": %lld, "
        "\"max_us\": %lld}\n",
        delays_.size(), static_cast<unsigned long long>(missing_),
        static_cast<double>(last_.time_since_epoch().count()) / 1e6, static_cast<long long>(at(0.5)),
        static_cast<long long>(at(0.99)), static_cast<long long>(at(1)));
    return delays_.size() == count_;
  }

 private:
  void stop_when_done() {
    if (delays_.size() + missing_ >= count_) subscriber_->stop();
  }

  const std::size_t count_;
  webtap::subscriber::Subscriber* subscriber_ = nullptr;
  std::vector<std::int64_t> delays_;  // µs
  std::uint64_t missing_ = 0;
  Timestamp last_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 8) {
    std::fprintf(stderr, "usage: take HOST PORT CERTIFICATE KEY CA NAME COUNT\n");
    return 2;
  }
  Take take(std::strtoull(argv[7], nullptr, 10));
  webtap::subscriber::Options options;
  options.host = argv[1];
  options.port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  options.tls = {argv[3], argv[4], argv[5], {}};
  options.durable_name = argv[6];
  options.start.at = webtap::wire::Start::At::Earliest;
  try {
    webtap::subscriber::Subscriber subscriber(options, take);
    take.stops(subscriber);
    subscriber.run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "take: %s\n", error.what());
    return 1;
  }
  return take.report() ? 0 : 1;
}
