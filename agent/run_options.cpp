#include "agent/run_options.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "agent/option_values.h"

namespace webtap::agent {
namespace {

constexpr std::size_t kMostInterfaces = 16;
constexpr unsigned kMostThreads = 64;
constexpr std::size_t kSmallestRing = 1u << 20;
constexpr std::size_t kLargestRing = std::size_t{2} << 30;  // what an int of kilobytes and libpcap take
constexpr std::size_t kSmallestSnaplen = 128;
constexpr std::size_t kLargestSnaplen = 262'144;  // libpcap's own
constexpr std::size_t kLeastMemory = 64u << 20;
constexpr std::size_t kLongestInterface = 15;  // IFNAMSIZ, with its end

using service::LogLevel;
const std::map<std::string, LogLevel> kLevels{{"error", LogLevel::Error},
                                              {"warning", LogLevel::Warning},
                                              {"info", LogLevel::Info},
                                              {"debug", LogLevel::Debug}};

std::uint64_t size_within(const std::string& option, const std::string& text, std::uint64_t least,
                          const char* least_text, std::uint64_t most, const char* most_text) {
  const std::uint64_t size = checked_size(option, text);
  if (size < least) throw OptionError(option, std::string("is at least ") + least_text);
  if (size > most) throw OptionError(option, std::string("is at most ") + most_text);
  return size;
}

void finish_interfaces(RunConfig& config) {
  config.interfaces = split_names(config.interfaces);
  if (config.interfaces.empty()) throw UsageError("run needs -i INTERFACE, as -i eth0");
  if (config.interfaces.size() > kMostInterfaces) {
    throw OptionError("--interface", "names more than " + std::to_string(kMostInterfaces) + " interfaces");
  }
  for (auto name = config.interfaces.begin(); name != config.interfaces.end(); ++name) {
    checked_text("--interface", *name);
    if (name->size() > kLongestInterface || name->find_first_of(" /") != std::string::npos) {
      throw OptionError("--interface", "takes the name of an interface, not '" + *name + "'");
    }
    if (std::find(config.interfaces.begin(), name, *name) != name)
      throw OptionError("--interface", "names '" + *name + "' twice");
  }
}

}  // namespace

void add_run_options(CLI::App& app, RunConfig& config, RunTexts& texts) {
  const char* const capture = "Capture";
  const char* const service = "Service";
  const auto add = [&](const char* name, std::string& value, const char* what, const std::string& type,
                       const char* group) {
    return app.add_option(name, value, what)->type_name(type)->group(group);
  };
  app.add_option("-i,--interface", config.interfaces,
                 "Where packets are read; may be given several times. It is waited for if it is not there")
      ->type_name("NAME")
      ->group(capture)
      ->allow_extra_args(false);
  add("--filter", config.filter, "A packet filter in tcpdump's language; it may also end the command line",
      "TEXT", capture);
  add("--threads", texts.threads, "Capture threads; packets are spread by connection", "COUNT", capture)
      ->capture_default_str();
  add("--ring", texts.ring, "Kernel memory for packets that wait, for each interface and thread", "BYTES",
      capture)
      ->capture_default_str();
  add("--snaplen", texts.snaplen, "Bytes captured of a packet", "BYTES", capture)->capture_default_str();
  app.add_flag("--promiscuous", config.promiscuous, "Packets for other hosts too, as on a mirror port")
      ->group(capture);
  add("--max-memory", texts.max_memory, "What connections, queues and buffers may use in all", "BYTES",
      capture)
      ->capture_default_str();
  add("--user", config.service.user, "Run as this user, without capabilities, once devices are open", "NAME",
      service);
  add("--log-level", texts.log_level, "How much is logged (info)", "error|warning|info|debug", service);
  add("--metrics", texts.metrics, "Serve /metrics, /livez and /readyz over HTTP", "ADDRESS:PORT", service);
}

void finish_run_options(RunConfig& config, const RunTexts& texts) {
  finish_interfaces(config);
  checked_text("--filter", config.filter);
  config.threads = static_cast<int>(checked_number("--threads", texts.threads, 1, kMostThreads));
  config.ring_bytes = size_within("--ring", texts.ring, kSmallestRing, "1MiB", kLargestRing, "2GiB");
  config.snaplen = static_cast<int>(
      size_within("--snaplen", texts.snaplen, kSmallestSnaplen, "128", kLargestSnaplen, "262144"));
  config.max_memory = checked_size("--max-memory", texts.max_memory);
  if (config.max_memory < kLeastMemory) throw OptionError("--max-memory", "is at least 64MiB");
  if (!texts.metrics.empty()) {
    const ListenAddress address = checked_listen_address("--metrics", texts.metrics);
    config.metrics = {true, address.address, address.port};
  }
  checked_text("--user", config.service.user);
  config.service.log_level = checked_choice("--log-level", texts.log_level, kLevels);
}

}  // namespace webtap::agent
