#include "client/subscribe.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "client/delivery.h"
#include "client/stop_signals.h"

namespace webtap::client {
namespace {

// The first sink has the name as it was given, the next ones a number behind it.
std::string name_of_sink(const std::string& name, std::size_t number) {
  return name.empty() || number == 1 ? name : name + "." + std::to_string(number);
}

}  // namespace

int subscribe(const CommandLine& line, Console& console) {
  block_stop_signals();
  std::vector<std::unique_ptr<Delivery>> deliveries;
  for (const SinkUrl& sink : line.output.sinks) {
    deliveries.push_back(std::make_unique<Delivery>(line.remote,
                                                    name_of_sink(line.remote.name, deliveries.size() + 1),
                                                    sink, line.output.dead_letters, console));
  }
  std::atomic<int> status = kDone;
  {
    const StopSignals signals([&deliveries] {
      for (const auto& delivery : deliveries) delivery->stop();
    });
    std::vector<std::thread> threads;
    for (const auto& delivery : deliveries) {
      threads.emplace_back([&status, &delivery] {
        if (const int own = delivery->run()) status = own;
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  return status;
}

}  // namespace webtap::client
