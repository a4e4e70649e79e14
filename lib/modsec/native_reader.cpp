#include "webtap/modsec/native_reader.h"

namespace webtap::modsec {

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
    case DamageKind::Foreign:
      return "not an audit log";
  }
  return "damage";
}

void NativeReader::finish() {
  framer_.finish();
  report_damage();
}

bool NativeReader::begins_entry(ByteView token, ByteView a_line) {
  return token_shape(token) == TokenShape::ModSecurity2 && parse_a_line(a_line, scratch_);
}

void NativeReader::on_frame(const NativeFrame& frame) {
  report_damage();
  event_.clear();
  event_.boundary = frame.token;
  std::string problem;
  if (parse_native_entry(frame.sections, frame.crlf, event_, problem))
    handler_.on_event(event_, frame.offset);
  else
    damage_ = Damage{frame.offset, frame.length, DamageKind::Malformed, std::move(problem)};
}

void NativeReader::on_large_frame(std::uint64_t offset, std::uint64_t length) {
  report_damage();
  damage_ = Damage{offset, length, DamageKind::TooLarge, {}};
}

void NativeReader::on_cut_frame(DamageKind kind, std::uint64_t offset) {
  report_damage();
  damage_ = Damage{offset, 0, kind, {}};
}

// Adds to damage that is being said; empty lines alone are none, as they stand between entries.
void NativeReader::on_other(ByteView bytes, std::uint64_t offset) {
  if (!damage_) {
    const std::size_t content = bytes.find_first_not_of("\r\n");
    if (content == ByteView::npos) return;
    damage_ = Damage{offset + content, 0, DamageKind::Garbage, {}};
  }
  damage_->length = offset + bytes.size() - damage_->offset;
}

void NativeReader::report_damage() {
  if (damage_) handler_.on_damage(*damage_);
  damage_.reset();
}

}  // namespace webtap::modsec
