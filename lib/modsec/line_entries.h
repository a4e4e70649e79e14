// Reads what stands in an audit log outside of native entries: JSON objects, index lines, and damage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "webtap/base/bytes.h"
#include "webtap/modsec/entry_handler.h"
#include "webtap/modsec/log_entry.h"

namespace webtap::modsec {

inline constexpr std::size_t kMaxIndexLineRead = 64u << 10;  // a longer line is none of an index

// An object may go on over lines that are indented, or begin with `}`, `]` or `"`; at any other line, and
// where a line ends within a string, it was cut off. Every byte is looked at a bounded number of times.
class LineEntries {
 public:
  LineEntries(LogEntryHandler& handler, ReaderLimits limits) : handler_(handler), limits_(limits) {}

  // Bytes of the log, with gaps only where interrupt() is called between.
  void push(ByteView bytes, std::uint64_t offset);
  // An unfinished line or object ends here.
  void interrupt();
  // A native entry, or one that was cut off, stands here.
  void note_entry() { seen_ = true; }
  // Says damage that was begun, if any.
  void report_damage();
  // Damage begins at this offset; it grows until the next entry begins.
  void begin_damage(Damage damage);
  void extend_damage(std::uint64_t end);
  // The first line is one of another kind of log; nothing more is read.
  bool refused() const { return refused_; }
  // Forgets everything.
  void reset();

 private:
  enum class State : std::uint8_t { Between, Line, Object };

  std::size_t skip_blanks(ByteView bytes);
  std::size_t take_line(ByteView bytes);
  std::size_t take_object(ByteView bytes);
  bool goes_on(char byte);
  void keep(ByteView bytes, std::size_t limit);
  void end_line();
  void end_object();
  void cut_object();
  void begin_item(State state);
  void end_item();
  void deliver(LogEntry& entry);

  LogEntryHandler& handler_;
  ReaderLimits limits_;
  std::uint64_t at_ = 0;  // offset of the byte that comes next

  State state_ = State::Between;
  std::string item_;               // the line or object, or its beginning
  std::uint64_t item_offset_ = 0;  // where it begins
  std::size_t depth_ = 0;          // open brackets of the object
  bool in_string_ = false;
  bool escaped_ = false;
  bool line_begins_ = false;

  std::optional<Damage> damage_;
  bool seen_ = false;  // anything but blanks
  bool refused_ = false;
};

}  // namespace webtap::modsec
