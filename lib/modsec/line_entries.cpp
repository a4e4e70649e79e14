#include "webtap/modsec/line_entries.h"

#include <algorithm>
#include <utility>

namespace webtap::modsec {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

// `pattern` has `9` for a digit and `a` for a letter; the text may be longer.
bool begins_like(ByteView text, std::string_view pattern) {
  if (text.size() < pattern.size()) return false;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const char byte = text[at];
    const bool digit = byte >= '0' && byte <= '9';
    const bool letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    if (pattern[at] == '9' ? !digit : pattern[at] == 'a' ? !letter : byte != pattern[at]) return false;
  }
  return true;
}

// What another kind of log the line is of; empty where it is none that is known.
std::string_view foreign_log(ByteView line) {
  const bool day_padded = begins_like(line, "[aaa aaa  9 99:99:99");
  if (day_padded || begins_like(line, "[aaa aaa 99 99:99:99"))
    return "an Apache error log, not an audit log (SecAuditLog says where that is)";
  if (begins_like(line, "9999/99/99 99:99:99 [a"))
    return "an nginx error log, not an audit log (SecAuditLog says where that is)";
  return {};
}

bool read_index_line(ByteView text, LogEntry& entry) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.find("] \"") == ByteView::npos || text.find(" md5:") == ByteView::npos) return false;
  auto index = parse_index_line(text);
  entry.dialect = Dialect::ModSecurity2Index;
  if (!index) {
    index = parse_version3_index_line(text);
    entry.dialect = Dialect::ModSecurity3Index;
  }
  if (!index) return false;
  entry.index_text = text;
  entry.header.time = index->time;
  entry.header.has_zone = true;
  const std::size_t time = text.find('[') + 1;
  entry.header.time_text = text.substr(time, text.find(']', time) - time);
  entry.header.transaction_id = index->transaction_id;
  entry.header.client.address = index->remote_address;
  entry.index = std::move(*index);
  return true;
}

}  // namespace

void LineEntries::push(ByteView bytes, std::uint64_t offset) {
  at_ = offset;
  while (!bytes.empty() && !refused_) {
    std::size_t taken = 0;
    if (state_ == State::Between) taken = skip_blanks(bytes);
    if (state_ == State::Line) taken = take_line(bytes);
    if (state_ == State::Object) taken = take_object(bytes);
    bytes.remove_prefix(taken);
  }
}

// Takes blanks, and decides by the byte behind them what comes.
std::size_t LineEntries::skip_blanks(ByteView bytes) {
  const std::size_t blanks = std::min(bytes.find_first_not_of(kBlanks), bytes.size());
  at_ += blanks;
  if (blanks != 0) extend_damage(at_);
  if (blanks == bytes.size()) return blanks;
  if (blanks == 0) begin_item(bytes.front() == '{' ? State::Object : State::Line);
  return blanks;
}

std::size_t LineEntries::take_line(ByteView bytes) {
  const std::size_t lf = bytes.find('\n');
  const std::size_t size = std::min(lf, bytes.size());
  keep(bytes.substr(0, size), kMaxIndexLineRead + 1);
  if (lf == ByteView::npos) return size;
  end_line();
  return size;
}

std::size_t LineEntries::take_object(ByteView bytes) {
  for (std::size_t taken = 0; taken < bytes.size(); ++taken) {
    if (goes_on(bytes[taken])) {
      if (depth_ != 0) continue;
      keep(bytes.substr(0, taken + 1), limits_.entry_bytes + 1);
      end_object();
      return taken + 1;
    }
    keep(bytes.substr(0, taken), limits_.entry_bytes + 1);
    cut_object();
    return taken;
  }
  keep(bytes, limits_.entry_bytes + 1);
  return bytes.size();
}

// Whether the object goes on with this byte.
bool LineEntries::goes_on(char byte) {
  constexpr std::string_view kLineBeginnings = " \t\r\n\"}]";
  if (std::exchange(line_begins_, byte == '\n') && kLineBeginnings.find(byte) == std::string_view::npos)
    return false;
  if (in_string_) {
    if (byte == '\n') return false;
    if (std::exchange(escaped_, false)) return true;
    escaped_ = byte == '\\';
    in_string_ = byte != '"';
    return true;
  }
  if (byte == '"') in_string_ = true;
  if (byte == '{' || byte == '[') ++depth_;
  if (byte == '}' || byte == ']') --depth_;
  return true;
}

void LineEntries::keep(ByteView bytes, std::size_t limit) {
  at_ += bytes.size();
  item_.append(bytes.substr(0, limit - std::min(limit, item_.size())));
}

void LineEntries::end_line() {
  LogEntry entry;
  const bool first = !std::exchange(seen_, true);
  const std::string_view foreign = first ? foreign_log(item_) : std::string_view();
  if (!foreign.empty()) {
    refused_ = true;
    begin_damage({item_offset_, at_ - item_offset_, DamageKind::Foreign, std::string(foreign)});
  } else if (item_.size() <= kMaxIndexLineRead && read_index_line(item_, entry)) {
    deliver(entry);
  } else if (damage_) {
    extend_damage(at_);
  } else {
    damage_ = Damage{item_offset_, at_ - item_offset_, DamageKind::Garbage, {}};
  }
  end_item();
}

void LineEntries::end_object() {
  LogEntry entry;
  std::string problem;
  seen_ = true;
  Damage damage{item_offset_, at_ - item_offset_, DamageKind::Malformed, {}};
  if (item_.size() > limits_.entry_bytes) {
    damage.kind = DamageKind::TooLarge;
    begin_damage(damage);
  } else {
    auto object = parse_json(item_, problem);
    if (object) entry.object = std::move(*object);
    if (object && complete_json_entry(entry, problem)) {
      deliver(entry);
    } else {
      damage.detail = problem;
      begin_damage(damage);
    }
  }
  end_item();
}

void LineEntries::cut_object() {
  seen_ = true;
  begin_damage({item_offset_, at_ - item_offset_, DamageKind::Truncated, {}});
  end_item();
}

void LineEntries::begin_item(State state) {
  state_ = state;
  item_offset_ = at_;
  depth_ = 0;
  in_string_ = escaped_ = line_begins_ = false;
}

void LineEntries::end_item() {
  constexpr std::size_t kKept = 1u << 20;  // of a buffer, for the next item
  state_ = State::Between;
  item_.clear();
  if (item_.capacity() > kKept) item_.shrink_to_fit();
}

void LineEntries::deliver(LogEntry& entry) {
  report_damage();
  handler_.on_entry(entry, item_offset_);
}

void LineEntries::interrupt() {
  seen_ = seen_ || state_ == State::Object;
  if (state_ == State::Line) end_line();
  if (state_ == State::Object) cut_object();
}

void LineEntries::report_damage() {
  if (damage_) handler_.on_damage(*damage_);
  damage_.reset();
}

void LineEntries::begin_damage(Damage damage) {
  report_damage();
  damage_ = std::move(damage);
}

void LineEntries::extend_damage(std::uint64_t end) {
  if (damage_) damage_->length = end - damage_->offset;
}

void LineEntries::reset() {
  end_item();
  damage_.reset();
  at_ = 0;
  seen_ = refused_ = false;
}

}  // namespace webtap::modsec
