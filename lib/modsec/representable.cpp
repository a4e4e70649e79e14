#include <algorithm>
#include <array>

#include "webtap/event/head.h"
#include "webtap/modsec/escape.h"
#include "webtap/modsec/finding_message.h"
#include "webtap/modsec/form_parts.h"
#include "webtap/modsec/native_writer.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;
using event::HttpMessage;

std::string with_crlf_lines(ByteView head) {
  std::string lines;
  lines.reserve(head.size() + 2);
  while (!head.empty()) lines.append(event::take_line(head)).append("\r\n");
  return lines;
}

HttpMessage representable_message(const HttpMessage& message, bool with_head, bool with_body) {
  HttpMessage kept;
  if (!message.present) return kept;
  if (with_head) kept.head = with_crlf_lines(message.head);
  if (with_body) kept.body = message.body;
  kept.present = with_head || !kept.body.empty();
  kept.body_size = kept.body.size();
  return kept;
}

void keep_findings_and_messages(const AuditEvent& event, AuditEvent& kept) {
  std::ranges::copy_if(event.findings, std::back_inserter(kept.findings), is_message);
  std::string text;
  for (const std::string& message : event.messages) {
    text.resize(kMaxEscape * message.size());
    text.resize(static_cast<std::size_t>(put_message_text(text.data(), message) - text.data()));
    auto finding = kept.messages.empty() ? parse_finding_message(text) : std::nullopt;
    if (finding)
      kept.findings.push_back(std::move(*finding));
    else
      kept.messages.push_back(text);
  }
}

}  // namespace

AuditEvent representable(const AuditEvent& event, Parts parts) {
  AuditEvent kept;
  std::array<char, kMaxToken> room;
  kept.transaction_id = safe_token(event.transaction_id, room);
  kept.boundary = safe_boundary(event.boundary);
  kept.client = event.client;
  kept.server = event.server;
  kept.started = kept.finished = writable_time(event.finished);
  kept.request = representable_message(event.request, parts.has('B'), writes_body(event.request, parts));
  kept.response = representable_message(event.response, parts.has('F'), parts.has('E'));
  kept.host = event::request_host(kept.request.head);
  kept.status = event::response_status(kept.response.head);
  if (!parts.has('H')) return kept;
  kept.started = writable_time(event.started);
  kept.sensor = event.sensor;
  kept.producer = event.producer;
  kept.server_banner = event.server_banner;
  keep_findings_and_messages(event, kept);
  return kept;
}

}  // namespace webtap::modsec
