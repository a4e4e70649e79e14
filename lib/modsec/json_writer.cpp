#include "webtap/modsec/json_writer.h"

#include <algorithm>

#include "webtap/base/utf8.h"
#include "webtap/modsec/escape.h"
#include "webtap/modsec/finding_message.h"
#include "webtap/modsec/form_parts.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;
using event::HttpMessage;

std::string uuid_text(const std::array<std::uint8_t, 16>& uuid) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(36, '-');
  std::size_t at = 0;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) ++at;
    text[at++] = kDigits[uuid[i] >> 4];
    text[at++] = kDigits[uuid[i] & 15];
  }
  return text;
}

std::int64_t microseconds(Timestamp time) { return time.time_since_epoch().count(); }

}  // namespace

bool JsonWriter::is_latin1(std::string_view path, ByteView bytes) {
  if (is_utf8(bytes)) return false;
  latin1_.emplace_back(path);
  return true;
}

void JsonWriter::put_string(std::string_view name, std::string_view path, ByteView bytes, JsonText& json) {
  json.key(name);
  json.raw_string(bytes, is_latin1(path, bytes));
}

void JsonWriter::append(const AuditEvent& event, std::string& out) {
  latin1_.clear();
  split_head(event.request.head, request_head_);
  split_head(event.response.head, response_head_);
  status_line_ = split_status_line(response_head_.start_line);
  response_head_.exact = response_head_.exact && status_line_.valid;
  JsonText json(out);
  json.open('{');
  put_transaction(event, json);
  put_request(event.request, json);
  put_response(event.response, json);
  put_audit_data(event, json);
  if (parts_.has('J') && has_form_parts(event.request)) put_uploads(event.request, json);
  put_webtap(event, json);
  json.close('}');
  out += '\n';
}

void JsonWriter::put_transaction(const AuditEvent& event, JsonText& json) {
  char time[kTimeTextSize];
  time_.write(event.finished, time);
  char address[kMaxAddressText];
  json.open("transaction", '{');
  json.key("time");
  json.raw_string({time, kTimeTextSize}, false);
  put_string("transaction_id", "transaction.transaction_id", event.transaction_id, json);
  json.key("remote_address");
  json.raw_string({address, format_address(event.client.address, address)}, false);
  json.number("remote_port", event.client.port);
  json.key("local_address");
  json.raw_string({address, format_address(event.server.address, address)}, false);
  json.number("local_port", event.server.port);
  json.close('}');
}

void JsonWriter::put_request(const HttpMessage& request, JsonText& json) {
  json.open("request", '{');
  if (parts_.has('B') && !request.head.empty()) {
    put_string("request_line", "request.request_line", request_head_.start_line, json);
    put_headers(request_head_, "request.headers", json);
  }
  if (!request.body.empty() && writes_body(request, parts_)) {
    json.open("body", '[');
    json.raw_string(request.body, is_latin1("request.body", request.body));
    json.close(']');
  }
  if (parts_.has('I') && has_form_parts(request)) {
    form_.resize(form_parts_bound(request, parts_));
    form_.resize(static_cast<std::size_t>(put_fields(form_.data(), request) - form_.data()));
    json.key("fake_body");
    json.raw_string(form_, false);
  }
  json.close('}');
}

void JsonWriter::put_uploads(const HttpMessage& request, JsonText& json) {
  std::uint64_t total = 0;
  json.open("uploads", '{');
  json.open("info", '[');
  for (FormParts part(request); part.next();) {
    if (!part.is_file()) continue;
    const Upload upload = part.upload();
    form_.resize(kMaxEscape * upload.file_name.size());
    form_.resize(static_cast<std::size_t>(put_log_text(form_.data(), upload.file_name) - form_.data()));
    json.open('{');
    json.number("file_size", upload.size);
    json.key("file_name");
    json.raw_string(form_, false);
    json.key("content_type");
    json.raw_string("<Unknown Content-Type>", false);
    json.close('}');
    total += upload.size;
  }
  json.close(']');
  json.number("total", total);
  json.close('}');
}

void JsonWriter::put_response(const HttpMessage& response, JsonText& json) {
  json.open("response", '{');
  if (parts_.has('F') && !response.head.empty()) {
    if (status_line_.valid) {
      put_string("protocol", "response.protocol", status_line_.protocol, json);
      json.number("status", status_line_.status);
    }
    put_headers(response_head_, "response.headers", json);
  }
  if (parts_.has('E') && !response.body.empty()) put_string("body", "response.body", response.body, json);
  json.close('}');
}

void JsonWriter::put_headers(const HeadParts& head, std::string_view path, JsonText& json) {
  const bool latin1 = is_latin1(path, head.field_lines);
  json.open("headers", '{');
  for (const HeadParts::Field& field : head.fields) {
    if (!field.leads) continue;
    json.raw_key(field.line.name, latin1);
    if (field.next == 0) {
      json.raw_string(field.line.value, latin1);
      continue;
    }
    json.open('[');
    for (const HeadParts::Field* each = &field;; each = &head.fields[each->next]) {
      json.raw_string(each->line.value, latin1);
      if (each->next == 0) break;
    }
    json.close(']');
  }
  json.close('}');
}

void JsonWriter::put_audit_data(const AuditEvent& event, JsonText& json) {
  json.open("audit_data", '{');
  if (parts_.has('H')) {
    put_messages(event, json);
    if (parts_.has('E') && !event.response.body.empty()) json.boolean("response_body_dechunked", true);
    if (!event.producer.empty()) put_string("producer", "audit_data.producer", event.producer, json);
    if (!event.server_banner.empty()) put_string("server", "audit_data.server", event.server_banner, json);
    if (!event.sensor.empty()) put_string("sensor_id", "audit_data.sensor_id", event.sensor, json);
    json.key("engine_mode");
    json.raw_string("DETECTION_ONLY", false);
  }
  json.close('}');
}

void JsonWriter::put_messages(const AuditEvent& event, JsonText& json) {
  if (event.messages.empty() && std::ranges::none_of(event.findings, is_message)) return;
  json.open("messages", '[');
  for (const event::Finding& finding : event.findings)
    if (is_message(finding)) json.raw_string(finding_message(finding), false);
  const bool latin1 = !std::ranges::all_of(event.messages, is_utf8);
  if (latin1) latin1_.emplace_back("audit_data.messages");
  for (const std::string& message : event.messages) json.raw_string(message, latin1);
  json.close(']');
}

void JsonWriter::put_webtap(const AuditEvent& event, JsonText& json) {
  json.open("webtap", '{');
  json.key("sensor_uuid");
  json.raw_string(uuid_text(event.name.sensor_uuid), false);
  json.number("boot_epoch", event.name.boot_epoch);
  json.number("sequence", event.name.sequence);
  put_string("boundary", "webtap.boundary", event.boundary, json);
  json.number("started", microseconds(event.started));
  json.number("finished", microseconds(event.finished));
  put_string("host", "webtap.host", event.host, json);
  json.number("status", event.status);
  put_message_details("request", event.request, request_head_, parts_.has('B'), json);
  put_message_details("response", event.response, response_head_, parts_.has('F'), json);
  if (parts_.has('H')) {
    put_findings(event, json);
    json.number("engine_messages", event.messages.size());
  }
  if (!latin1_.empty()) {
    json.open("latin1", '[');
    for (const std::string& path : latin1_) json.raw_string(path, false);
    json.close(']');
  }
  json.close('}');
}

void JsonWriter::put_message_details(std::string_view side, const HttpMessage& message, const HeadParts& head,
                                     bool with_head, JsonText& json) {
  json.open(side, '{');
  json.boolean("present", message.present);
  json.number("body_size", message.body_size);
  json.number("wire_size", message.wire_size);
  if (with_head && !message.head.empty()) {
    const std::string path = "webtap." + std::string(side);
    if (!head.exact) {
      put_string("head", path + ".head", message.head, json);
    } else {
      if (&head == &response_head_ && status_line_.has_reason)
        put_string("reason", path + ".reason", status_line_.reason, json);
      if (!head.last_line_ended) json.boolean("last_line_ended", false);
    }
  }
  json.close('}');
}

void JsonWriter::put_findings(const AuditEvent& event, JsonText& json) {
  const bool latin1 = !std::ranges::all_of(event.findings, is_utf8, &event::Finding::detail);
  if (latin1) latin1_.emplace_back("webtap.findings");
  json.open("findings", '[');
  for (const event::Finding& finding : event.findings) {
    json.open('{');
    json.key("kind");
    json.raw_string(finding_name(finding.kind), false);
    json.key("side");
    json.raw_string(side_name(finding.side), false);
    json.number("offset", finding.offset);
    json.number("length", finding.length);
    json.key("detail");
    json.raw_string(finding.detail, latin1);
    json.close('}');
  }
  json.close(']');
}

}  // namespace webtap::modsec
