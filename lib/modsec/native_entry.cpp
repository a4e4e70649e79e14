#include "webtap/modsec/native_entry.h"

#include <array>
#include <optional>

#include "webtap/event/head.h"
#include "webtap/modsec/decimal.h"
#include "webtap/modsec/escape.h"
#include "webtap/modsec/finding_message.h"
#include "webtap/modsec/time_text.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;
using event::HttpMessage;

ByteView take_word(ByteView& text) {
  const ByteView word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

bool parse_end_point(ByteView& text, Endpoint& endpoint) {
  const auto address = parse_address(take_word(text));
  if (!address) return false;
  endpoint.address = *address;
  return parse_decimal(take_word(text), endpoint.port);
}

// Takes a line of the log off the front, without its end.
ByteView take_log_line(ByteView& text, bool crlf_lines) {
  const std::size_t end = text.find('\n');
  ByteView line = text.substr(0, end);
  text.remove_prefix(end == ByteView::npos ? text.size() : end + 1);
  if (crlf_lines && line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// A head as it stands on the wire: every line ends with CR LF.
void read_head(ByteView content, bool crlf_lines, HttpMessage& message) {
  message.present = true;
  message.head.reserve(content.size() + 64);
  while (!content.empty()) message.head.append(take_log_line(content, crlf_lines)).append("\r\n");
}

void read_body(ByteView content, HttpMessage& message) {
  message.present = true;
  message.body = content;
  message.body_size = content.size();
}

void read_message(ByteView text, AuditEvent& event) {
  // Findings come before all other messages; what looks like one further down is another's text.
  auto finding = event.messages.empty() ? parse_finding_message(text) : std::nullopt;
  if (finding)
    event.findings.push_back(std::move(*finding));
  else
    event.messages.emplace_back(text);
}

bool read_stopwatch(ByteView text, AuditEvent& event) {
  std::int64_t started = 0;
  if (!parse_decimal(take_word(text), started)) return false;
  event.started = Timestamp(Duration(started));
  return event.started == writable_time(event.started);
}

// What follows "KEY: " of a line of part H; nothing where it has another key.
std::optional<ByteView> value_of(ByteView line, std::string_view key) {
  if (!line.starts_with(key)) return std::nullopt;
  return line.substr(key.size());
}

bool read_trailer_line(ByteView line, AuditEvent& event) {
  if (const auto text = value_of(line, "Message: ")) {
    read_message(*text, event);
  } else if (auto producer = value_of(line, "Producer: ")) {
    if (producer->ends_with('.')) producer->remove_suffix(1);
    event.producer = unescape(*producer);
  } else if (const auto banner = value_of(line, "Server: ")) {
    event.server_banner = unescape(*banner);
  } else if (auto sensor = value_of(line, "Sensor-Id: \"")) {
    if (sensor->ends_with('"')) sensor->remove_suffix(1);
    event.sensor = unescape(*sensor);
  } else if (const auto stopwatch = value_of(line, "Stopwatch: ")) {
    return read_stopwatch(*stopwatch, event);
  }
  return true;
}

bool read_trailer(ByteView content, bool crlf_lines, AuditEvent& event) {
  while (!content.empty())
    if (!read_trailer_line(take_log_line(content, crlf_lines), event)) return false;
  return true;
}

bool read_section(const Section& section, bool crlf_lines, AuditEvent& event) {
  switch (section.part) {
    case 'A': {
      ByteView content = section.content;
      return parse_a_line(take_log_line(content, crlf_lines), event);
    }
    case 'B':
      read_head(section.content, crlf_lines, event.request);
      return true;
    case 'C':
      read_body(section.content, event.request);
      return true;
    case 'F':
      read_head(section.content, crlf_lines, event.response);
      return true;
    case 'E':
      read_body(section.content, event.response);
      return true;
    case 'H':
      return read_trailer(section.content, crlf_lines, event);
    default:
      return true;  // parts that an event has nothing for; I and J are no body, with or without C beside them
  }
}

}  // namespace

bool parse_a_line(ByteView line, AuditEvent& event) {
  const std::size_t time_end = line.find(']');
  if (!line.starts_with('[') || time_end == ByteView::npos) return false;
  const auto time = parse_time(line.substr(1, time_end - 1));
  line.remove_prefix(time_end + 1);
  if (!time || !line.starts_with(' ')) return false;
  line.remove_prefix(1);
  event.started = event.finished = *time;
  event.transaction_id = take_word(line);
  if (event.transaction_id.empty() || event.transaction_id.size() > kMaxToken) return false;
  return parse_end_point(line, event.client) && parse_end_point(line, event.server) && line.empty();
}

bool parse_native_entry(const std::vector<Section>& sections, bool crlf_lines, AuditEvent& event,
                        std::string& problem) {
  std::uint32_t seen = 0;
  for (const Section& section : sections) {
    const std::uint32_t bit = std::uint32_t{1} << (section.part - 'A');
    if ((seen & bit) != 0)
      problem = std::string("part ") + section.part + " occurs twice";
    else if (!read_section(section, crlf_lines, event))
      problem = std::string("part ") + section.part + " cannot be read";
    if (!problem.empty()) return false;
    seen |= bit;
  }
  event.host = event::request_host(event.request.head);
  event.status = event::response_status(event.response.head);
  return true;
}

}  // namespace webtap::modsec
