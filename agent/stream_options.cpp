#include "agent/stream_options.h"

#include <CLI/CLI.hpp>
#include <map>

#include "agent/option_values.h"

namespace webtap::agent {
namespace {

constexpr const char* kGroup = "Serving the stream";
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

using Compression = server::Options::Compression;
const std::map<std::string, Compression> kCompressions{
    {"remote", Compression::Remote}, {"always", Compression::Always}, {"never", Compression::Never}};

}  // namespace

void add_stream_options(CLI::App& app, StreamConfig& config, StreamTexts& texts) {
  const auto add = [&](const char* name, std::string& value, const char* what, const std::string& type) {
    app.add_option(name, value, what)->type_name(type)->group(kGroup);
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
  add("--compress", texts.compress, "For subscribers on other machines, for all, or for none (remote)",
      choice_list(kCompressions).c_str());
  add("--audit-log", texts.audit_log,
      "Local files: always, or as a fallback while no subscriber has everything (always)", "always|fallback");
}

void add_wait_for(CLI::App& app, StreamConfig& config) {
  app.add_option("--wait-for", config.wait_for,
                 "Exit only when this durable subscriber has acknowledged everything")
      ->type_name("NAME")
      ->group(kGroup)
      ->allow_extra_args(false);
}

void finish_stream_options(StreamConfig& config, const StreamTexts& texts, const std::string& output) {
  if (texts.audit_log != "always" && texts.audit_log != "fallback") {
    throw OptionError("--audit-log", "is one of always|fallback, not '" + texts.audit_log + "'");
  }
  config.compression = checked_choice("--compress", texts.compress, kCompressions);
  if (texts.listen.empty()) {
    refuse_without_listen(config, texts);
    return;
  }
  const ListenAddress listen = checked_listen_address("--listen", texts.listen);
  config.listens = true;
  config.address = listen.address;
  config.port = listen.port;
  need(texts.certificate, "--cert");
  need(texts.key, "--key");
  need(texts.ca, "--ca");
  if (texts.tls != "1.3" && texts.tls != "1.2")
    throw OptionError("--tls", "is 1.3 or 1.2, not '" + texts.tls + "'");
  config.tls = {texts.certificate, texts.key, texts.ca, texts.crl,
                texts.tls == "1.2" ? tls::MinimumVersion::Tls12 : tls::MinimumVersion::Tls13};
  config.spool_bytes = checked_size("--spool-size", texts.spool_size);
  if (config.spool_bytes < kSmallestSpool) throw OptionError("--spool-size", "is at least 16MiB");
  if (!texts.spool_age.empty()) config.spool_age = checked_age("--spool-age", texts.spool_age);
  config.audit_logs = texts.audit_log == "fallback" ? AuditLogs::Fallback : AuditLogs::Always;
  if (config.audit_logs == AuditLogs::Fallback && output.empty()) {
    throw UsageError("--audit-log fallback needs -o DIR, the directory for the audit logs");
  }
  if (config.spool.empty() && output.empty()) throw UsageError("--listen without -o DIR needs --spool DIR");
  if (config.spool.empty()) config.spool = output + "/spool";
}

}  // namespace webtap::agent
