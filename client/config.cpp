#include "client/config.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <map>
#include <string_view>

#include "client/remote_options.h"
#include "client/sinks/table.h"
#include "webtap/base/text.h"
#include "webtap/wire/limits.h"

namespace webtap::client {
namespace {

constexpr std::size_t kMostSinks = 16;
constexpr unsigned kLongestRetry = 3600;
// A name with more than one sink gets a number behind it.
constexpr std::size_t kNameOfMany = wire::kMaxDurableName - 3;

// As they were given, as text: what is made of them is checked behind CLI11.
struct Texts {
  std::string remote;
  std::string certificate;
  std::string key;
  std::string ca;
  std::string crl;
  std::string name;
  std::string from;
  std::vector<std::string> hosts;
  std::vector<std::string> methods;
  std::vector<std::string> statuses;
  std::vector<std::string> paths;
  std::vector<std::string> clients;
  bool alerts = false;
  std::string tls = "1.3";
  unsigned longest_retry = 30;
  std::vector<std::string> sinks;
  std::vector<std::string> directories;
  std::string color = "auto";
};

void add_list(CLI::App& app, const std::string& name, std::vector<std::string>& list, const std::string& what,
              const std::string& type) {
  app.add_option(name, list, what)->type_name(type)->allow_extra_args(false);
}

void add_remote_options(CLI::App& app, Texts& texts) {
  app.add_option("SENSOR", texts.remote, "The sensor, as HOST:PORT or [ADDRESS]:PORT")->type_name("");
  app.add_option("--cert", texts.certificate, "Own certificate, PEM, and the chain behind it")
      ->type_name("FILE");
  app.add_option("--key", texts.key, "Its private key, PEM")->type_name("FILE");
  app.add_option("--ca", texts.ca, "Certificates of the CA that is trusted, PEM")->type_name("FILE");
  app.add_option("--crl", texts.crl, "Revocation lists of the CA, PEM")->type_name("FILE");
  app.add_option("--tls", texts.tls, "The lowest version of TLS: 1.3 or 1.2 (1.3)")->type_name("VERSION");
  app.add_option("--from", texts.from,
                 "Where to begin: earliest, latest, a position, or a time as RFC 3339 has it (latest)")
      ->type_name("WHERE");
  app.add_option("--reconnect-max", texts.longest_retry, "Seconds between attempts to connect, at most")
      ->type_name("SECONDS")
      ->capture_default_str();
  add_list(app, "--host", texts.hosts, "Only events of hosts that match: * any text, ? any character",
           "GLOB");
  add_list(app, "--method", texts.methods, "Only these methods, as they are sent", "METHOD");
  add_list(app, "--status", texts.statuses, "Only these statuses: 404, 400-599, none", "RANGE");
  add_list(app, "--path", texts.paths, "Only targets whose text before ? matches", "GLOB");
  add_list(app, "--client", texts.clients, "Only clients of this block: 192.0.2.0/24, 2001:db8::/32", "CIDR");
  app.add_flag("--alerts", texts.alerts, "Only events with a Message");
}

void add_output_options(CLI::App& app, Texts& texts, Output& output) {
  std::string what = "Where events go; may be given several times:";
  for (const SinkKind& kind : sink_kinds()) {
    what += "\n" + std::string(kind.form) + ": " + std::string(kind.what);
  }
  add_list(app, "--to", texts.sinks, what, "SINK");
  add_list(app, "-o,--output", texts.directories, "Short for --to audit:DIR", "DIR");
  app.add_option("--dead-letter", output.dead_letters,
                 "Where events go that a sink refuses for good (DIR/dead-letter.jsonl)")
      ->type_name("FILE");
}

void finish_filter(const Texts& texts, wire::Filter& filter) {
  for (const std::string& text : texts.hosts) {
    filter.hosts.push_back(lower_case(checked_text("--host", text)));
  }
  for (const std::string& text : texts.methods) filter.methods.push_back(checked_text("--method", text));
  for (const std::string& text : texts.statuses) filter.statuses.push_back(parse_status_range(text));
  for (const std::string& text : texts.paths) filter.paths.push_back(checked_text("--path", text));
  for (const std::string& text : texts.clients) filter.clients.push_back(parse_network(text));
  filter.alerts = texts.alerts;
  if (filter.hosts.size() + filter.methods.size() + filter.statuses.size() + filter.paths.size() +
          filter.clients.size() >
      wire::kMaxFilterMembers) {
    throw UsageError("there are more than " + std::to_string(wire::kMaxFilterMembers) + " filters");
  }
}

void finish_remote(const Texts& texts, Remote& remote) {
  if (texts.remote.empty()) throw UsageError("a sensor is needed, as HOST:PORT");
  parse_host_and_port(texts.remote, remote.host, remote.port);
  const std::map<std::string, const std::string*> needed{
      {"--cert", &texts.certificate}, {"--key", &texts.key}, {"--ca", &texts.ca}};
  for (const auto& [option, text] : needed) {
    if (text->empty()) throw UsageError(option + " FILE is needed: both sides show a certificate");
  }
  if (texts.tls != "1.3" && texts.tls != "1.2")
    throw UsageError("--tls is 1.3 or 1.2, not '" + texts.tls + "'");
  remote.tls = {texts.certificate, texts.key, texts.ca, texts.crl,
                texts.tls == "1.2" ? tls::MinimumVersion::Tls12 : tls::MinimumVersion::Tls13};
  if (!texts.from.empty()) remote.start = parse_start(texts.from);
  if (texts.longest_retry == 0 || texts.longest_retry > kLongestRetry) {
    throw UsageError("--reconnect-max is 1 to " + std::to_string(kLongestRetry) + " seconds");
  }
  remote.longest_retry = std::chrono::seconds(texts.longest_retry);
  finish_filter(texts, remote.filter);
}

void finish_output(const Texts& texts, Output& output) {
  for (const std::string& directory : texts.directories) output.sinks.push_back({"audit", directory, {}});
  for (const std::string& text : texts.sinks) output.sinks.push_back(parse_sink_url(text));
  if (output.sinks.empty()) throw UsageError("a sink is needed: -o DIR, or --to SINK");
  if (output.sinks.size() > kMostSinks) {
    throw UsageError("there are more than " + std::to_string(kMostSinks) + " sinks");
  }
  for (auto sink = output.sinks.begin(); sink != output.sinks.end(); ++sink) {
    sink_kind(*sink);
    const auto same = [&](const SinkUrl& other) {
      return other.scheme == sink->scheme && other.target == sink->target;
    };
    if (std::any_of(output.sinks.begin(), sink, same)) {
      throw UsageError("the sink " + name_of(*sink) + " is given twice");
    }
  }
}

Color parse_color(const std::string& text) {
  if (text == "always") return Color::Always;
  if (text == "never") return Color::Never;
  if (text == "auto") return Color::Auto;
  throw UsageError("--color is one of always|auto|never, not '" + text + "'");
}

void finish(CommandLine& line, const Texts& texts) {
  using Action = CommandLine::Action;
  if (line.action == Action::Convert) {
    if (line.files.empty()) throw UsageError("convert needs an audit log, or - for standard input");
    if (std::ranges::count(line.files, "-") > 1) throw UsageError("standard input can be read only once");
  } else {
    finish_remote(texts, line.remote);
  }
  if (line.action == Action::Tail) {
    line.color = parse_color(texts.color);
  } else {
    finish_output(texts, line.output);
  }
  if (!texts.name.empty()) {
    line.remote.name =
        checked_name(texts.name, line.output.sinks.size() > 1 ? kNameOfMany : wire::kMaxDurableName);
  }
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  Texts texts;
  CLI::App app("Subscribes to webtap sensors, and turns their events into audit logs, or shows them.",
               "webtap-client");
  const std::string version = std::string("webtap-client ") + kVersion;
  app.set_version_flag("--version", version);
  app.require_subcommand(1);
  CLI::App& subscribe = *app.add_subcommand("subscribe", "Receive events, and put them where --to says");
  add_remote_options(subscribe, texts);
  subscribe.add_option("--name", texts.name, "The sensor remembers under this name what was received")
      ->type_name("NAME");
  add_output_options(subscribe, texts, line.output);
  CLI::App& tail = *app.add_subcommand("tail", "Show a line for each event");
  add_remote_options(tail, texts);
  tail.add_option("--color", texts.color, "always, never, or auto: on a terminal")->type_name("WHEN");
  CLI::App& convert = *app.add_subcommand("convert", "Read audit logs, and put their events where --to says");
  convert.add_option("FILE", line.files, "Audit logs; - is standard input")->type_name("");
  add_output_options(convert, texts, line.output);

  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty()) throw UsageError("no command is given; webtap-client --help lists them");
  const std::string command = arguments.front();
  constexpr std::array kCommands{"subscribe", "tail", "convert"};
  if (!command.starts_with('-') && std::ranges::find(kCommands, command) == kCommands.end()) {
    throw UsageError("'" + command + "' is no command; webtap-client --help lists them");
  }
  std::ranges::reverse(arguments);  // as CLI11 wants them
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    line.text = app.help();
    return line;
  } catch (const CLI::CallForVersion&) {
    line.text = version + "\n";
    return line;
  } catch (const CLI::ParseError& error) {
    throw UsageError(std::string(error.what()) + "; see webtap-client " + command + " --help");
  }
  using Action = CommandLine::Action;
  line.action = app.got_subcommand(&subscribe) ? Action::Subscribe
                : app.got_subcommand(&tail)    ? Action::Tail
                                               : Action::Convert;
  finish(line, texts);
  return line;
}

}  // namespace webtap::client
