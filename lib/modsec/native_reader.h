// Reads audit logs in ModSecurity's native format as a stream of bytes: serial files, and the files of
// concurrent storage one after another.
//
// Bodies are raw, so they may hold anything, whole audit logs included. An entry ends at the Z line with its
// own token, and whatever stands before that is its content. Only where that line is missing (the log ends,
// the entry is larger than is read, or its token begins a new entry) the entry was cut off, and reading goes
// on at the next A line behind its beginning. Every byte is looked at a bounded number of times.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "webtap/event/audit_event.h"
#include "webtap/modsec/boundary_lines.h"
#include "webtap/modsec/entry_handler.h"
#include "webtap/modsec/native_entry.h"

namespace webtap::modsec {

// Holds at most limits.entry_bytes and 1 MiB of the log, and up to twice as much for what it knows of the
// boundary lines in it.
class NativeReader {
 public:
  explicit NativeReader(EntryHandler& handler, ReaderLimits limits = {})
      : handler_(handler), limits_(limits) {}

  void push(ByteView bytes);
  // The log ends here. The reader then begins anew, at offset 0.
  void finish();

 private:
  struct Mark {
    BoundaryLine line;
    // For part A: the number of the mark that ends its entry, a Z, or an A of the same token.
    std::optional<std::uint64_t> closer;
  };

  void push_slice(ByteView bytes);
  void scan_line(ByteView line, std::uint64_t offset);
  void add_mark(const BoundaryLine& line);
  void settle(bool final);
  bool settle_front(bool final);
  void deliver(const Mark& first, std::uint64_t closer);
  void damaged(DamageKind kind, std::uint64_t offset);
  void discard_until(std::uint64_t offset);
  void drop_front_mark();
  void drop_marks_before_next_entry();
  void report_damage();
  void release();

  const Mark& mark(std::uint64_t number) const {
    return marks_[static_cast<std::size_t>(number - first_mark_)];
  }
  std::uint64_t end() const { return base_ + buffer_.size(); }
  std::size_t index(std::uint64_t offset) const { return static_cast<std::size_t>(offset - base_); }
  std::uint64_t line_end(const BoundaryLine& line) const;
  ByteView content_between(const BoundaryLine& from, const BoundaryLine& to, bool crlf_lines) const;

  EntryHandler& handler_;
  ReaderLimits limits_;

  std::string buffer_;
  std::uint64_t base_ = 0;        // offset in the log of buffer_'s first byte
  std::uint64_t done_ = 0;        // offset up to which everything was delivered or reported
  std::uint64_t line_start_ = 0;  // offset of the line that is not complete yet
  std::uint64_t searched_ = 0;    // offset up to which its end was looked for

  std::optional<BoundaryLine> pending_a_;                  // an A boundary whose next line is not known yet
  std::deque<Mark> marks_;                                 // boundary lines from the open entry's A line on
  std::uint64_t first_mark_ = 0;                           // number of marks_.front()
  std::unordered_map<std::uint32_t, std::uint64_t> open_;  // token → number of its A mark without closer

  std::optional<Damage> damage_;  // grows until the next entry begins
  event::AuditEvent event_;
  event::AuditEvent scratch_;
  std::vector<Section> sections_;
};

}  // namespace webtap::modsec
