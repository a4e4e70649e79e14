#include "agent/http/field_lines.h"

#include <string>

#include "agent/http/text.h"

namespace webtap::http {
namespace {

using event::FindingKind;

// The next physical line, without its line end.
struct PhysicalLine {
  ByteView text;
  bool bare_lf = false;
};

PhysicalLine take_line(ByteView& rest) {
  const std::size_t lf = rest.find('\n');
  PhysicalLine line{rest.substr(0, lf)};
  rest = lf == ByteView::npos ? ByteView{} : rest.substr(lf + 1);
  if (!line.text.empty() && line.text.back() == '\r') {
    line.text.remove_suffix(1);
  } else {
    line.bare_lf = lf != ByteView::npos;
  }
  return line;
}

class LineReader {
 public:
  LineReader(Findings& findings, FieldHandler& handler) : findings_(findings), handler_(handler) {}

  void on_physical_line(const PhysicalLine& line) {
    if (line.bare_lf) findings_.add_once(FindingKind::BareLineFeed);
    if (!has_control_byte(line.text)) {
      on_line(line.text, false);
      return;
    }
    split_at_bare_cr(line.text);
  }

  void finish() {
    if (open_) emit();
    open_ = false;
  }

 private:
  void split_at_bare_cr(ByteView text) {
    bool odd = false;
    while (!text.empty()) {
      const std::size_t cr = text.find('\r');
      const ByteView part = text.substr(0, cr);
      odd = odd || cr != ByteView::npos;
      if (cr != ByteView::npos) findings_.add_once(FindingKind::BareCarriageReturn);
      if (has_control_byte(part)) findings_.add_once(FindingKind::ControlByte);
      if (!part.empty()) on_line(part, true);
      text = cr == ByteView::npos ? ByteView{} : text.substr(cr + 1);
    }
  }

  // A logical line is a range of the head: folded lines follow one another there.
  void on_line(ByteView text, bool odd) {
    // Some recipients pass over control bytes: then a line may be folded that begins with one.
    const bool control_first = odd && is_padding(text.front()) && text.find(':') == ByteView::npos;
    const bool folded = !text.empty() && (is_blank(text.front()) || control_first);
    if (folded && open_) {
      findings_.add_once(FindingKind::ObsoleteFold);
      line_ = ByteView(line_.data(), static_cast<std::size_t>(text.data() + text.size() - line_.data()));
      odd_ = true;
      on_hidden_field(text);
      return;
    }
    finish();
    line_ = text;
    odd_ = odd || folded;
    open_ = true;
  }

  // Some recipients take a folded line for a field of its own. Only framing depends on it, and there the
  // body's first bytes decide.
  void on_hidden_field(ByteView text) {
    const ByteView field = trim(text);
    const std::size_t colon = field.find(':');
    if (colon == ByteView::npos || !equals_ignoring_case(trim(field.substr(0, colon)), "transfer-encoding"))
      return;
    handler_.on_field({"transfer-encoding", trim(field.substr(colon + 1)), true});
  }

  void emit() {
    const std::size_t colon = line_.find(':');
    if (colon == ByteView::npos) {
      if (!trim(line_, is_padding).empty()) findings_.add_once(FindingKind::FieldWithoutColon);
      return;
    }
    ByteView name = line_.substr(0, colon);
    ByteView value = trim(line_.substr(colon + 1), odd_ ? is_padding : is_blank);
    if (!is_token(name)) name = mend(name);
    while (!value.empty() && value.front() == ':') value = trim(value.substr(1)), odd_ = true;
    handler_.on_field({name, value, odd_});
  }

  // A name that is no token: says why, and gives what a lenient recipient would compare.
  ByteView mend(ByteView name) {
    odd_ = true;
    if (name.empty()) {
      findings_.add_once(FindingKind::EmptyFieldName);
      return name;
    }
    if (is_padding(name.back())) findings_.add_once(FindingKind::SpaceBeforeColon);
    mended_.clear();
    for (char c : trim(name, is_padding))
      if (!is_padding(c) || c == ' ') mended_ += c;
    if (!is_token(mended_)) findings_.add_once(FindingKind::InvalidFieldName, mended_);
    return mended_;
  }

  Findings& findings_;
  FieldHandler& handler_;
  ByteView line_;
  std::string mended_;
  bool open_ = false;
  bool odd_ = false;
};

}  // namespace

void read_field_lines(ByteView lines, Findings& findings, FieldHandler& handler) {
  LineReader reader(findings, handler);
  while (!lines.empty()) reader.on_physical_line(take_line(lines));
  reader.finish();
}

bool plausible_field_line(ByteView line) {
  if (line.empty()) return false;
  if (is_blank(line.front())) return true;
  const std::size_t colon = line.find(':');
  return colon != ByteView::npos && colon != 0 && is_token(trim(line.substr(0, colon), is_padding));
}

}  // namespace webtap::http
