#include "agent/stream_options.h"

#include <CLI/CLI.hpp>
#include <charconv>

#include "agent/config.h"

namespace webtap::agent {
namespace {

constexpr std::uint64_t kSmallestSpool = 16u << 20;

void need(const std::string& value, const char* option) {
  if (value.empty()) throw UsageError(std::string("--listen needs ") + option + " FILE");
}

// These mean nothing without --listen, and whoever gives them expects otherwise.
void refuse_without_listen(const StreamConfig& config, const StreamTexts& texts) {
  const std::pair<const char*, bool> given[] = {{"--cert", !texts.certificate.empty()},
                                                {"--key", !texts.key.empty()},
                                                {"--ca", !texts.ca.empty()},
                                                {"--crl", !texts.crl.empty()},
                                                {"--subscribers", !config.subscribers.empty()},
                                                {"--spool", !config.spool.empty()},
                                                {"--spool-age", !texts.spool_age.empty()},
                                                {"--wait-for", !config.wait_for.empty()},
                                                {"--compress", texts.compress != "remote"},
                                                {"--audit-log fallback", texts.audit_log == "fallback"}};
  for (const auto& [option, is_given] : given) {
    if (is_given) throw UsageError(std::string(option) + " is of use only with --listen ADDRESS:PORT");
  }
}

server::Options::Compression parse_compression(const std::string& text) {
  using Compression = server::Options::Compression;
  if (text == "remote") return Compression::Remote;
  if (text == "always") return Compression::Always;
  if (text == "never") return Compression::Never;
  throw UsageError("--compress is one of remote|always|never, not '" + text + "'");
}

}  // namespace

void add_stream_options(CLI::App& app, StreamConfig& config, StreamTexts& texts) {
  const char* const group = "Serving the stream";
  const auto add = [&](const char* name, std::string& value, const char* what, const char* type) {
    app.add_option(name, value, what)->type_name(type)->group(group);
  };
  add("--listen", texts.listen, "Serve events to subscribers over mutual TLS", "ADDRESS:PORT");
  add("--cert", texts.certificate, "The sensor's certificate, and its chain (PEM)", "FILE");
  add("--key", texts.key, "Its private key (PEM)", "FILE");
  add("--ca", texts.ca, "Whose certificates subscribers must have (PEM)", "FILE");
  add("--crl", texts.crl, "Certificates that are revoked (PEM)", "FILE");
  add("--tls", texts.tls, "The lowest version of TLS: 1.3 or 1.2 (1.3)", "VERSION");
  add("--subscribers", config.subscribers,
      "Who may have what (YAML); without it every certificate has everything", "FILE");
  add("--spool", config.spool, "Where events are kept for subscribers (OUTPUT/spool)", "DIR");
  add("--spool-size", texts.spool_size, "The oldest events are deleted above this size (1GiB)", "BYTES");
  add("--spool-age", texts.spool_age, "Events are deleted at this age, as 12h or 7d (at any age kept)",
      "AGE");
  app.add_option("--wait-for", config.wait_for,
                 "Exit only when this durable subscriber has acknowledged everything")
      ->type_name("NAME")
      ->group(group)
      ->allow_extra_args(false);
  add("--compress", texts.compress, "For subscribers on other machines, for all, or for none (remote)",
      "remote|always|never");
  add("--audit-log", texts.audit_log,
      "Local files: always, or as a fallback while no subscriber has everything (always)", "always|fallback");
}

void finish_stream_options(StreamConfig& config, const StreamTexts& texts, const std::string& output) {
  if (texts.audit_log != "always" && texts.audit_log != "fallback") {
    throw UsageError("--audit-log is one of always|fallback, not '" + texts.audit_log + "'");
  }
  config.compression = parse_compression(texts.compress);
  if (texts.listen.empty()) {
    refuse_without_listen(config, texts);
    return;
  }
  parse_listen(texts.listen, config);
  need(texts.certificate, "--cert");
  need(texts.key, "--key");
  need(texts.ca, "--ca");
  if (texts.tls != "1.3" && texts.tls != "1.2")
    throw UsageError("--tls is 1.3 or 1.2, not '" + texts.tls + "'");
  config.tls = {texts.certificate, texts.key, texts.ca, texts.crl,
                texts.tls == "1.2" ? tls::MinimumVersion::Tls12 : tls::MinimumVersion::Tls13};
  config.spool_bytes = parse_size("--spool-size", texts.spool_size);
  if (config.spool_bytes < kSmallestSpool) throw UsageError("--spool-size is at least 16MiB");
  if (!texts.spool_age.empty()) config.spool_age = parse_age("--spool-age", texts.spool_age);
  config.audit_logs = texts.audit_log == "fallback" ? AuditLogs::Fallback : AuditLogs::Always;
  if (config.audit_logs == AuditLogs::Fallback && output.empty()) {
    throw UsageError("--audit-log fallback needs -o DIR, the directory for the audit logs");
  }
  if (config.spool.empty() && output.empty()) throw UsageError("--listen without -o DIR needs --spool DIR");
  if (config.spool.empty()) config.spool = output + "/spool";
}

void parse_listen(const std::string& text, StreamConfig& config) {
  const std::size_t colon = text.rfind(':');
  const std::string wrong =
      "--listen takes ADDRESS:PORT, as 192.0.2.1:7443, [2001:db8::1]:7443 or :7443, not '" + text + "'";
  if (colon == std::string::npos) throw UsageError(wrong);
  std::string address = text.substr(0, colon);
  if (address.size() >= 2 && address.front() == '[' && address.back() == ']') {
    address = address.substr(1, address.size() - 2);
  } else if (address.find(':') != std::string::npos) {
    throw UsageError(wrong);
  }
  if (!address.empty() && !parse_address(address)) throw UsageError(wrong);
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, config.port);
  if (parsed.ec != std::errc{} || parsed.ptr != end) throw UsageError(wrong);
  config.address = address;
  config.listens = true;
}

Duration parse_age(const std::string& option, const std::string& text) {
  std::uint32_t number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  const std::string unit(parsed.ptr, end);
  if (parsed.ec == std::errc{} && number != 0) {
    if (unit == "s") return std::chrono::seconds(number);
    if (unit == "m") return std::chrono::minutes(number);
    if (unit == "h") return std::chrono::hours(number);
    if (unit == "d") return std::chrono::days(number);
  }
  throw UsageError(option + " takes an age such as 90s, 15m, 12h or 7d, not '" + text + "'");
}

}  // namespace webtap::agent
