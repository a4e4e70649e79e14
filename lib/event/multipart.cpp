#include "webtap/event/multipart.h"

#include <algorithm>

#include "webtap/event/head.h"

namespace webtap::event {
namespace {

constexpr ByteView kWhiteSpace = " \t\r\n";  // line ends stand within a folded value

bool is_blank(char byte) { return byte == ' ' || byte == '\t'; }
bool is_line_end(char byte) { return byte == '\r' || byte == '\n'; }

ByteView trim_all(ByteView text) {
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == ByteView::npos) return {};
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

// Whether the byte behind this backslash is escaped by it.
bool is_escape(ByteView text, std::size_t at, char quote) {
  return quote != 0 && text[at] == '\\' && at + 1 < text.size() &&
         (text[at + 1] == quote || text[at + 1] == '\\');
}

std::size_t closing_quote(ByteView text, char quote) {
  std::size_t at = 0;
  while (at < text.size() && text[at] != quote) at += is_escape(text, at, quote) ? 2 : 1;
  return std::min(at, text.size());
}

ByteView without_line_end(ByteView text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// A boundary that is no parameter, as in "multipart/form-data boundary=x".
ByteView loose_boundary(ByteView content_type) {
  constexpr ByteView kName = "boundary=";
  const std::size_t at = content_type.find(kName);
  if (at == ByteView::npos) return {};
  const ByteView value = content_type.substr(at + kName.size());
  if (!value.starts_with('"')) return value.substr(0, value.find_first_of(" \t\r\n,;"));
  return value.substr(1, closing_quote(value.substr(1), '"'));
}

}  // namespace

Parameters::Parameters(ByteView field_value) : rest_(field_value) {
  rest_.remove_prefix(std::min(rest_.find(';'), rest_.size()));
}

bool Parameters::next(Parameter& parameter) {
  while (!rest_.empty()) {
    rest_.remove_prefix(1);  // the semicolon
    const std::size_t name_end = std::min(rest_.find_first_of("=;"), rest_.size());
    parameter.name = trim_all(rest_.substr(0, name_end));
    rest_.remove_prefix(name_end);
    if (!rest_.starts_with('=')) continue;
    rest_.remove_prefix(std::min(rest_.find_first_not_of(kWhiteSpace, 1), rest_.size()));
    parameter.quote = rest_.starts_with('"') || rest_.starts_with('\'') ? rest_[0] : '\0';
    if (parameter.quote != 0) {
      rest_.remove_prefix(1);
      parameter.value = rest_.substr(0, closing_quote(rest_, parameter.quote));
      rest_.remove_prefix(parameter.value.size());
      rest_.remove_prefix(std::min(rest_.find(';'), rest_.size()));
    } else {
      const ByteView value = rest_.substr(0, rest_.find(';'));
      parameter.value = trim_all(value);
      rest_.remove_prefix(value.size());
    }
    return true;
  }
  return false;
}

void append_value(const Parameter& parameter, std::string& out) {
  const ByteView text = parameter.value;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (is_escape(text, at, parameter.quote)) {
      out += text[++at];
    } else if (is_line_end(text[at])) {
      while (at + 1 < text.size() && (is_line_end(text[at + 1]) || is_blank(text[at + 1]))) ++at;
      out += ' ';
    } else {
      out += text[at];
    }
  }
}

bool is_multipart_form(ByteView content_type) {
  constexpr ByteView kForm = "multipart/form-data";
  return equal_ignoring_case(content_type.substr(0, kForm.size()), kForm);
}

std::optional<ByteView> multipart_boundary(ByteView content_type) {
  ByteView found;
  bool several = false;
  Parameters parameters(content_type);
  for (Parameter parameter; parameters.next(parameter);) {
    if (!equal_ignoring_case(parameter.name, "boundary")) continue;
    several = several || (found.data() != nullptr && found != parameter.value);
    found = parameter.value;
  }
  if (found.data() == nullptr) found = loose_boundary(content_type);
  if (several || found.empty() || found.size() > kMaxMultipartBoundary) return std::nullopt;
  if (std::ranges::any_of(found, is_line_end)) return std::nullopt;
  return found;
}

MultipartReader::MultipartReader(ByteView body, ByteView boundary) : body_(body), boundary_(boundary) {
  at_ = find_delimiter(0);
  preamble_ = body_.substr(0, at_);
}

bool MultipartReader::is_delimiter(std::size_t line) const {
  const ByteView text = body_.substr(line);
  return text.starts_with("--") && text.substr(2).starts_with(boundary_);
}

std::size_t MultipartReader::line_behind(std::size_t at) const {
  const std::size_t line_feed = body_.find('\n', at);
  return line_feed == ByteView::npos ? body_.size() : line_feed + 1;
}

std::size_t MultipartReader::find_delimiter(std::size_t at) const {
  while (at < body_.size() && !is_delimiter(at)) at = line_behind(at);
  return at;
}

void MultipartReader::take_head(MultipartPart& part) {
  const std::size_t begin = at_;
  part.headed = false;
  while (at_ < body_.size() && !part.headed && !is_delimiter(at_)) {
    const std::size_t line = at_;
    at_ = line_behind(line);
    part.headed = without_line_end(body_.substr(line, at_ - line)).empty();
    if (part.headed) part.head = body_.substr(begin, line - begin);
  }
  if (!part.headed) part.head = body_.substr(begin, at_ - begin);
}

bool MultipartReader::next(MultipartPart& part) {
  if (at_ >= body_.size()) return false;
  const std::size_t behind = at_ + 2 + boundary_.size();
  const std::size_t line_end = line_behind(behind);
  part.junk = trim_all(body_.substr(behind, line_end - behind));
  at_ = line_end;
  if (part.junk.starts_with("--")) {
    epilogue_ = body_.substr(static_cast<std::size_t>(part.junk.data() + 2 - body_.data()));
    at_ = body_.size();
    return false;
  }
  take_head(part);
  const std::size_t begin = at_;
  at_ = find_delimiter(begin);
  part.data = body_.substr(begin, at_ - begin);
  if (at_ < body_.size()) part.data = without_line_end(part.data);
  return true;
}

void read_disposition(ByteView part_head, Disposition& disposition) {
  disposition.name.clear();
  disposition.file_name.clear();
  disposition.has_name = disposition.has_file_name = false;
  bool extended = false;
  FieldLines lines = FieldLines::without_start_line(part_head);
  for (FieldLine field; lines.next(field);) {
    if (!equal_ignoring_case(trim(field.name), "Content-Disposition")) continue;
    Parameters parameters(field.value);
    for (Parameter parameter; parameters.next(parameter);) {
      if (equal_ignoring_case(parameter.name, "name") && !disposition.has_name) {
        disposition.has_name = true;
        append_value(parameter, disposition.name);
      } else if (equal_ignoring_case(parameter.name, "filename") &&
                 (extended || !disposition.has_file_name)) {
        disposition.has_file_name = true;
        extended = false;
        disposition.file_name.clear();
        append_value(parameter, disposition.file_name);
      } else if (equal_ignoring_case(parameter.name, "filename*") && !disposition.has_file_name) {
        disposition.has_file_name = extended = true;
        const std::size_t language = parameter.value.find('\'');
        const std::size_t text = parameter.value.find('\'', language + 1);
        if (language != ByteView::npos && text != ByteView::npos) parameter.value.remove_prefix(text + 1);
        append_value(parameter, disposition.file_name);
      }
    }
    return;
  }
}

}  // namespace webtap::event
