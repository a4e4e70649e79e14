#include "agent/audit/head_fields.h"

#include <algorithm>

#include "webtap/base/text.h"

namespace webtap::audit {
namespace {

bool is_blank(char byte) { return byte == ' ' || byte == '\t'; }
bool is_white_space(char byte) { return is_blank(byte) || byte == '\r' || byte == '\n'; }

}  // namespace

std::size_t next_line(ByteView text, std::size_t at) {
  const std::size_t line_feed = text.find('\n', at);
  return line_feed == ByteView::npos ? text.size() : line_feed + 1;
}

Range line_at(ByteView text, std::size_t at) {
  std::size_t end = next_line(text, at);
  if (end > at && text[end - 1] == '\n') --end;
  if (end > at && text[end - 1] == '\r') --end;
  return {at, end};
}

std::size_t skip_continuations(ByteView text, std::size_t at) {
  while (at < text.size() && is_blank(text[at])) at = next_line(text, at);
  return at;
}

Range trimmed(ByteView text, Range range) {
  while (range.begin < range.end && is_white_space(text[range.begin])) ++range.begin;
  while (range.begin < range.end && is_white_space(text[range.end - 1])) --range.end;
  return range;
}

bool equal_ignoring_case(ByteView a, ByteView b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

bool FieldReader::next(Field& field) {
  while (at_ < text_.size()) {
    const Range line = line_at(text_, at_);
    at_ = next_line(text_, at_);
    const std::size_t colon = line.in(text_).find(':');
    if (colon == ByteView::npos) continue;
    at_ = skip_continuations(text_, at_);
    field.name = trimmed(text_, {line.begin, line.begin + colon});
    field.value = trimmed(text_, {line.begin + colon + 1, at_});
    return true;
  }
  return false;
}

bool has_field(ByteView head, ByteView name) {
  FieldReader fields(head, next_line(head, 0));
  for (Field field; fields.next(field);) {
    if (equal_ignoring_case(field.name.in(head), name)) return true;
  }
  return false;
}

}  // namespace webtap::audit
