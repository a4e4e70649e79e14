// What webtap-client was asked to do: the command line, checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/base/exit_status.h"
#include "client/sinks/sink_url.h"
#include "webtap/tls/context.h"
#include "webtap/wire/frame.h"

namespace webtap::client {

inline constexpr const char* kVersion = WEBTAP_VERSION;

// A sensor, and what is wanted of it.
struct Remote {
  std::string host;
  std::uint16_t port = 0;
  tls::Options tls;
  std::string name;  // the durable one; empty: none
  wire::Filter filter;
  std::optional<wire::Start> start;  // --from; nothing where it was not given
  std::chrono::milliseconds longest_retry{30'000};
};

struct Output {
  std::vector<SinkUrl> sinks;
  std::string dead_letters;  // a file; empty: each sink's own place
};

enum class Color : std::uint8_t { Auto, Always, Never };

struct CommandLine {
  enum class Action : std::uint8_t { Print, Subscribe, Tail, Convert } action = Action::Print;
  std::string text;                // to print: the help or the version
  Remote remote;                   // subscribe, tail
  Output output;                   // subscribe, convert
  Color color = Color::Auto;       // tail
  std::vector<std::string> files;  // convert; "-" = standard input
};

// Throws UsageError.
CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace webtap::client
