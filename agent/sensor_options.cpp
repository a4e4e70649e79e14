#include "agent/sensor_options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>

#include "agent/option_values.h"

namespace webtap::agent {
namespace {

constexpr std::size_t kLargestBody = std::size_t{1} << 30;
constexpr std::size_t kMostHosts = 1'000'000;
constexpr std::size_t kSmallestRotation = 64u << 10;
constexpr std::size_t kMostKept = 10'000;

const std::map<std::string, sink::Format> kFormats{
    {"serial", sink::Format::Serial}, {"json", sink::Format::Json}, {"concurrent", sink::Format::Concurrent}};
const std::map<std::string, audit::Bodies> kBodies{{"decoded", audit::Bodies::Decoded},
                                                   {"wire", audit::Bodies::Wire}};

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0' ? name.data() : "localhost";
}

modsec::Parts parse_parts(const std::string& letters) {
  char bad = 0;
  const auto parts = modsec::Parts::parse(letters, &bad);
  if (!parts)
    throw OptionError("--parts", "takes the letters ABCDEFGHIJKZ, not '" + std::string(1, bad) + "'");
  return *parts;
}

void finish_masks(SensorConfig& config, const SensorTexts& texts) {
  config.masked_names = split_names(texts.masks);
  if (!texts.masks.empty() && config.masked_names.empty()) throw OptionError("--mask", "names nothing");
  if (config.mask_dry_run && texts.masks.empty()) throw UsageError("--mask-dry-run needs --mask");
  for (const std::string& name : config.masked_names) checked_text("--mask", name);
}

void finish_output(SensorConfig& config, const SensorTexts& texts) {
  sink::AuditLogOptions& output = config.output;
  output.format = checked_choice("--format", texts.format, kFormats);
  output.parts = parse_parts(texts.parts);
  output.max_hosts = checked_number("--max-hosts", texts.max_hosts, 1, kMostHosts);
  if (!texts.rotate_size.empty()) {
    output.rotation.bytes = checked_size("--rotate-size", texts.rotate_size);
    if (output.rotation.bytes < kSmallestRotation) throw OptionError("--rotate-size", "is at least 64KiB");
  }
  if (!texts.rotate_age.empty()) output.rotation.age = checked_age("--rotate-age", texts.rotate_age);
  output.rotation.keep = checked_number("--rotate-keep", texts.rotate_keep, 0, kMostKept);
  if (output.rotation.keep != 0 && !output.rotation.is_wanted())
    throw UsageError("--rotate-keep is of use only with --rotate-size or --rotate-age");
}

}  // namespace

void add_sensor_options(CLI::App& app, SensorConfig& config, SensorTexts& texts) {
  const auto add = [&](const char* name, std::string& value, const char* what, const std::string& type) {
    return app.add_option(name, value, what)->type_name(type);
  };
  add("-o,--output", config.output.directory, "Where audit logs go; made if it is missing", "DIR");
  add("--format", texts.format, "Format of the audit logs (serial)", choice_list(kFormats));
  add("--parts", texts.parts, "Parts of an audit-log entry; A and Z always", "LETTERS")
      ->capture_default_str();
  add("--max-body", texts.max_body, "Bytes kept of a body, as 64k or 1MiB; the rest is counted", "BYTES")
      ->capture_default_str();
  add("--bodies", texts.bodies, "Bodies as the application meant them, or as they came (decoded)",
      choice_list(kBodies));
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
  add("--sensor", config.sensor, "This sensor's name (the host's name)", "NAME");
  add("--max-hosts", texts.max_hosts, "Hosts that get a file of their own", "COUNT")->capture_default_str();
  add("--rotate-size", texts.rotate_size, "Begin a new file above this size; the old one is renamed",
      "BYTES");
  add("--rotate-age", texts.rotate_age, "Begin a new file at this age, as 12h or 1d", "AGE");
  add("--rotate-keep", texts.rotate_keep, "Rotated files kept of each name (0: all)", "COUNT");
  add_stream_options(app, config.stream, texts.stream);
}

void finish_sensor_options(SensorConfig& config, const SensorTexts& texts, const std::string& command) {
  finish_stream_options(config.stream, texts.stream, config.output.directory);
  if (config.mask_dry_run && config.stream.listens)
    throw UsageError("--mask-dry-run keeps no events: it cannot --listen");
  if (config.output.directory.empty() && !config.mask_dry_run && !config.stream.listens)
    throw UsageError(command + " needs -o DIR, the directory for the audit logs");
  finish_output(config, texts);
  config.bodies = checked_choice("--bodies", texts.bodies, kBodies);
  config.max_body = checked_size("--max-body", texts.max_body);
  if (config.max_body > kLargestBody) throw OptionError("--max-body", "is at most 1GiB");
  finish_masks(config, texts);
  if (config.sensor.empty()) config.sensor = host_name();
  checked_text("--sensor", config.sensor);
}

}  // namespace webtap::agent
