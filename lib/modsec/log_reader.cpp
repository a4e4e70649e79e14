#include "webtap/modsec/log_reader.h"

namespace webtap::modsec {

void LogReader::push(ByteView bytes) {
  pushed_ += bytes.size();
  if (!refused()) framer_.push(bytes);
}

void LogReader::finish() {
  framer_.finish();
  lines_.interrupt();
  if (refused()) lines_.extend_damage(pushed_);
  lines_.report_damage();
  lines_.reset();
  pushed_ = 0;
}

// A token of no known shape is one where it is the entry's own transaction id.
bool LogReader::begins_entry(ByteView token, ByteView a_line) {
  return parse_entry_header(a_line, scratch_) &&
         (token_shape(token) != TokenShape::Other || token == scratch_.transaction_id);
}

void LogReader::on_frame(const NativeFrame& frame) {
  lines_.interrupt();
  if (refused()) return;
  LogEntry entry;
  entry.boundary = frame.token;
  entry.crlf = frame.crlf;
  for (const Section& section : frame.sections)
    entry.parts.push_back({section.part, std::string(section.content)});
  std::string problem;
  lines_.report_damage();
  lines_.note_entry();
  if (complete_native_entry(entry, problem))
    handler_.on_entry(entry, frame.offset);
  else
    lines_.begin_damage({frame.offset, frame.length, DamageKind::Malformed, std::move(problem)});
}

void LogReader::on_large_frame(std::uint64_t offset, std::uint64_t length) {
  lines_.interrupt();
  lines_.note_entry();
  if (!refused()) lines_.begin_damage({offset, length, DamageKind::TooLarge, {}});
}

void LogReader::on_cut_frame(DamageKind kind, std::uint64_t offset) {
  lines_.interrupt();
  lines_.note_entry();
  if (!refused()) lines_.begin_damage({offset, 0, kind, {}});
}

void LogReader::on_other(ByteView bytes, std::uint64_t offset) { lines_.push(bytes, offset); }

}  // namespace webtap::modsec
