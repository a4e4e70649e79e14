#include "webtap/modsec/native_framer.h"

#include <algorithm>

namespace webtap::modsec {
namespace {

constexpr std::size_t kSlice = 1u << 20;
constexpr std::size_t kLongestALine = 1024;
// Behind the last entry only the end of an unfinished line matters: an A boundary may stand there. Longer
// than any boundary line, so that what is left of a line is never taken for one.
constexpr std::size_t kLineTail = 256;

}  // namespace

void NativeFramer::push(ByteView bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kSlice)))
    push_slice(bytes.substr(0, kSlice));
}

void NativeFramer::push_slice(ByteView bytes) {
  buffer_.append(bytes);
  const ByteView all(buffer_);
  for (;;) {
    const std::size_t lf = all.find('\n', index(searched_));
    if (lf == ByteView::npos) break;
    const std::size_t start = index(line_start_);
    scan_line(all.substr(start, lf - start), line_start_);
    line_start_ = searched_ = base_ + lf + 1;
  }
  searched_ = end();
  if (candidate_ && end() - line_start_ > kLongestALine) candidate_.reset();
  settle(false);
  release();
}

void NativeFramer::finish() {
  if (line_start_ != end()) {
    scan_line(ByteView(buffer_).substr(index(line_start_)), line_start_);
    line_start_ = end();
  }
  candidate_.reset();
  settle(true);
  buffer_.clear();
  base_ = done_ = line_start_ = searched_ = first_mark_ = 0;
}

// `line` comes without its LF.
void NativeFramer::scan_line(ByteView line, std::uint64_t offset) {
  if (candidate_) decide_candidate(line);
  const auto whole = parse_boundary_line(line, offset);
  if (whole && whole->part != 'A') return add_mark(*whole);
  const auto late = parse_late_boundary(line, offset);
  if (whole || late) candidate_ = Candidate{whole, late};
}

void NativeFramer::decide_candidate(ByteView next_line) {
  const Candidate candidate = *candidate_;
  candidate_.reset();
  for (const auto& line : {candidate.whole, candidate.late}) {
    if (!line) continue;
    const bool strip = line->crlf && next_line.ends_with('\r');
    if (handler_.begins_entry(token(*line), next_line.substr(0, next_line.size() - (strip ? 1 : 0))))
      return add_mark(*line);
  }
}

void NativeFramer::add_mark(const BoundaryLine& line) {
  const std::uint64_t number = first_mark_ + marks_.size();
  const auto open = open_.find(token(line));
  if (line.part == 'A') {
    if (open != open_.end()) {
      mark(open->second).closer = number;
      open->second = number;
    } else {
      open_.emplace(token(line), number);
    }
    marks_.push_back({line, number, kNone});
    return;
  }
  if (open == open_.end()) return;
  const std::uint64_t entry = open->second;
  // Only an entry whose own lines end with CR LF has boundary lines that do.
  if (line.crlf && !mark(entry).line.crlf) return;
  if (line.part == 'Z') {
    mark(entry).closer = number;
    open_.erase(open);
  }
  marks_.push_back({line, entry, kNone});
}

void NativeFramer::settle(bool final) {
  drop_marks_before_next_entry();
  while (!marks_.empty() && settle_front(final)) drop_marks_before_next_entry();
  if (!marks_.empty()) return;
  if (final)
    pass_until(end());
  else if (candidate_)
    pass_until(candidate_->whole ? candidate_->whole->offset : candidate_->late->offset);
  else
    pass_until(std::max(line_start_, end() - std::min<std::uint64_t>(end() - base_, kLineTail)));
}

// Decides on the entry that the first mark begins; false where that takes more of the log.
bool NativeFramer::settle_front(bool final) {
  const Mark first = marks_.front();
  pass_until(first.line.offset);
  if (first.closer != kNone && mark(first.closer).line.part == 'Z') {
    const std::uint64_t entry_end = line_end(mark(first.closer).line);
    const std::uint64_t length = entry_end - first.line.offset;
    if (length > limits_.entry_bytes)
      handler_.on_large_frame(first.line.offset, length);
    else
      deliver(first);
    done_ = entry_end;
    while (first_mark_ <= first.closer) drop_front_mark();
    return true;
  }
  const bool too_large = end() - first.line.offset > limits_.entry_bytes;
  if (first.closer == kNone && !final && !too_large) return false;
  const bool cut_off = first.closer != kNone || !too_large;
  handler_.on_cut_frame(cut_off ? DamageKind::Truncated : DamageKind::TooLarge, first.line.offset);
  drop_front_mark();
  return true;
}

void NativeFramer::deliver(const Mark& first) {
  sections_.clear();
  const BoundaryLine* from = &first.line;
  for (std::uint64_t number = first_mark_ + 1; number <= first.closer; ++number) {
    const Mark& next = mark(number);
    if (next.entry != first.entry) continue;
    sections_.push_back({from->part, content_between(*from, next.line, first.line.crlf)});
    from = &next.line;
  }
  const std::uint64_t length = line_end(mark(first.closer).line) - first.line.offset;
  handler_.on_frame({first.line.offset, length, token(first.line), first.line.crlf, sections_});
}

// Hands on bytes that belong to no entry.
void NativeFramer::pass_until(std::uint64_t offset) {
  if (offset <= done_) return;
  const std::uint64_t from = done_;
  done_ = offset;
  handler_.on_other(ByteView(buffer_).substr(index(from), static_cast<std::size_t>(offset - from)), from);
}

void NativeFramer::drop_front_mark() {
  const BoundaryLine& line = marks_.front().line;
  if (line.part == 'A') {
    const auto open = open_.find(token(line));
    if (open != open_.end() && open->second == first_mark_) open_.erase(open);
  }
  marks_.pop_front();
  ++first_mark_;
}

void NativeFramer::drop_marks_before_next_entry() {
  while (!marks_.empty() && marks_.front().line.part != 'A') drop_front_mark();
}

// Lets go of what was handed on, in steps that keep the moving of bytes linear.
void NativeFramer::release() {
  const std::size_t released = index(done_);
  if (released < buffer_.size() / 2) return;
  buffer_.erase(0, released);
  base_ = done_;
  line_start_ = std::max(line_start_, base_);
}

ByteView NativeFramer::token(const BoundaryLine& line) const {
  return ByteView(buffer_).substr(index(line.offset) + 2, line.token_size);
}

std::uint64_t NativeFramer::line_end(const BoundaryLine& line) const {
  return std::min(line.offset + line.size() + (line.crlf ? 2 : 1), end());
}

ByteView NativeFramer::content_between(const BoundaryLine& from, const BoundaryLine& to,
                                       bool crlf_lines) const {
  const std::size_t begin = index(line_end(from));
  ByteView content = ByteView(buffer_).substr(begin, index(to.offset) - begin);
  if (content.ends_with('\n')) content.remove_suffix(1);
  if (crlf_lines && content.ends_with('\r')) content.remove_suffix(1);
  return content;
}

}  // namespace webtap::modsec
