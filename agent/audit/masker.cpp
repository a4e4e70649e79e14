#include "agent/audit/masker.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "agent/audit/chunked_body.h"
#include "agent/audit/head_fields.h"

namespace webtap::audit {
namespace {

using event::FindingKind;

constexpr std::size_t kNowhere = std::string::npos;

ByteView view(std::span<const char> bytes) { return {bytes.data(), bytes.size()}; }

std::span<char> part(std::span<char> bytes, Range range) { return bytes.subspan(range.begin, range.size()); }

bool names_form(ByteView content_type) {
  constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  return equal_ignoring_case(content_type.substr(0, kForm.size()), kForm);
}

// Any of several Content-Type fields counts: which of them the application believes is not known.
bool is_form(ByteView head) {
  FieldReader fields(head, next_line(head, 0));
  for (Field field; fields.next(field);) {
    if (equal_ignoring_case(field.name.in(head), "Content-Type") && names_form(field.value.in(head)))
      return true;
  }
  return false;
}

// Whose value may hold a URI with a query.
bool is_reference(ByteView name) {
  constexpr std::array<std::string_view, 4> kReferences{"Referer", "Location", "Content-Location", "Refresh"};
  return std::ranges::any_of(kReferences, [&](ByteView known) { return equal_ignoring_case(name, known); });
}

// Where a pair ends whose value begins with a quote, as servers read it that know of quotes (RFC 2109).
std::size_t end_of_quoted(ByteView text, std::size_t quote, std::size_t semicolon) {
  const std::size_t closing = std::min(text.find('"', quote + 1), text.size());
  return std::max(semicolon, std::min(text.find(';', closing), text.size()));
}

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
  if (names_.contain("host")) blank(event.host);
  if (names_.contain("server")) blank(event.server_banner);
  for (event::Finding& finding : event.findings) mask_detail(finding);
}

void Masker::mask_message(event::AuditEvent& event, event::Side side, event::HttpMessage& message,
                          const BodyForm& form) {
  masked_ = 0;
  mask_head_gaps(event, side, message.head);
  mask_head(message.head);
  if (is_form(message.head)) mask_form(message.body, form);
  if (masked_ == 0) return;
  event.findings.push_back({.kind = FindingKind::Masked, .side = side, .length = masked_, .detail = {}});
}

// What follows a gap may be the rest of any value: it goes, to the end of its field.
void Masker::mask_head_gaps(const event::AuditEvent& event, event::Side side, std::span<char> head) {
  for (const event::Finding& finding : event.findings) {
    if (finding.kind != FindingKind::HeadGap || finding.side != side || finding.offset >= head.size())
      continue;
    const auto at = static_cast<std::size_t>(finding.offset);
    const std::size_t end = skip_continuations(view(head), next_line(view(head), at));
    blank_lines(part(head, trimmed(view(head), {at, end})));
  }
}

void Masker::mask_head(std::span<char> head) {
  mask_start_line(head);
  mask_fields(head, next_line(view(head), 0));
}

// A target with white space in it goes on to the version, or to the end of the line.
void Masker::mask_start_line(std::span<char> head) {
  Range line = line_at(view(head), 0);
  const std::size_t version = line.in(view(head)).rfind(" HTTP/");
  if (version != kNowhere) line.end = line.begin + version;
  mask_query(part(head, line));
}

void Masker::mask_fields(std::span<char> text, std::size_t at) {
  FieldReader fields(view(text), at);
  for (Field field; fields.next(field);) {
    const ByteView name = field.name.in(view(text));
    const std::span<char> value = part(text, field.value);
    if (names_.contain(name)) {
      blank_lines(value);
    } else if (equal_ignoring_case(name, "Cookie")) {
      mask_cookies(value);
    } else if (equal_ignoring_case(name, "Set-Cookie")) {
      mask_set_cookie(value);
    } else if (is_reference(name)) {
      mask_query(value);
    }
  }
}

// Pairs are split at every `;`, as browsers do, but a value that is masked goes on to the end of its quotes.
void Masker::mask_cookies(std::span<char> value) {
  for (std::size_t at = 0; at < value.size();) at = mask_cookie(value, at) + 1;
}

// Only the first pair is the cookie (RFC 6265, section 5.2); the others are its attributes.
void Masker::mask_set_cookie(std::span<char> value) { mask_cookie(value, 0); }

// Masks the pair that begins at `at`, if its name is one of ours; gives where it ends.
std::size_t Masker::mask_cookie(std::span<char> value, std::size_t at) {
  const ByteView text = view(value);
  std::size_t end = std::min(text.find(';', at), text.size());
  const std::size_t equals = text.substr(at, end - at).find('=');
  if (equals == kNowhere || !names_.contain(trimmed(text, {at, at + equals}).in(text))) return end;
  const std::size_t begin = trimmed(text, {at + equals + 1, end}).begin;
  if (begin < end && text[begin] == '"') end = end_of_quoted(text, begin, end);
  blank_lines(part(value, trimmed(text, {begin, end})));
  return end;
}

void Masker::mask_query(std::span<char> reference) {
  const std::size_t query = view(reference).find('?');
  if (query != kNowhere) mask_parameters(reference.subspan(query + 1));
}

// A name may follow `&`, or `;` as some servers read it; a value goes on to the next `&`.
void Masker::mask_parameters(std::span<char> parameters) {
  const ByteView text = view(parameters);
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find_first_of("=&;", at), text.size());
    if (end < text.size() && text[end] == '=') {
      const bool secret = names_.contain_encoded(text.substr(at, end - at));
      const std::size_t value = end + 1;
      end = std::min(secret ? text.find('&', value) : text.find_first_of("&;", value), text.size());
      if (secret) blank_lines(part(parameters, {value, end}));
    }
    at = end + 1;
  }
}

void Masker::mask_form(std::span<char> body, const BodyForm& form) {
  if (form.coded) return blank(body);
  const std::size_t gap = std::min(form.gap, body.size());
  if (form.framed) {
    blank(body.subspan(gap));
    return mask_chunked_form(body.first(gap));
  }
  const std::size_t end = form.several_gaps ? kNowhere : view(body).find('&', gap);
  blank(body.subspan(gap, std::min(end, body.size()) - gap));
  mask_parameters(body);
}

// A field may stand across chunks: it is looked for in the data alone, and the data is put back.
void Masker::mask_chunked_form(std::span<char> body) {
  const ChunkedBody chunks = find_chunks(view(body));
  unchunked_.clear();
  for (const Range& data : chunks.data) unchunked_ += data.in(view(body));
  mask_parameters(unchunked_);
  const char* from = unchunked_.data();
  for (const Range& data : chunks.data) {
    std::copy_n(from, data.size(), body.data() + data.begin);
    from += data.size();
  }
  mask_fields(body, chunks.trailers_at);
}

void Masker::mask_detail(event::Finding& finding) {
  if (is_own_text(finding.kind)) return;
  const std::string_view field = quoted_field(finding.kind);
  if (quotes_fields(finding.kind)) {
    mask_fields(finding.detail, 0);
  } else if (field.empty() || names_.contain(field)) {
    blank(finding.detail);
  }
}

void Masker::blank(std::span<char> value) {
  if (value.empty()) return;
  std::ranges::fill(value, '*');
  ++masked_;
}

// Line ends stay, and the white space that makes a line continue the one before it.
void Masker::blank_lines(std::span<char> value) {
  if (value.empty()) return;
  for (std::size_t at = 0; at < value.size(); at = next_line(view(value), at)) {
    const Range line = line_at(view(value), at);
    const Range visible = at == 0 ? line : Range{trimmed(view(value), line).begin, line.end};
    std::ranges::fill(part(value, visible), '*');
  }
  ++masked_;
}

}  // namespace webtap::audit
