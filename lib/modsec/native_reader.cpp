#include "webtap/modsec/native_reader.h"

#include <algorithm>

namespace webtap::modsec {
namespace {

constexpr std::size_t kSlice = 1u << 20;
constexpr std::size_t kLongestALine = 1024;
// Behind the last entry only the end of an unfinished line matters: an A boundary may stand there.
constexpr std::size_t kLineTail = 16;

}  // namespace

std::string_view to_string(DamageKind kind) {
  switch (kind) {
    case DamageKind::Truncated:
      return "truncated entry";
    case DamageKind::TooLarge:
      return "entry too large";
    case DamageKind::Malformed:
      return "malformed entry";
    case DamageKind::Garbage:
      return "bytes outside of entries";
  }
  return "damage";
}

void NativeReader::push(ByteView bytes) {
  for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kSlice)))
    push_slice(bytes.substr(0, kSlice));
}

void NativeReader::push_slice(ByteView bytes) {
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
  if (pending_a_ && end() - line_start_ > kLongestALine) pending_a_.reset();
  settle(false);
  release();
}

void NativeReader::finish() {
  if (line_start_ != end()) {
    scan_line(ByteView(buffer_).substr(index(line_start_)), line_start_);
    line_start_ = end();
  }
  pending_a_.reset();
  settle(true);
  report_damage();
  buffer_.clear();
  base_ = done_ = line_start_ = searched_ = first_mark_ = 0;
}

// `line` comes without its LF.
void NativeReader::scan_line(ByteView line, std::uint64_t offset) {
  if (pending_a_) {
    const bool strip = pending_a_->crlf && line.ends_with('\r');
    if (parse_a_line(line.substr(0, line.size() - (strip ? 1 : 0)), scratch_)) add_mark(*pending_a_);
    pending_a_.reset();
  }
  const auto found = parse_boundary_line(line, offset);
  if (!found) return;
  if (found->part == 'A')
    pending_a_ = found;
  else
    add_mark(*found);
}

void NativeReader::add_mark(const BoundaryLine& line) {
  const std::uint64_t number = first_mark_ + marks_.size();
  const auto open = open_.find(line.token);
  if (line.part == 'A') {
    if (open != open_.end()) marks_[static_cast<std::size_t>(open->second - first_mark_)].closer = number;
    open_[line.token] = number;
  } else {
    // Only an entry whose own lines end with CR LF has boundary lines that do.
    if (open == open_.end() || (line.crlf && !mark(open->second).line.crlf)) return;
    if (line.part == 'Z') {
      marks_[static_cast<std::size_t>(open->second - first_mark_)].closer = number;
      open_.erase(open);
    }
  }
  marks_.push_back({line, std::nullopt});
}

void NativeReader::settle(bool final) {
  drop_marks_before_next_entry();
  while (!marks_.empty() && settle_front(final)) drop_marks_before_next_entry();
  if (!marks_.empty()) return;
  if (final)
    discard_until(end());
  else if (pending_a_)
    discard_until(pending_a_->offset);
  else
    discard_until(std::max(line_start_, end() - std::min<std::uint64_t>(end() - base_, kLineTail)));
}

// Decides on the entry that the first mark begins; false where that takes more of the log.
bool NativeReader::settle_front(bool final) {
  const Mark first = marks_.front();
  discard_until(first.line.offset);
  if (first.closer && mark(*first.closer).line.part == 'Z') {
    const std::uint64_t closer = *first.closer;
    const std::uint64_t entry_end = line_end(mark(closer).line);
    report_damage();
    if (entry_end - first.line.offset > limits_.entry_bytes)
      damaged(DamageKind::TooLarge, first.line.offset);
    else
      deliver(first, closer);
    if (damage_) discard_until(entry_end);
    done_ = entry_end;
    while (first_mark_ <= closer) drop_front_mark();
    return true;
  }
  const bool too_large = end() - first.line.offset > limits_.entry_bytes;
  if (!first.closer && !final && !too_large) return false;
  report_damage();
  const bool cut_off = first.closer || !too_large;
  damaged(cut_off ? DamageKind::Truncated : DamageKind::TooLarge, first.line.offset);
  drop_front_mark();
  return true;
}

void NativeReader::deliver(const Mark& first, std::uint64_t closer) {
  const bool crlf_lines = first.line.crlf;
  sections_.clear();
  const BoundaryLine* from = &first.line;
  for (std::uint64_t number = first_mark_ + 1; number <= closer; ++number) {
    const BoundaryLine& line = mark(number).line;
    if (line.token != first.line.token) continue;
    sections_.push_back({from->part, content_between(*from, line, crlf_lines)});
    from = &line;
  }
  event_.clear();
  event_.boundary = ByteView(buffer_).substr(index(first.line.offset) + 2, 8);
  std::string problem;
  if (parse_native_entry(sections_, crlf_lines, event_, problem)) {
    handler_.on_event(event_, first.line.offset);
  } else {
    damaged(DamageKind::Malformed, first.line.offset);
    damage_->detail = std::move(problem);
  }
}

void NativeReader::damaged(DamageKind kind, std::uint64_t offset) { damage_ = Damage{offset, 0, kind, {}}; }

// Moves over bytes that belong to no readable entry. They add to damage that is being said; empty lines alone
// are none, as they stand between entries.
void NativeReader::discard_until(std::uint64_t offset) {
  if (offset <= done_) return;
  const ByteView bytes = ByteView(buffer_).substr(index(done_), static_cast<std::size_t>(offset - done_));
  if (!damage_) {
    const std::size_t content = bytes.find_first_not_of("\r\n");
    if (content != ByteView::npos) damaged(DamageKind::Garbage, done_ + content);
  }
  if (damage_) damage_->length = offset - damage_->offset;
  done_ = offset;
}

void NativeReader::drop_front_mark() {
  const BoundaryLine& line = marks_.front().line;
  if (line.part == 'A') {
    const auto open = open_.find(line.token);
    if (open != open_.end() && open->second == first_mark_) open_.erase(open);
  }
  marks_.pop_front();
  ++first_mark_;
}

void NativeReader::drop_marks_before_next_entry() {
  while (!marks_.empty() && marks_.front().line.part != 'A') drop_front_mark();
}

void NativeReader::report_damage() {
  if (damage_) handler_.on_damage(*damage_);
  damage_.reset();
}

// Lets go of what was delivered or reported, in steps that keep the moving of bytes linear.
void NativeReader::release() {
  const std::size_t released = index(done_);
  if (released < buffer_.size() / 2) return;
  buffer_.erase(0, released);
  base_ = done_;
  line_start_ = std::max(line_start_, base_);
}

std::uint64_t NativeReader::line_end(const BoundaryLine& line) const {
  return std::min(line.offset + line.size + (line.crlf ? 2 : 1), end());
}

ByteView NativeReader::content_between(const BoundaryLine& from, const BoundaryLine& to,
                                       bool crlf_lines) const {
  const std::size_t begin = index(line_end(from));
  ByteView content = ByteView(buffer_).substr(begin, index(to.offset) - begin);
  if (content.ends_with('\n')) content.remove_suffix(1);
  if (crlf_lines && content.ends_with('\r')) content.remove_suffix(1);
  return content;
}

}  // namespace webtap::modsec
