// Generates the benchmark's captures. The same options give the same file, byte by byte.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "capture_writer.h"
#include "messages.h"
#include "traffic.h"

namespace {

using webtap::bench::Bodies;
using webtap::bench::Heads;
using webtap::bench::Profile;

enum class Mode : std::uint8_t { Small, Bodies, Connections };

struct Options {
  Mode mode = Mode::Small;
  std::string output;
  std::uint64_t seed = 1;
  std::uint64_t transactions = 0;
  std::uint64_t max_bytes = UINT64_MAX;
  std::size_t connections = 0;
  bool transactions_given = false;
  Heads heads = Heads::Compact;
  double loss = 0;
  double reorder = 0;
  bool idle_unused = false;
};

void declare(CLI::App& app, Options& options) {
  const std::map<std::string, Mode> modes = {
      {"small", Mode::Small}, {"bodies", Mode::Bodies}, {"connections", Mode::Connections}};
  const std::map<std::string, Heads> heads = {{"compact", Heads::Compact}, {"browser", Heads::Browser}};
  app.add_option("mode", options.mode, "small, bodies or connections")
      ->required()
      ->transform(CLI::Transformer(modes));
  app.add_option("-o,--output", options.output, "the pcap file to write")->required();
  app.add_option("--seed", options.seed, "another number is another capture")->capture_default_str();
  app.add_option("--transactions", options.transactions,
                 "small: 460,000; bodies: 65,000; connections: those after the idle time, 0");
  app.add_option("--size", options.max_bytes, "begin no transaction past this many bytes of file");
  app.add_option("--connections", options.connections,
                 "open at once: small 400, bodies 100, connections 1,000,000");
  app.add_option("--heads", options.heads, "small, connections: compact or browser")
      ->transform(CLI::Transformer(heads));
  app.add_option("--loss", options.loss, "fraction of data packets left out")->check(CLI::Range(0.0, 1.0));
  app.add_option("--reorder", options.reorder, "fraction of data packets one place late")
      ->check(CLI::Range(0.0, 1.0));
  app.add_flag("--idle-unused", options.idle_unused, "connections: idle ones have had no transaction");
}

Profile profile_of(const Options& options) {
  Profile profile;
  profile.loss = options.loss;
  profile.reorder = options.reorder;
  profile.max_bytes = options.max_bytes;
  switch (options.mode) {
    case Mode::Small:
      profile.transactions = 460'000;
      break;
    case Mode::Bodies:
      profile.connections = 100;
      profile.transactions = 65'000;
      profile.mss = 1448;  // 1460 less the timestamps
      profile.timestamps = true;
      profile.lone_ack = 0.5;
      break;
    case Mode::Connections:
      profile.connections = 1'000'000;
      profile.stay_open = true;
      profile.idle_unused = options.idle_unused;
      break;
  }
  if (options.connections != 0) profile.connections = options.connections;
  if (options.transactions_given) profile.transactions = options.transactions;
  return profile;
}

void generate(const Options& options) {
  const bool bodies = options.mode == Mode::Bodies;
  const webtap::bench::Messages messages(bodies ? Heads::Browser : options.heads,
                                         bodies ? Bodies::Long : Bodies::Short, options.seed);
  webtap::bench::CaptureWriter out(options.output);
  webtap::bench::Traffic traffic(profile_of(options), messages, out, options.seed);
  const webtap::bench::TrafficTotals totals = traffic.run();
  out.finish();
  std::printf(
      "{\"transactions\": %llu, \"connections\": %llu, \"packets\": %llu, \"bytes\": %llu, "
      "\"lost\": %llu, \"reordered\": %llu}\n",
      static_cast<unsigned long long>(totals.transactions),
      static_cast<unsigned long long>(totals.connections), static_cast<unsigned long long>(out.packets()),
      static_cast<unsigned long long>(out.bytes()), static_cast<unsigned long long>(totals.lost),
      static_cast<unsigned long long>(totals.reordered));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Generates a capture file of HTTP traffic, and prints what is in it as JSON.", "make_capture");
  Options options;
  declare(app, options);
  CLI11_PARSE(app, argc, argv);
  options.transactions_given = app.count("--transactions") > 0;
  try {
    generate(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "make_capture: %s\n", error.what());
    return 1;
  }
  return 0;
}
