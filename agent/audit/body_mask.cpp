#include "agent/audit/body_mask.h"

#include <algorithm>
#include <string_view>

#include "agent/audit/chunked_body.h"
#include "agent/audit/head_fields.h"
#include "webtap/event/multipart.h"

namespace webtap::audit {
namespace {

ByteView view(std::span<const char> bytes) { return {bytes.data(), bytes.size()}; }

bool begins_ignoring_case(ByteView text, std::string_view beginning) {
  return equal_ignoring_case(text.substr(0, beginning.size()), beginning);
}

// "application/json", "application/problem+json", "application/x-ndjson", "text/json" and so on.
bool names_json(ByteView content_type) {
  constexpr std::string_view kJson = "json";
  const ByteView type = content_type.substr(0, content_type.find(';'));
  for (std::size_t at = 0; at + kJson.size() <= type.size(); ++at) {
    if (begins_ignoring_case(type.substr(at), kJson)) return true;
  }
  return false;
}

bool names_form(ByteView content_type) {
  return begins_ignoring_case(content_type, "application/x-www-form-urlencoded");
}

// As which scripts send JSON that need not ask the browser's leave.
bool names_plain_text(ByteView content_type) { return begins_ignoring_case(content_type, "text/plain"); }

}  // namespace

BodyMask::Content BodyMask::content_of_type(ByteView type) {
  Content content;
  if (event::is_multipart_form(type)) {
    content.kind = Kind::Multipart;
    content.boundary = event::multipart_boundary(type);
  } else if (names_json(type)) {
    content.kind = Kind::Json;
  } else if (names_form(type)) {
    content.kind = Kind::Form;
  }
  content.may_be_json = content.kind == Kind::Form || names_plain_text(type);
  return content;
}

BodyMask::Content BodyMask::content_of(ByteView head) {
  Content found;
  bool typed = false;
  FieldReader fields(head, next_line(head, 0));
  for (Field field; fields.next(field);) {
    if (!equal_ignoring_case(field.name.in(head), "Content-Type")) continue;
    const Content content = content_of_type(field.value.in(head));
    const bool first = found.kind == Kind::Other;
    found.may_be_json = found.may_be_json || content.may_be_json;
    typed = true;
    if (content.kind == Kind::Other) continue;
    found.conflicting =
        found.conflicting || (!first && (found.kind != content.kind || found.boundary != content.boundary));
    if (first) found.kind = content.kind, found.boundary = content.boundary;
  }
  found.may_be_json = found.may_be_json || !typed;
  return found;
}

Place BodyMask::place_of(Kind kind) {
  if (kind == Kind::Multipart) return Place::Multipart;
  return kind == Kind::Form ? Place::Form : Place::Json;
}

void BodyMask::mask(ByteView head, std::span<char> body, const BodyForm& form) {
  if (body.empty()) return;
  const Content content = content_of(head);
  if (form.coded) {
    if (content.kind != Kind::Other) pen_.cover(body, {}, place_of(content.kind));
    return;
  }
  const std::size_t gap = std::min(form.gap, body.size());
  if (form.framed)
    mask_framed(content, body, gap);
  else
    mask_plain(content, body, gap, form.several_gaps);
}

void BodyMask::mask_plain(const Content& content, std::span<char> body, std::size_t gap, bool several_gaps) {
  const bool no_boundary = content.kind == Kind::Multipart && !content.boundary;
  if (content.conflicting || no_boundary) return pen_.cover(body, {}, place_of(content.kind));
  if (content.kind == Kind::Json || (content.may_be_json && looks_like_json(view(body)))) {
    json_.mask(body.first(gap));
    pen_.cover(body.subspan(gap), {}, Place::Json);
  }
  if (content.kind == Kind::Form) mask_form(body, gap, several_gaps);
  if (content.kind == Kind::Multipart) mask_multipart(body, *content.boundary, gap, several_gaps);
}

// A value may stand across chunks: it is looked for in the data alone, and the data is put back. Behind a gap
// it is not known what is data.
void BodyMask::mask_framed(const Content& content, std::span<char> body, std::size_t gap) {
  const ChunkedBody chunks = find_chunks(view(body.first(gap)));
  unchunked_.clear();
  for (const Range& data : chunks.data) unchunked_ += data.in(view(body));
  mask_plain(content, unchunked_, unchunked_.size(), false);
  const char* from = unchunked_.data();
  for (const Range& data : chunks.data) {
    std::copy_n(from, data.size(), body.data() + data.begin);
    from += data.size();
  }
  heads_.mask_fields(body.first(gap), chunks.trailers_at);
  if (content.kind != Kind::Other) pen_.cover(body.subspan(gap), {}, place_of(content.kind));
}

void BodyMask::mask_form(std::span<char> body, std::size_t gap, bool several_gaps) {
  const std::size_t end = several_gaps ? ByteView::npos : view(body).find('&', gap);
  pen_.cover(body.subspan(gap, std::min(end, body.size()) - gap), {}, Place::Form);
  mask_parameters(body, Place::Form, names_, pen_);
}

// What follows a gap may be the rest of anything, up to the next delimiter that is there as a whole.
void BodyMask::mask_multipart(std::span<char> body, ByteView boundary, std::size_t gap, bool several_gaps) {
  if (gap < body.size()) {
    const ByteView text = view(body);
    std::size_t end = text.size();
    const std::size_t line_end = text.find('\n', gap);
    if (!several_gaps && line_end != ByteView::npos)
      end = event::MultipartReader(text, boundary).find_delimiter(line_end + 1);
    if (end < text.size()) --end;  // its line begins behind this line end
    pen_.cover(body.subspan(gap, std::max(end, gap) - gap), {}, Place::Multipart);
  }
  mask_parts(body, boundary);
}

// What belongs to no part is masked as well: another boundary may be the right one.
void BodyMask::mask_parts(std::span<char> body, ByteView boundary) {
  const ByteView text = view(body);
  const auto bytes_of = [&](ByteView part) {
    return body.subspan(static_cast<std::size_t>(part.data() - text.data()), part.size());
  };
  const auto cover = [&](ByteView part) {
    if (part.empty()) return;
    pen_.cover(bytes_of(trimmed(part, {0, part.size()}).in(part)), {}, Place::Multipart);
  };
  event::MultipartReader reader(text, boundary);
  cover(reader.preamble());
  for (event::MultipartPart part; reader.next(part);) {
    cover(part.junk);
    if (part.headed)
      mask_part(part.head, bytes_of(part.data));
    else
      cover(part.head);
  }
  cover(reader.epilogue());
}

// Any name that a part is given counts, in any of its fields: which of them the application believes is not
// known.
void BodyMask::mask_part(ByteView head, std::span<char> data) {
  MaskNames::Number secret;
  bool named = false;
  bool json = false;
  FieldReader fields(head, 0);
  for (Field field; fields.next(field);) {
    const ByteView value = field.value.in(head);
    json = json || (equal_ignoring_case(field.name.in(head), "Content-Type") && names_json(value));
    event::Parameters parameters(value);
    for (event::Parameter parameter; parameters.next(parameter);) {
      const bool extended = equal_ignoring_case(parameter.name, "name*");
      if (!extended && !equal_ignoring_case(parameter.name, "name")) continue;
      named = named || equal_ignoring_case(field.name.in(head), "Content-Disposition");
      name_.clear();
      event::append_value(parameter, name_);
      if (extended) name_.erase(0, name_.rfind('\'') + 1);  // charset'language'text (RFC 8187)
      if (!secret) secret = names_.find(name_);
      if (!secret) secret = names_.find_encoded(name_);
    }
  }
  if (secret || !named) return pen_.cover(data, secret, Place::Multipart);
  if (json) json_.mask(data);
}

}  // namespace webtap::audit
