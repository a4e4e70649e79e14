#include "webtap/event/head.h"

#include <algorithm>

namespace webtap::event {
namespace {

constexpr ByteView kBlanks = " \t";

char lower(char byte) { return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte - 'A' + 'a') : byte; }
bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
bool is_scheme_byte(char byte) {
  return (lower(byte) >= 'a' && lower(byte) <= 'z') || is_digit(byte) || byte == '+' || byte == '-' ||
         byte == '.';
}

ByteView start_line(ByteView head) { return head.empty() ? head : take_line(head); }

// The authority of a target in absolute form (RFC 9112, section 3.2.2), without user information.
ByteView authority(ByteView target) {
  const std::size_t scheme_end = target.find("://");
  if (scheme_end == ByteView::npos || scheme_end == 0) return {};
  if (!std::ranges::all_of(target.substr(0, scheme_end), is_scheme_byte)) return {};
  target.remove_prefix(scheme_end + 3);
  target = target.substr(0, target.find_first_of("/?#"));
  const std::size_t user_end = target.rfind('@');
  return user_end == ByteView::npos ? target : target.substr(user_end + 1);
}

}  // namespace

ByteView take_line(ByteView& rest, LineEnd* ended_by) {
  const std::size_t lf = rest.find('\n');
  ByteView line = rest.substr(0, lf);
  rest.remove_prefix(lf == ByteView::npos ? rest.size() : lf + 1);
  LineEnd end = lf == ByteView::npos ? LineEnd::None : LineEnd::Lf;
  if (end == LineEnd::Lf && line.ends_with('\r')) {
    line.remove_suffix(1);
    end = LineEnd::CrLf;
  }
  if (ended_by != nullptr) *ended_by = end;
  return line;
}

ByteView trim(ByteView text) {
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == ByteView::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, {}, lower, lower);
}

FieldLines::FieldLines(ByteView head) : rest_(head) {
  if (!rest_.empty()) take_line(rest_);
}

FieldLines FieldLines::without_start_line(ByteView lines) {
  FieldLines found;
  found.rest_ = lines;
  return found;
}

bool FieldLines::next(FieldLine& field) {
  while (!rest_.empty()) {
    const ByteView line = take_line(rest_);
    const std::size_t colon = line.find(':');
    if (colon == ByteView::npos) continue;
    const char* end = line.data() + line.size();
    while (rest_.starts_with(' ') || rest_.starts_with('\t')) {
      const ByteView folded = take_line(rest_);
      end = folded.data() + folded.size();
    }
    field.name = line.substr(0, colon);
    const char* begin = line.data() + colon + 1;
    field.value = trim(ByteView(begin, static_cast<std::size_t>(end - begin)));
    return true;
  }
  return false;
}

std::optional<ByteView> find_field(ByteView head, std::string_view name) {
  FieldLines lines(head);
  for (FieldLine field; lines.next(field);)
    if (equal_ignoring_case(trim(field.name), name)) return field.value;
  return std::nullopt;
}

RequestLine request_line(ByteView head) {
  ByteView line = start_line(head);
  RequestLine parts;
  parts.method = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(line.size(), parts.method.size() + 1));
  const std::size_t version = line.rfind(" HTTP/");
  if (version != ByteView::npos) {
    parts.version = line.substr(version + 1);
    line = line.substr(0, version);
  }
  parts.target = line;
  return parts;
}

ByteView request_host(ByteView head) {
  const RequestLine line = request_line(head);
  if (line.method == "CONNECT" && !line.target.empty()) return line.target;
  const ByteView absolute = authority(line.target);
  return absolute.empty() ? find_field(head, "Host").value_or(ByteView{}) : absolute;
}

std::uint16_t response_status(ByteView head) {
  const ByteView line = start_line(head);
  const std::size_t space = line.find(' ');
  if (space == ByteView::npos) return 0;
  const ByteView digits = line.substr(space + 1, 3);
  if (digits.size() != 3 || !std::ranges::all_of(digits, is_digit)) return 0;
  if (line.size() > space + 4 && line[space + 4] != ' ') return 0;
  return static_cast<std::uint16_t>((digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0'));
}

}  // namespace webtap::event
