#include "webtap/modsec/entry_event.h"

#include <algorithm>

#include "webtap/base/digest.h"
#include "webtap/event/boundary.h"
#include "webtap/event/head.h"
#include "webtap/modsec/decimal.h"
#include "webtap/modsec/entry_bodies.h"
#include "webtap/modsec/escape.h"
#include "webtap/modsec/json_reader.h"
#include "webtap/modsec/log_writer.h"
#include "webtap/modsec/native_entry.h"
#include "webtap/modsec/time_text.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;

constexpr std::size_t kDigestSize = 16;

bool own_native_event(const LogEntry& entry, AuditEvent& event, std::string& problem) {
  std::vector<Section> sections;
  for (const EntryPart& part : entry.parts) sections.push_back({part.letter, part.content});
  event.boundary = entry.boundary;
  return parse_native_entry(sections, entry.crlf, event, problem);
}

bool own_json_event(const LogEntry& entry, AuditEvent& event, std::string& problem) {
  std::string text;
  append_log_entry(entry, text);
  return parse_json_entry(text, event, problem);
}

void set_endpoint(const EntryPeer& peer, Endpoint& endpoint) {
  if (const auto address = parse_address(peer.address)) endpoint.address = *address;
  endpoint.port = peer.port;
}

// "START DURATION …", both in microseconds.
bool set_stopwatch(ByteView text, AuditEvent& event) {
  const ByteView start = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), start.size() + 1));
  std::int64_t started = 0;
  std::int64_t duration = 0;
  if (!parse_decimal(start, started) || !parse_decimal(text.substr(0, text.find(' ')), duration))
    return false;
  constexpr std::int64_t kLongest = std::int64_t{1} << 50;  // some 35 years: so the sum cannot overflow
  const Timestamp time{Duration(started)};
  if (time != writable_time(time) || duration < 0 || duration > kLongest) return false;
  event.started = time;
  event.finished = writable_time(time + Duration(duration));
  return true;
}

void set_times(const LogEntry& entry, AuditEvent& event) {
  event.started = event.finished = writable_time(entry.header.time);
  const std::string* stopwatch = entry.trailer_value("Stopwatch");
  if (stopwatch != nullptr) set_stopwatch(*stopwatch, event);
}

std::string producer_of(const LogEntry& entry) {
  const std::string* text = entry.trailer_value("Producer");
  if (text == nullptr) text = entry.trailer_value("WAF");
  if (text != nullptr) return text->substr(0, text->size() - (text->ends_with('.') ? 1 : 0));
  return is_json(entry.dialect) ? json_producer(entry.object) : std::string();
}

std::string sensor_of(const LogEntry& entry) {
  if (const std::string* text = entry.trailer_value("Sensor-Id")) {
    ByteView quoted = *text;
    if (quoted.starts_with('"')) quoted.remove_prefix(1);
    if (quoted.ends_with('"')) quoted.remove_suffix(1);
    return unescape(quoted);
  }
  const JsonValue* sensor = entry.object.find("audit_data", "sensor_id");
  if (sensor == nullptr) sensor = entry.object.find("transaction", "server_id");
  return sensor == nullptr ? std::string() : sensor->text;
}

std::string banner_of(const LogEntry& entry, ByteView response_head) {
  const std::string* text = entry.trailer_value("Server");
  if (text != nullptr && !text->empty()) return *text;
  const JsonValue* server = entry.object.find("audit_data", "server");
  if (server != nullptr) return server->text;
  return std::string(event::find_field(response_head, "Server").value_or(ByteView()));
}

void set_messages(const LogEntry& entry, AuditEvent& event) {
  // Of ModSecurity 2 the texts themselves: taken apart and put together, what was cut would look whole.
  for (const TrailerLine& line : entry.trailer)
    if (line.key == "Message") event.messages.push_back(line.value);
  if (const JsonValue* texts = entry.object.find("audit_data", "messages"))
    for (const JsonMember& text : texts->members) event.messages.push_back(text.value.text);
  if (!event.messages.empty()) return;
  for (const RuleMessage& message : entry.messages) event.messages.push_back(rule_message_text(message));
}

// Drawn from everything that the event says: the same entry gives the same event, and who wrote it could not
// put the boundaries to come into it.
void set_boundary(const LogEntry& entry, AuditEvent& event) {
  event.boundary = entry.boundary;
  if (safe_boundary(event.boundary) == event.boundary && !event::occurs(event.boundary, event)) return;
  std::string digests;
  const auto add = [&](ByteView text) {
    const auto digest = sha256_prefix(text);
    digests.append(digest.begin(), digest.end());
  };
  for (const ByteView text :
       {ByteView(event.transaction_id), ByteView(event.request.head), ByteView(event.request.body),
        ByteView(event.response.head), ByteView(event.response.body), ByteView(entry.header.time_text)})
    add(text);
  for (const std::string& message : event.messages) add(message);
  do {
    add(digests);
    digests.erase(0, digests.size() - kDigestSize);
    event.boundary.clear();
    for (const char byte : digests.substr(0, 4)) {
      char escape[kMaxEscape];
      put_hex_escape(escape, byte);
      event.boundary.append(escape + 2, 2);
    }
  } while (event::occurs(event.boundary, event));
}

}  // namespace

bool to_event(const LogEntry& entry, AuditEvent& event, std::string& problem) {
  event.clear();
  problem.clear();
  if (entry.dialect == Dialect::Webtap) return own_native_event(entry, event, problem);
  if (entry.dialect == Dialect::WebtapJson) return own_json_event(entry, event, problem);
  if (!is_native(entry.dialect) && !is_json(entry.dialect)) {
    problem = "an index line: the transaction is in the file that it names";
    return false;
  }
  event.transaction_id = entry.header.transaction_id;
  set_endpoint(entry.header.client, event.client);
  set_endpoint(entry.header.server, event.server);
  set_times(entry, event);
  if (is_native(entry.dialect))
    set_native_messages(entry, event);
  else
    set_json_messages(entry, event);
  event.host = event::request_host(event.request.head);
  event.status = event::response_status(event.response.head);
  event.producer = producer_of(entry);
  event.sensor = sensor_of(entry);
  event.server_banner = banner_of(entry, event.response.head);
  set_messages(entry, event);
  set_boundary(entry, event);
  return true;
}

}  // namespace webtap::modsec
