#include "webtap/modsec/native_writer.h"

#include <algorithm>
#include <cstring>

#include "webtap/modsec/escape.h"
#include "webtap/modsec/finding_message.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;
using event::HttpMessage;

// Boundary lines, A line, and what part H always says.
constexpr std::size_t kFixedText = 1024;
constexpr std::string_view kMessage = "Message: ";

char* put_boundary(char* out, std::string_view boundary, char part) {
  out = put(put(out, "--"), boundary);
  const char tail[] = {'-', part, '-', '-', '\n'};
  return put(out, {tail, sizeof tail});
}

// The lines of a head, each ended by LF: one CR before an LF is dropped, the last line gets one.
char* put_lines(char* out, ByteView head) {
  const char* at = head.data();
  const char* const end = at + head.size();
  while (at != end) {
    const auto* lf = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    const char* line_end = lf == nullptr ? end : lf;
    if (lf != nullptr && lf != at && lf[-1] == '\r') --line_end;
    out = put(out, {at, static_cast<std::size_t>(line_end - at)});
    *out++ = '\n';
    at = lf == nullptr ? end : lf + 1;
  }
  return out;
}

char* put_findings_and_messages(char* out, const AuditEvent& event) {
  for (const event::Finding& finding : event.findings) {
    if (!is_message(finding)) continue;
    out = put_finding_message(put(out, kMessage), finding);
    *out++ = '\n';
  }
  for (const std::string& message : event.messages) {
    out = put_message_text(put(out, kMessage), message);
    *out++ = '\n';
  }
  return out;
}

char* put_stopwatch(char* out, const AuditEvent& event) {
  const auto started = writable_time(event.started).time_since_epoch().count();
  const auto finished = writable_time(event.finished).time_since_epoch().count();
  out = put_decimal(put(out, "Stopwatch: "), started);
  *out++ = ' ';
  out = put_decimal(out, std::max<std::int64_t>(finished - started, 0));
  return put(out, " (- - -)\n");
}

char* put_part_h(char* out, const AuditEvent& event, bool part_e_written) {
  out = put_stopwatch(put_findings_and_messages(out, event), event);
  if (part_e_written) out = put(out, "Response-Body-Transformed: Dechunked\n");
  if (!event.producer.empty()) out = put(put_line_text(put(out, "Producer: "), event.producer), ".\n");
  if (!event.server_banner.empty()) out = put(put_line_text(put(out, "Server: "), event.server_banner), "\n");
  if (!event.sensor.empty()) out = put(put_quoted_text(put(out, "Sensor-Id: \""), event.sensor), "\"\n");
  return put(out, "Engine-Mode: \"DETECTION_ONLY\"\n");
}

}  // namespace

std::size_t NativeWriter::bound(const AuditEvent& event) const {
  std::size_t bytes = kFixedText + event.request.head.size() + event.request.body.size() +
                      event.response.head.size() + event.response.body.size();
  bytes += kMaxEscape * (event.producer.size() + event.server_banner.size() + event.sensor.size());
  for (const event::Finding& finding : event.findings)
    bytes += kMessage.size() + 1 + finding_message_bound(finding);
  for (const std::string& message : event.messages)
    bytes += kMessage.size() + 1 + kMaxEscape * message.size();
  return bytes;
}

char* NativeWriter::AddressText::write(const IpAddress& address, char* out) {
  if (size_ == 0 || address != address_) {
    address_ = address;
    size_ = format_address(address, text_);
  }
  return put(out, {text_, size_});
}

char* NativeWriter::write_part_a(const AuditEvent& event, char* out) {
  std::array<char, kMaxToken> room;
  *out++ = '[';
  out = put(time_.write(event.finished, out), "] ");
  out = put(out, safe_token(event.transaction_id, room));
  *out++ = ' ';
  out = client_.write(event.client.address, out);
  *out++ = ' ';
  out = put_decimal(out, event.client.port);
  *out++ = ' ';
  out = server_.write(event.server.address, out);
  *out++ = ' ';
  return put_decimal(out, event.server.port);
}

char* NativeWriter::write(const AuditEvent& event, char* out) {
  const std::string_view boundary = safe_boundary(event.boundary);
  const HttpMessage& request = event.request;
  const HttpMessage& response = event.response;
  // The LF before a boundary line belongs to the boundary: contents may end without one.
  const auto begin = [&](char part) {
    *out++ = '\n';
    out = put_boundary(out, boundary, part);
  };
  out = write_part_a(event, put_boundary(out, boundary, 'A'));
  if (request.present && parts_.has('B')) begin('B'), out = put_lines(out, request.head);
  if (request.present && !request.body.empty() && parts_.has('C')) begin('C'), out = put(out, request.body);
  if (response.present && parts_.has('F')) begin('F'), out = put_lines(out, response.head);
  const bool part_e = response.present && !response.body.empty() && parts_.has('E');
  if (part_e) begin('E'), out = put(out, response.body);
  if (parts_.has('H')) begin('H'), out = put_part_h(out, event, part_e);
  begin('Z');
  return out;
}

void NativeWriter::append(const AuditEvent& event, std::string& out) {
  const std::size_t before = out.size();
  out.resize(before + bound(event));
  out.resize(static_cast<std::size_t>(write(event, out.data() + before) - out.data()));
}

}  // namespace webtap::modsec
