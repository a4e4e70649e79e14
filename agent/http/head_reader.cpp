#include "agent/http/head_reader.h"

#include <algorithm>

#include "agent/http/field_lines.h"
#include "agent/http/text.h"

namespace webtap::http {
namespace {

// The usual case: a whole head is there, and no line of it is doubtful. Gives the lengths of the head and of
// its empty line; zeros if the case is not the usual one.
struct PlainHead {
  std::size_t head = 0;
  std::size_t empty_line = 0;
};

PlainHead find_plain_head(ByteView in) {
  for (std::size_t begin = 0; begin < in.size();) {
    if (in[begin] == '\n') return {begin, 1};
    if (in[begin] == '\r' && begin + 1 < in.size() && in[begin + 1] == '\n') return {begin, 2};
    if (is_padding(in[begin])) return {};  // a folded line, or a doubtful one
    const std::size_t lf = in.find('\n', begin);
    if (lf == ByteView::npos) return {};
    begin = lf + 1;
  }
  return {};
}

}  // namespace

void HeadReader::begin(std::size_t limit, bool line_may_be_all) {
  *this = {};
  limit_ = limit;
  line_may_be_all_ = line_may_be_all;
}

void HeadReader::classify(ByteView part) {
  for (char c : part) {
    if (line_ == LineKind::Text) return;
    if (!is_padding(c)) {
      line_ = LineKind::Text;
    } else {
      line_ = line_ == LineKind::Empty && c == '\r' ? LineKind::OneCr : LineKind::Padding;
    }
  }
}

void HeadReader::keep(ByteView part, std::string& out) {
  const std::size_t room = limit_ - std::min(limit_, out.size());
  out.append(part.substr(0, room));
  not_kept_ += part.size() - std::min(part.size(), room);
}

HeadReader::Step HeadReader::read(ByteView& in, std::string& out) {
  if (first_line_ && out.empty() && !line_may_be_all_ && in.size() < limit_) {
    if (const PlainHead plain = find_plain_head(in); plain.head != 0) {
      out.append(in.substr(0, plain.head));
      in.remove_prefix(plain.head + plain.empty_line);
      return Step::End;
    }
  }
  while (!in.empty()) {
    const std::size_t lf = in.find('\n');
    ByteView part = in.substr(0, lf == ByteView::npos ? in.size() : lf + 1);
    const bool looking_ahead = soft_end_ != kNone;
    if (looking_ahead) part = part.substr(0, line_begin_ + kLookahead - out.size());
    const bool line_ended = part.back() == '\n';
    classify(line_ended ? part.substr(0, part.size() - 1) : part);
    keep(part, out);
    in.remove_prefix(part.size());
    if (line_ended) {
      if (on_line_end(out) == Step::End) return Step::End;
    } else if (looking_ahead && out.size() - line_begin_ >= kLookahead) {
      if (!went_on(out)) {
        cut_at_soft_end(out);
        return Step::End;
      }
      soft_begin_ = soft_end_ = kNone;
    }
  }
  return Step::NeedMore;
}

HeadReader::Step HeadReader::on_line_end(std::string& out) {
  const LineKind kind = line_;
  line_ = LineKind::Empty;
  if ((kind == LineKind::Empty || kind == LineKind::OneCr) && !first_line_) {
    out.resize(std::min(out.size(), line_begin_));
    return Step::End;
  }
  if (soft_end_ != kNone && kind == LineKind::Text) {
    if (!went_on(out)) {
      cut_at_soft_end(out);
      return Step::End;
    }
    soft_begin_ = soft_end_ = kNone;
  } else if (soft_end_ == kNone && not_kept_ == 0 &&
             (kind == LineKind::Padding || (first_line_ && line_may_be_all_))) {
    soft_begin_ = kind == LineKind::Padding ? line_begin_ : out.size();
    soft_end_ = out.size();
  }
  line_begin_ = out.size();
  first_line_ = false;
  return Step::NeedMore;
}

// Whether the line behind the doubtful one shows that the head went on.
bool HeadReader::went_on(const std::string& out) const {
  return plausible_field_line(ByteView(out).substr(line_begin_));
}

void HeadReader::cut_at_soft_end(std::string& out) {
  given_back_.assign(out, soft_end_);
  out.resize(soft_begin_);
}

bool HeadReader::finish(std::string& out) {
  if (soft_end_ == kNone || (out.size() > line_begin_ && went_on(out))) return false;
  cut_at_soft_end(out);
  return true;
}

}  // namespace webtap::http
