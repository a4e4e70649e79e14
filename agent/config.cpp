#include "agent/config.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <map>
#include <string_view>

namespace webtap::agent {
namespace {

constexpr std::size_t kLargestBody = std::size_t{1} << 30;
constexpr std::size_t kMostHosts = 1'000'000;
constexpr Duration kPatience = std::chrono::seconds(10);  // of reading files, with the spool's disk

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "localhost";
}

// What stands behind "--" is the filter, however many words it has, as with tcpdump.
std::vector<std::string> take_filter(int argc, const char* const* argv, std::string& filter) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto separator = std::ranges::find(arguments, "--");
  for (auto word = separator; word != arguments.end(); ++word) {
    if (word == separator) continue;
    if (!filter.empty()) filter += ' ';
    filter += *word;
  }
  arguments.erase(separator, arguments.end());
  return arguments;
}

// As they were given, as text: what is made of them is checked behind CLI11.
struct Texts {
  std::string parts = "ABCEFHZ";
  std::string max_body = "1MiB";
  std::vector<std::string> masks;
  StreamTexts stream;
};

template <typename Enum>
CLI::Option* add_choice(CLI::App& app, const std::string& name, Enum& value,
                        const std::map<std::string, Enum>& choices, const std::string& what) {
  std::string list;
  for (const auto& [text, unused] : choices) list += (list.empty() ? "" : "|") + text;
  return app
      .add_option_function<std::string>(
          name,
          [&value, choices, list, name](const std::string& text) {
            const auto found = choices.find(text);
            if (found == choices.end()) {
              throw UsageError(name + " is one of " + list + ", not '" + text + "'");
            }
            value = found->second;
          },
          what)
      ->type_name(list);
}

void add_read_options(CLI::App& app, ReadConfig& config, Texts& texts) {
  app.add_option("FILE", config.files, "Capture files, pcap or pcapng; - is standard input")->type_name("");
  app.add_option("-o,--output", config.output.directory, "Where audit logs go; made if it is missing")
      ->type_name("DIR");
  add_choice<sink::Format>(app, "--format", config.output.format,
                           {{"serial", sink::Format::Serial},
                            {"json", sink::Format::Json},
                            {"concurrent", sink::Format::Concurrent}},
                           "Format of the audit logs (serial)");
  app.add_option("--parts", texts.parts, "Parts of an audit-log entry; A and Z always")
      ->type_name("LETTERS")
      ->capture_default_str();
  app.add_option("--max-body", texts.max_body, "Bytes kept of a body, as 64k or 1MiB; the rest is counted")
      ->type_name("BYTES")
      ->capture_default_str();
  add_choice<audit::Bodies>(app, "--bodies", config.bodies,
                            {{"decoded", audit::Bodies::Decoded}, {"wire", audit::Bodies::Wire}},
                            "Bodies as the application meant them, or as they came (decoded)");
  app.add_option(
         "--mask", texts.masks,
         "Names of header fields, cookies, query parameters, form fields and JSON members whose values "
         "become *")
      ->type_name("NAME,...")
      ->allow_extra_args(false);  // what follows is the next argument
  app.add_flag("--mask-dry-run", config.mask_dry_run,
               "Write no audit logs; say at the end how many values --mask would mask");
  app.add_flag("--checksums", config.verify_checksums,
               "Leave out packets whose IPv4 or TCP checksum is wrong, as hosts do");
  app.add_option("--sensor", config.sensor, "This sensor's name (the host's name)")->type_name("NAME");
  app.add_option("--max-hosts", config.output.max_hosts, "Hosts that get a file of their own")
      ->type_name("COUNT")
      ->capture_default_str();
  add_choice<Stats>(app, "--stats", config.stats, {{"text", Stats::Text}, {"json", Stats::Json}},
                    "The summary: for people on stderr, or one JSON object on stdout (text)");
  add_stream_options(app, config.stream, texts.stream);
}

std::vector<std::string> split_names(const std::vector<std::string>& lists) {
  std::vector<std::string> names;
  for (const std::string& list : lists) {
    std::size_t at = 0;
    while (at <= list.size()) {
      const std::size_t comma = std::min(list.find(',', at), list.size());
      std::size_t begin = at;
      std::size_t end = comma;
      while (begin < end && list[begin] == ' ') ++begin;
      while (begin < end && list[end - 1] == ' ') --end;
      if (begin != end) names.push_back(list.substr(begin, end - begin));
      at = comma + 1;
    }
  }
  return names;
}

bool has_control_byte(const std::string& text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

modsec::Parts parse_parts(const std::string& letters) {
  char bad = 0;
  const auto parts = modsec::Parts::parse(letters, &bad);
  if (!parts) throw UsageError("--parts takes the letters ABCDEFGHIJKZ, not '" + std::string(1, bad) + "'");
  return *parts;
}

void finish(ReadConfig& config, const Texts& texts) {
  if (config.files.empty()) throw UsageError("read needs a capture file, or - for standard input");
  if (std::ranges::count(config.files, "-") > 1) throw UsageError("standard input can be read only once");
  finish_stream_options(config.stream, texts.stream, config.output.directory);
  config.stream.patience = kPatience;
  if (config.mask_dry_run && config.stream.listens)
    throw UsageError("--mask-dry-run keeps no events: it cannot --listen");
  if (config.output.directory.empty() && !config.mask_dry_run && !config.stream.listens)
    throw UsageError("read needs -o DIR, the directory for the audit logs");
  config.output.parts = parse_parts(texts.parts);
  config.max_body = parse_size("--max-body", texts.max_body);
  if (config.max_body > kLargestBody) throw UsageError("--max-body is at most 1GiB");
  if (config.output.max_hosts > kMostHosts) throw UsageError("--max-hosts is at most 1000000");
  config.masked_names = split_names(texts.masks);
  if (!texts.masks.empty() && config.masked_names.empty()) throw UsageError("--mask names nothing");
  if (config.mask_dry_run && texts.masks.empty()) throw UsageError("--mask-dry-run needs --mask");
  if (std::ranges::any_of(config.masked_names, has_control_byte)) {
    throw UsageError("--mask must not hold control characters");
  }
  if (config.sensor.empty()) config.sensor = host_name();
  if (has_control_byte(config.sensor)) {
    throw UsageError("--sensor must not hold control characters");
  }
}

}  // namespace

std::size_t parse_size(const std::string& option, const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit(end, text.data() + text.size());
  std::ranges::transform(unit, unit.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c; });
  static const std::map<std::string, unsigned> kShifts{{"", 0},     {"b", 0},   {"k", 10},  {"kb", 10},
                                                       {"kib", 10}, {"m", 20},  {"mb", 20}, {"mib", 20},
                                                       {"g", 30},   {"gb", 30}, {"gib", 30}};
  const auto shift = kShifts.find(unit);
  if (error == std::errc::invalid_argument || shift == kShifts.end()) {
    throw UsageError(option + " takes a number of bytes such as 65536, 64k or 1MiB, not '" + text + "'");
  }
  if (error == std::errc::result_out_of_range ||
      number > std::numeric_limits<std::size_t>::max() >> shift->second) {
    throw UsageError(option + " is too large: '" + text + "'");
  }
  return static_cast<std::size_t>(number) << shift->second;
}

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  if (argc > 1 && std::string_view(argv[1]) == "spool") {
    line.action = CommandLine::Action::Spool;
    line.spool = parse_spool_command(argc - 2, argv + 2);
    return line;
  }
  Texts texts;
  CLI::App app(
      "Passive HTTP sensor: reads packets, writes every HTTP transaction as a ModSecurity audit log.",
      "webtap-agent");
  const std::string version = std::string("webtap-agent ") + kVersion;
  app.set_version_flag("--version", version);
  app.require_subcommand(1);
  CLI::App& read = *app.add_subcommand("read", "Read capture files, write audit logs, and exit");
  app.add_subcommand("spool", "Check, repair or export the log that subscribers resume from");
  add_read_options(read, line.read, texts);
  read.footer(
      "Behind -- stands a packet filter in tcpdump's language:\n"
      "webtap-agent read x.pcap -o DIR -- tcp port 80");

  std::vector<std::string> arguments = take_filter(argc, argv, line.read.filter);
  if (arguments.empty()) throw UsageError("no command is given; webtap-agent --help lists them");
  if (!arguments[0].starts_with('-') && arguments[0] != read.get_name()) {
    throw UsageError("'" + arguments[0] + "' is no command; webtap-agent --help lists them");
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
    throw UsageError(std::string(error.what()) + "; see webtap-agent read --help");
  }
  line.action = CommandLine::Action::Read;
  finish(line.read, texts);
  return line;
}

}  // namespace webtap::agent
