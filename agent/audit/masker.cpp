#include "agent/audit/masker.h"

#include <algorithm>
#include <span>
#include <string_view>

#include "agent/audit/head_fields.h"

namespace webtap::audit {
namespace {

using event::FindingKind;

// Findings whose detail is the sensor's own words.
bool is_own_text(FindingKind kind) {
  return kind == FindingKind::ConnectionEnded || kind == FindingKind::DataUnderLimit ||
         kind == FindingKind::ContentLimit;
}

// Findings whose detail is field lines.
bool quotes_fields(FindingKind kind) {
  return kind == FindingKind::TrailerSection || kind == FindingKind::InterimResponse;
}

// The field whose value a finding's detail quotes; empty where it may be anything.
std::string_view quoted_field(FindingKind kind) {
  switch (kind) {
    case FindingKind::ConflictingContentLength:
    case FindingKind::InvalidContentLength:
    case FindingKind::DuplicateContentLength:
      return "content-length";
    case FindingKind::UnknownTransferCoding:
    case FindingKind::ChunkedNotFinal:
    case FindingKind::DuplicateTransferEncoding:
      return "transfer-encoding";
    case FindingKind::InvalidHost:
    case FindingKind::DuplicateHost:
    case FindingKind::HostDiffersFromTarget:
      return "host";
    case FindingKind::SwitchedProtocols:
      return "upgrade";
    case FindingKind::ContentUndecodable:
    case FindingKind::ContentUnknownCoding:
    case FindingKind::ContentMislabelled:
      return "content-encoding";
    default:
      return {};
  }
}

}  // namespace

void Masker::mask(event::AuditEvent& event, const BodyForm& request, const BodyForm& response) {
  mask_message(event, event::Side::Request, event.request, request);
  mask_message(event, event::Side::Response, event.response, response);
  if (const auto name = names_.find("host")) copies_.cover(event.host, name, Place::Header);
  if (const auto name = names_.find("server")) copies_.cover(event.server_banner, name, Place::Header);
  mask_user_info(event.host, copies_);
  for (event::Finding& finding : event.findings) mask_detail(finding);
}

// The body first: what the head says of it may be masked too.
void Masker::mask_message(event::AuditEvent& event, event::Side side, event::HttpMessage& message,
                          const BodyForm& form) {
  const std::uint64_t before = pen_.values();
  bodies_.mask(message.head, message.body, form);
  mask_head_gaps(event, side, message.head);
  heads_.mask(message.head);
  const std::uint64_t masked = pen_.values() - before;
  if (masked == 0) return;
  event.findings.push_back({.kind = FindingKind::Masked, .side = side, .length = masked, .detail = {}});
}

// What follows a gap may be the rest of any value: it goes, to the end of its field.
void Masker::mask_head_gaps(const event::AuditEvent& event, event::Side side, std::span<char> head) {
  const ByteView text(head.data(), head.size());
  for (const event::Finding& finding : event.findings) {
    if (finding.kind != FindingKind::HeadGap || finding.side != side || finding.offset >= head.size())
      continue;
    const auto at = static_cast<std::size_t>(finding.offset);
    const Range rest = trimmed(text, {at, skip_continuations(text, next_line(text, at))});
    pen_.cover_lines(head.subspan(rest.begin, rest.size()), {}, Place::Header);
  }
}

void Masker::mask_detail(event::Finding& finding) {
  if (is_own_text(finding.kind)) return;
  const std::string_view field = quoted_field(finding.kind);
  if (quotes_fields(finding.kind)) {
    copied_heads_.mask_fields(finding.detail, 0);
  } else if (field.empty() || names_.contain(field)) {
    copies_.cover(finding.detail, {}, Place::Header);
  } else if (field == "host") {
    mask_user_info(finding.detail, copies_);
  }
}

}  // namespace webtap::audit
