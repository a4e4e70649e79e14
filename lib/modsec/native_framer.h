// Finds the entries of native audit logs in a stream of bytes: serial files, and the files of concurrent
// storage one after another.
//
// Bodies are raw, so they may hold anything, whole audit logs included. An entry ends at the Z line with its
// own token, and whatever stands before that is its content. Only where that line is missing (the log ends,
// the entry is larger than is read, or its token begins a new entry) the entry was cut off, and reading goes
// on at the next A line behind its beginning. Every byte is looked at a bounded number of times.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "webtap/base/bytes.h"
#include "webtap/modsec/boundary_lines.h"
#include "webtap/modsec/entry_handler.h"
#include "webtap/modsec/native_entry.h"

namespace webtap::modsec {

// An entry from its A line to its Z line. The views are valid within the call only.
struct NativeFrame {
  std::uint64_t offset = 0;  // in the log
  std::uint64_t length = 0;
  ByteView token;
  bool crlf = false;  // the log's own lines end with CR LF
  const std::vector<Section>& sections;
};

// Everything comes in the log's order, each byte once.
class FrameHandler {
 public:
  virtual ~FrameHandler() = default;
  // Whether a boundary line of part A with this token, and this line behind it, begin an entry.
  virtual bool begins_entry(ByteView token, ByteView a_line) = 0;
  virtual void on_frame(const NativeFrame& frame) = 0;
  // A whole entry that is larger than is read.
  virtual void on_large_frame(std::uint64_t offset, std::uint64_t length) = 0;
  // An entry that begins here and has no end: its bytes come as other bytes.
  virtual void on_cut_frame(DamageKind kind, std::uint64_t offset) = 0;
  virtual void on_other(ByteView bytes, std::uint64_t offset) = 0;
};

// Holds at most limits.entry_bytes and 1 MiB of the log, and up to three times as much for what it knows of
// the boundary lines in it.
class NativeFramer {
 public:
  NativeFramer(FrameHandler& handler, ReaderLimits limits) : handler_(handler), limits_(limits) {}

  void push(ByteView bytes);
  // The log ends here. The framer then begins anew, at offset 0.
  void finish();

 private:
  static constexpr std::uint64_t kNone = ~std::uint64_t{0};

  struct Mark {
    BoundaryLine line;
    std::uint64_t entry = 0;  // number of the A mark that it belongs to
    // For part A: the number of the mark that ends its entry, a Z, or an A of the same token.
    std::uint64_t closer = kNone;
  };
  struct TokenHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view token) const { return std::hash<std::string_view>()(token); }
  };
  // An A boundary whose next line is not known yet: the whole line, or the end of one that was cut off.
  struct Candidate {
    std::optional<BoundaryLine> whole;
    std::optional<BoundaryLine> late;
  };

  void push_slice(ByteView bytes);
  void scan_line(ByteView line, std::uint64_t offset);
  void decide_candidate(ByteView next_line);
  void add_mark(const BoundaryLine& line);
  void settle(bool final);
  bool settle_front(bool final);
  void deliver(const Mark& first);
  void pass_until(std::uint64_t offset);
  void drop_front_mark();
  void drop_marks_before_next_entry();
  void release();

  Mark& mark(std::uint64_t number) { return marks_[static_cast<std::size_t>(number - first_mark_)]; }
  std::uint64_t end() const { return base_ + buffer_.size(); }
  std::size_t index(std::uint64_t offset) const { return static_cast<std::size_t>(offset - base_); }
  ByteView token(const BoundaryLine& line) const;
  std::uint64_t line_end(const BoundaryLine& line) const;
  ByteView content_between(const BoundaryLine& from, const BoundaryLine& to, bool crlf_lines) const;

  FrameHandler& handler_;
  ReaderLimits limits_;

  std::string buffer_;
  std::uint64_t base_ = 0;        // offset in the log of buffer_'s first byte
  std::uint64_t done_ = 0;        // offset up to which everything was handed on
  std::uint64_t line_start_ = 0;  // offset of the line that is not complete yet
  std::uint64_t searched_ = 0;    // offset up to which its end was looked for

  std::optional<Candidate> candidate_;
  std::deque<Mark> marks_;        // boundary lines from the open entry's A line on
  std::uint64_t first_mark_ = 0;  // number of marks_.front()
  // token → number of its A mark without closer
  std::unordered_map<std::string, std::uint64_t, TokenHash, std::equal_to<>> open_;
  std::vector<Section> sections_;
};

}  // namespace webtap::modsec
