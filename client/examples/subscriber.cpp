// Subscribes to a sensor and prints a line for each transaction:
//     subscriber HOST PORT CERTIFICATE KEY CA
#include "webtap/subscriber/subscriber.h"

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "webtap/event/head.h"

namespace {

class Print final : public webtap::subscriber::Handler {
  void on_event(webtap::wire::Position position, webtap::event::AuditEvent& event) override {
    const auto request = webtap::event::request_line(event.request.head);
    std::printf("%llu %.*s %u\n", static_cast<unsigned long long>(position),
                static_cast<int>(request.method.size()), request.method.data(), unsigned{event.status});
  }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  Print print;
  webtap::subscriber::Options options;
  options.host = argv[1];
  options.port = static_cast<std::uint16_t>(std::atoi(argv[2]));
  options.tls = {argv[3], argv[4], argv[5], {}};
  try {
    webtap::subscriber::Subscriber(options, print).run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
