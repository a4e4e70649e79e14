// Uses something of each library, so that each must be linked.
#include "every_header.h"

#include <cstdio>
#include <filesystem>
#include <string>

namespace {

bool everything_works(const std::string& scratch) {
  using namespace webtap;
  event::AuditEvent event;
  event.transaction_id = "frb37GDZxfgSegAAAAAAAAAc";
  event.boundary = "56eaac6c";
  event.host = "shop.example.test";
  event.request.present = true;
  event.request.head = "GET / HTTP/1.1\r\nHost: shop.example.test";
  sink::AuditLogOptions options;
  options.directory = scratch;
  sink::AuditLogSink sink(options, [](const std::string& text) { std::puts(text.c_str()); });
  sink.write(event);
  sink.flush();
  std::string bytes, problem;
  wire::encode_event(event, bytes, problem);
  bool refused = false;
  try {
    tls::client_context({});
  } catch (const tls::TlsError&) {
    refused = true;  // no certificate was named
  }
  return refused && !bytes.empty() && sink.counters().events_written == 1 &&
         event::finding_kind("body-gap").has_value() && modsec::Parts::parse("ABZ", nullptr).has_value() &&
         parse_address("192.0.2.1").has_value() &&
         std::filesystem::exists(scratch + "/shop.example.test-audit.log");
}

}  // namespace

int main() {
  const std::string scratch = std::filesystem::temp_directory_path() / "webtap-every-header";
  std::filesystem::remove_all(scratch);
  const bool works = everything_works(scratch);
  std::filesystem::remove_all(scratch);
  std::puts(works ? "every library is there" : "something does not work");
  return works ? 0 : 1;
}
