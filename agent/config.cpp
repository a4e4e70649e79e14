#include "agent/config.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <optional>
#include <string_view>

#include "agent/option_values.h"
#include "agent/run_options.h"
#include "agent/sensor_options.h"
#include "webtap/base/text.h"

namespace webtap::agent {
namespace {

// Files that are read can wait for the spool's disk: nothing is lost by that.
constexpr Duration kPatienceOfFiles = std::chrono::seconds(10);
// A service that is to stop within seconds does not wait longer for a disk.
constexpr Duration kPatienceOfService = std::chrono::seconds(1);

const std::map<std::string, Stats> kStats{{"text", Stats::Text}, {"json", Stats::Json}};

struct Words {
  std::vector<std::string> arguments;
  std::string filter;  // what stands behind "--", however many words it has, as with tcpdump
};

Words split(int argc, const char* const* argv) {
  Words words;
  const std::vector<std::string> all(argv + 1, argv + argc);
  const auto separator = std::ranges::find(all, "--");
  words.arguments.assign(all.begin(), separator);
  if (separator != all.end()) words.filter = joined({separator + 1, all.end()}, " ");
  return words;
}

// The program's commands and their options, with room for what was given. It is used once: a second look at
// the same words needs a second one.
class Parser {
 public:
  Parser();
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  // Throws UsageError. Gives what is to be printed, where the help or the version is asked for.
  std::optional<std::string> parse(std::vector<std::string> arguments);

  bool is_read() const { return read_.parsed(); }
  bool is_check() const { return check_.parsed(); }
  ReadConfig finish_read(const std::string& filter);
  RunConfig finish_run(const std::string& filter);
  const std::string& config_file() const { return run_config_.file; }
  std::vector<KnownKey> keys() const;
  // Of an option, without its dashes.
  bool is_given(const std::string& key) const;

 private:
  void add_read();
  void add_run(CLI::App& app);
  const CLI::App& given_run() const { return check_.parsed() ? check_ : run_; }

  CLI::App app_;
  CLI::App& read_;
  CLI::App& run_;
  CLI::App& check_;
  ReadConfig read_config_;
  RunConfig run_config_;
  std::string stats_ = "text";
  std::string metrics_;  // of read
  std::vector<std::string> filter_words_;
  SensorTexts sensor_texts_;
  RunTexts run_texts_;
};

Parser::Parser()
    : app_("Passive HTTP sensor: reads packets, writes every HTTP transaction as a ModSecurity audit log.",
           "webtap-agent"),
      read_(*app_.add_subcommand("read", "Read capture files, write audit logs, and exit")),
      run_(*app_.add_subcommand("run", "Read packets from the network, until it is stopped")),
      check_(*app_.add_subcommand("check", "Say what is wrong with a configuration, or what run would do")) {
  app_.set_version_flag("--version", std::string("webtap-agent ") + kVersion);
  app_.require_subcommand(1);
  app_.add_subcommand("spool", "Check, repair or export the log that subscribers resume from");
  add_read();
  add_run(run_);
  add_run(check_);
}

void Parser::add_read() {
  read_.add_option("FILE", read_config_.files, "Capture files, pcap or pcapng; - is standard input")
      ->type_name("");
  add_sensor_options(read_, read_config_, sensor_texts_);
  add_wait_for(read_, read_config_.stream);
  read_
      .add_option("--metrics", metrics_, "Serve /metrics, /livez and /readyz over HTTP while --listen serves")
      ->type_name("ADDRESS:PORT")
      ->group("Service");
  read_
      .add_option("--stats", stats_, "The summary: for people on stderr, or one JSON object on stdout (text)")
      ->type_name(choice_list(kStats));
  read_.footer(
      "Behind -- stands a packet filter in tcpdump's language:\n"
      "webtap-agent read x.pcap -o DIR -- tcp port 80");
}

void Parser::add_run(CLI::App& app) {
  app.add_option("FILTER", filter_words_, "A packet filter in tcpdump's language")->type_name("");
  app.add_option("--config", run_config_.file,
                 "Options from this file (YAML); what is given here as well goes before")
      ->type_name("FILE");
  add_run_options(app, run_config_, run_texts_);
  add_sensor_options(app, run_config_, sensor_texts_);
  app.footer(
      "The rest of the line is a packet filter in tcpdump's language:\n"
      "webtap-agent run -i eth0 -o DIR tcp port 80");
}

std::optional<std::string> Parser::parse(std::vector<std::string> arguments) {
  std::string command;
  if (!arguments.empty()) command = arguments.front();
  std::ranges::reverse(arguments);  // as CLI11 wants them
  try {
    app_.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return app_.help();
  } catch (const CLI::CallForVersion&) {
    return app_.version() + "\n";
  } catch (const CLI::ParseError& error) {
    throw UsageError(std::string(error.what()) + "; see webtap-agent " + command + " --help");
  }
  return std::nullopt;
}

ReadConfig Parser::finish_read(const std::string& filter) {
  read_config_.filter = filter;
  if (read_config_.files.empty()) throw UsageError("read needs a capture file, or - for standard input");
  if (std::ranges::count(read_config_.files, "-") > 1)
    throw UsageError("standard input can be read only once");
  finish_sensor_options(read_config_, sensor_texts_, "read");
  read_config_.stream.spool_patience = kPatienceOfFiles;
  read_config_.stats = checked_choice("--stats", stats_, kStats);
  if (!metrics_.empty()) {
    if (!read_config_.stream.listens) throw UsageError("--metrics is of use in read only with --listen");
    const ListenAddress address = checked_listen_address("--metrics", metrics_);
    read_config_.metrics = {true, address.address, address.port};
  }
  return std::move(read_config_);
}

RunConfig Parser::finish_run(const std::string& filter) {
  if (!filter.empty()) filter_words_.push_back(filter);
  if (!filter_words_.empty()) {
    if (!run_config_.filter.empty()) throw UsageError("the filter is given twice");
    run_config_.filter = joined(filter_words_, " ");
  }
  for (const KnownKey& key : keys()) {
    const CLI::Option* const option = given_run().get_option("--" + key.name);
    if (option->count() != 0) run_config_.given[key.name] = option->results();
  }
  if (!run_config_.filter.empty()) run_config_.given["filter"] = {run_config_.filter};
  run_config_.stream.disk_patience = kPatienceOfService;
  finish_run_options(run_config_, run_texts_);
  finish_sensor_options(run_config_, sensor_texts_, "run");
  return std::move(run_config_);
}

std::vector<KnownKey> Parser::keys() const {
  std::vector<KnownKey> keys;
  for (const CLI::Option* option : run_.get_options()) {
    if (option->get_lnames().empty()) continue;
    const std::string& name = option->get_lnames().front();
    if (name == "help" || name == "config") continue;
    using Kind = KnownKey::Kind;
    const Kind kind = option->get_expected_max() == 0  ? Kind::Flag
                      : option->get_expected_max() > 1 ? Kind::List
                                                       : Kind::Value;
    keys.push_back({kind, name, option->get_type_name()});
  }
  return keys;
}

bool Parser::is_given(const std::string& key) const {
  if (key == "filter" && !filter_words_.empty()) return true;
  return given_run().get_option("--" + key)->count() != 0;
}

RunConfig finish_with_file(const Parser& given, const Words& words) {
  ConfigFile file = ConfigFile::read(given.config_file(), given.keys());
  file.drop_if([&](const std::string& key) {
    return given.is_given(key) || (key == "filter" && !words.filter.empty());
  });
  std::vector<std::string> arguments = words.arguments;
  for (const FileEntry& entry : file.entries()) {
    for (const std::string& value : entry.values) arguments.push_back("--" + entry.key + "=" + value);
  }
  Parser parser;
  try {
    parser.parse(std::move(arguments));
    return parser.finish_run(words.filter);
  } catch (const OptionError& error) {
    file.complain(error);
  }
}

}  // namespace

std::vector<KnownKey> configuration_keys() { return Parser().keys(); }

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  if (argc > 1 && std::string_view(argv[1]) == "spool") {
    line.action = CommandLine::Action::Spool;
    line.spool = parse_spool_command(argc - 2, argv + 2);
    return line;
  }
  const Words words = split(argc, argv);
  if (words.arguments.empty()) throw UsageError("no command is given; webtap-agent --help lists them");
  const std::string& command = words.arguments.front();
  if (!command.starts_with('-') && command != "read" && command != "run" && command != "check") {
    throw UsageError("'" + command + "' is no command; webtap-agent --help lists them");
  }
  Parser parser;
  if (const auto text = parser.parse(words.arguments)) {
    line.text = *text;
  } else if (parser.is_read()) {
    line.action = CommandLine::Action::Read;
    line.read = parser.finish_read(words.filter);
  } else {
    line.action = parser.is_check() ? CommandLine::Action::Check : CommandLine::Action::Run;
    line.run =
        parser.config_file().empty() ? parser.finish_run(words.filter) : finish_with_file(parser, words);
  }
  return line;
}

}  // namespace webtap::agent
