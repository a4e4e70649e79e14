#include "webtap/modsec/json_head.h"

#include <algorithm>
#include <numeric>

namespace webtap::modsec {
namespace {

// Takes the next line off the front of `rest`. False where a rebuilt head could not end it in the same way:
// with CR LF, or not at all as the last line.
bool take_plain_line(ByteView& rest, ByteView& line, bool& ended) {
  if (rest.empty()) return false;
  event::LineEnd end{};
  line = event::take_line(rest, &end);
  ended = end == event::LineEnd::CrLf;
  return ended || (end == event::LineEnd::None && rest.empty());
}

bool is_plain_field(ByteView line, const event::FieldLine& field) {
  return line.size() == field.name.size() + 2 + field.value.size() && line.starts_with(field.name) &&
         line.substr(field.name.size(), 2) == ": " && line.ends_with(field.value);
}

// Whether every line behind the start line is a field line, written "name: value".
bool are_plain_fields(ByteView rest, const std::vector<HeadParts::Field>& fields, bool& ended) {
  ByteView line;
  for (const HeadParts::Field& field : fields)
    if (!take_plain_line(rest, line, ended) || !is_plain_field(line, field.line)) return false;
  return rest.empty();
}

constexpr std::size_t kFewFields = 16;

void link_few(std::vector<HeadParts::Field>& fields) {
  for (std::size_t at = 0; at < fields.size(); ++at) {
    std::size_t before = at;
    while (before > 0 && fields[before - 1].line.name != fields[at].line.name) --before;
    fields[at].leads = before == 0;
    if (before > 0) fields[before - 1].next = at;
  }
}

// Chains fields of the same name. Sorts them where they are many, as a head may have thousands.
void link_same_names(std::vector<HeadParts::Field>& fields) {
  if (fields.size() <= kFewFields) return link_few(fields);
  std::vector<std::size_t> order(fields.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t index) { return fields[index].line.name; });
  for (std::size_t at = 0; at < order.size(); ++at) {
    const bool leads = at == 0 || fields[order[at]].line.name != fields[order[at - 1]].line.name;
    fields[order[at]].leads = leads;
    if (!leads) fields[order[at - 1]].next = order[at];
  }
}

bool repeated_names_are_neighbours(const std::vector<HeadParts::Field>& fields) {
  for (std::size_t at = 0; at < fields.size(); ++at)
    if (fields[at].next != 0 && fields[at].next != at + 1) return false;
  return true;
}

}  // namespace

void split_head(ByteView head, HeadParts& parts) {
  parts.fields.clear();
  event::FieldLines lines(head);
  for (event::FieldLine line; lines.next(line);) parts.fields.push_back({line, false, 0});
  link_same_names(parts.fields);
  parts.field_lines = head;
  parts.start_line = {};
  parts.exact = take_plain_line(parts.field_lines, parts.start_line, parts.last_line_ended) &&
                are_plain_fields(parts.field_lines, parts.fields, parts.last_line_ended) &&
                repeated_names_are_neighbours(parts.fields);
}

StatusLine split_status_line(ByteView line) {
  StatusLine split;
  split.status = event::response_status(line);
  if (split.status < 100) return {};
  const std::size_t space = line.find(' ');
  split.protocol = line.substr(0, space);
  split.has_reason = line.size() > space + 4;
  if (split.has_reason) split.reason = line.substr(space + 5);
  split.valid = true;
  return split;
}

std::string rebuild_head(ByteView start_line, const HeaderList& fields, bool last_line_ended) {
  std::string head(start_line);
  for (const auto& [name, value] : fields) head.append("\r\n").append(name).append(": ").append(value);
  return last_line_ended ? head.append("\r\n") : head;
}

}  // namespace webtap::modsec
