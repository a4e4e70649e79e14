#include "webtap/modsec/entry_bodies.h"

#include <algorithm>
#include <charconv>

#include "webtap/event/head.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;
using event::HttpMessage;
using Kind = JsonValue::Kind;

ByteView take_log_line(ByteView& text, bool crlf_lines) {
  const std::size_t end = text.find('\n');
  ByteView line = text.substr(0, end);
  text.remove_prefix(end == ByteView::npos ? text.size() : end + 1);
  if (crlf_lines && line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Older Coraza writes the line of part A at the beginning of every part.
ByteView without_header_line(const LogEntry& entry, ByteView content) {
  if (entry.dialect != Dialect::Coraza) return content;
  const std::string& header = entry.parts.front().content;
  const ByteView line = ByteView(header).substr(0, header.find('\n'));
  if (content.starts_with(line)) content.remove_prefix(line.size());
  if (content.starts_with('\n')) content.remove_prefix(1);
  return content;
}

void set_head(const LogEntry& entry, char letter, HttpMessage& message) {
  const EntryPart* part = entry.part(letter);
  if (part == nullptr) return;
  ByteView content = without_header_line(entry, part->content);
  message.present = true;
  message.head.reserve(content.size() + 64);
  // A head has no empty line: ModSecurity 3 and Coraza end the part with one.
  const bool status_line = letter != 'F' || content.starts_with("HTTP") || entry.dialect != Dialect::Coraza;
  if (!status_line && !content.empty()) message.head = "\r\n";
  while (!content.empty()) {
    const ByteView line = take_log_line(content, entry.crlf);
    if (!line.empty()) message.head.append(line).append("\r\n");
  }
}

void set_body(std::string bytes, HttpMessage& message) {
  message.present = true;
  message.body = std::move(bytes);
  message.body_size = message.body.size();
}

// The line ends that ModSecurity 3 writes behind part C: one of its own, and one before where part F would
// stand.
std::size_t version3_line_ends(const LogEntry& entry) {
  char last = 'A';
  for (const EntryPart& part : entry.parts)
    if (part.letter <= 'F') last = std::max(last, part.letter);
  return last == 'C' ? 2 : 1;
}

void set_native_bodies(const LogEntry& entry, AuditEvent& event) {
  const bool version3 = entry.dialect == Dialect::ModSecurity3;
  if (const EntryPart* part = entry.part('C')) {
    ByteView content = without_header_line(entry, part->content);
    const std::size_t ends = version3 ? version3_line_ends(entry) : 0;
    for (std::size_t i = 0; i < ends && content.ends_with('\n'); ++i) content.remove_suffix(1);
    set_body(std::string(content), event.request);
  }
  if (const EntryPart* part = entry.part('E')) {
    ByteView content = without_header_line(entry, part->content);
    while (version3 && content.ends_with('\n')) content.remove_suffix(1);
    set_body(version3 ? unescape_version3_body(content) : std::string(content), event.response);
  }
}

bool has_text(const JsonValue* value) { return value != nullptr && !value->text.empty(); }

// A text that must not begin a new line of a head.
std::string in_one_line(std::string text) {
  std::ranges::replace_if(
      text, [](char byte) { return byte == '\r' || byte == '\n'; }, ' ');
  return text;
}

// Fields in their order; a field that is an array has a line for each of its values.
void append_fields(const JsonValue* headers, std::string& head) {
  if (headers == nullptr) return;
  for (const JsonMember& field : headers->members) {
    const auto line = [&](const JsonValue& value) {
      head.append(in_one_line(field.name)).append(": ").append(in_one_line(value.text)).append("\r\n");
    };
    if (field.value.kind != Kind::Array) line(field.value);
    if (field.value.kind == Kind::Array)
      for (const JsonMember& value : field.value.members) line(value.value);
  }
}

// "HTTP/1.1" of "1.1", "HTTP/1.1" or nothing.
std::string protocol_of(const JsonValue* version) {
  if (!has_text(version)) return {};
  return version->text.starts_with("HTTP") ? version->text : "HTTP/" + version->text;
}

std::string request_line_of(const JsonValue& request) {
  if (const JsonValue* line = request.find("request_line")) return line->text;
  const JsonValue* method = request.find("method");
  const JsonValue* uri = request.find("uri");
  if (!has_text(method) && !has_text(uri)) return {};
  std::string line = has_text(method) ? method->text : "-";
  line.append(" ").append(uri == nullptr ? std::string() : uri->text);
  std::string protocol = protocol_of(request.find("http_version"));
  if (protocol.empty()) protocol = protocol_of(request.find("protocol"));
  if (!protocol.empty()) line.append(" ").append(protocol);
  return line;
}

std::string status_line_of(const JsonValue& response, const std::string& request_protocol) {
  const JsonValue* status = response.find("status");
  if (status == nullptr) status = response.find("http_code");
  if (!has_text(status)) return {};
  std::string protocol = protocol_of(response.find("protocol"));
  if (protocol.empty()) protocol = request_protocol.empty() ? "HTTP/1.1" : request_protocol;
  return protocol + ' ' + status->text;
}

void set_json_message(const JsonValue& object, const std::string& start_line, HttpMessage& message) {
  const JsonValue* headers = object.find("headers");
  const bool fields = headers != nullptr && !headers->members.empty();
  if (!start_line.empty() || fields) {
    message.present = true;
    message.head = in_one_line(start_line) + "\r\n";
    append_fields(headers, message.head);
  }
  const JsonValue* body = object.find("body");
  if (body == nullptr) return;
  std::string bytes = body->text;
  for (const JsonMember& chunk : body->members) bytes += chunk.value.text;
  if (!bytes.empty()) set_body(std::move(bytes), message);
}

}  // namespace

void set_native_messages(const LogEntry& entry, AuditEvent& event) {
  set_head(entry, 'B', event.request);
  set_head(entry, 'F', event.response);
  set_native_bodies(entry, event);
}

void set_json_messages(const LogEntry& entry, AuditEvent& event) {
  const bool version2 = entry.dialect == Dialect::ModSecurity2Json;
  const auto find = [&](std::string_view name) {
    return version2 ? entry.object.find(name) : entry.object.find("transaction", name);
  };
  std::string protocol;
  if (const JsonValue* request = find("request")) {
    set_json_message(*request, request_line_of(*request), event.request);
    protocol = event::request_line(event.request.head).version;
  }
  if (const JsonValue* response = find("response"))
    set_json_message(*response, status_line_of(*response, protocol), event.response);
}

std::string json_producer(const JsonValue& object) {
  const JsonValue* producer = object.find("audit_data", "producer");
  if (producer == nullptr) producer = object.find("transaction", "producer");
  if (producer == nullptr) return {};
  std::string text = producer->text;
  const auto add = [&](const JsonValue& value) {
    if (value.text.empty()) return;
    ByteView name = value.text;
    if (name.ends_with('"')) name.remove_suffix(1);  // ModSecurity 3 writes one behind each component
    text.append(text.empty() ? "" : "; ").append(name);
  };
  for (const JsonMember& member : producer->members) {
    if (member.name == "secrules_engine" || member.name == "rule_engine" || member.name == "stopwatch")
      continue;
    add(member.value);
    for (const JsonMember& component : member.value.members) add(component.value);
  }
  return text;
}

std::string unescape_version3_body(ByteView text) {
  constexpr std::string_view kSignExtended = "ffffff";
  std::string bytes;
  bytes.reserve(text.size());
  while (!text.empty()) {
    const std::size_t escape = std::min(text.find("\\x"), text.size());
    bytes.append(text.substr(0, escape));
    text.remove_prefix(escape);
    if (text.empty()) break;
    ByteView digits = text.substr(2);
    const bool sign_extended = digits.starts_with(kSignExtended);
    if (sign_extended) digits.remove_prefix(kSignExtended.size());
    digits = digits.substr(0, 2);
    std::uint8_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    const bool both = error == std::errc{} && digits.size() == 2 && end == digits.data() + 2;
    // `\xff` is a byte too, where no sign-extended one stands there.
    if (both && (!sign_extended || value >= 0x80)) {
      bytes += static_cast<char>(value);
      text.remove_prefix((sign_extended ? 2 + kSignExtended.size() : 2) + 2);
    } else {
      const bool plain = sign_extended;
      bytes += plain ? '\xff' : '\\';
      text.remove_prefix(plain ? 4 : 1);
    }
  }
  return bytes;
}

}  // namespace webtap::modsec
