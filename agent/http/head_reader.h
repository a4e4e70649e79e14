// Finds where a head ends (RFC 9112, section 2.1) and keeps its bytes. What the head says is head.h's
// business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "webtap/base/bytes.h"

namespace webtap::http {

// The end is an empty line. A line of nothing but blanks, CRs and the like is one to some recipients, and to
// others not: what follows decides. If the next line is empty, or could be a field line, the head went on; if
// it could not, the head had ended there, and the bytes behind it belong to the body.
class HeadReader {
 public:
  enum class Step { NeedMore, End };

  // Starts a head that is kept in `out` (appended to), up to `limit` bytes. With `line_may_be_all` the first
  // line may end the head without an empty line (a request without a version, HTTP/0.9): the next line
  // decides.
  void begin(std::size_t limit, bool line_may_be_all);

  // Takes bytes from the front of `in`. After End: `out` is the head, without the empty line; `given_back()`
  // must be read before what is left of `in`.
  Step read(ByteView& in, std::string& out);
  // Nothing more comes: the head ends with what is there. True if it ended at a line that may end it; then
  // `given_back()` is to be read as after End.
  bool finish(std::string& out);
  // Whether all that was read so far could be a whole head, if nothing followed.
  bool may_be_complete(const std::string& out) const { return soft_end_ == out.size(); }

  const std::string& given_back() const { return given_back_; }
  std::uint64_t not_kept() const { return not_kept_; }

 private:
  // What the current line holds so far.
  enum class LineKind : std::uint8_t { Empty, OneCr, Padding, Text };
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);
  static constexpr std::size_t kLookahead = 256;  // of the line behind a line that may be the end

  void classify(ByteView part);
  void keep(ByteView part, std::string& out);
  Step on_line_end(std::string& out);
  bool went_on(const std::string& out) const;
  void cut_at_soft_end(std::string& out);

  std::size_t limit_ = 0;
  std::size_t line_begin_ = 0;      // of the current line, in the kept head
  std::size_t soft_begin_ = kNone;  // where the line that may be the end begins,
  std::size_t soft_end_ = kNone;    // and where the line after it does
  std::uint64_t not_kept_ = 0;
  std::string given_back_;
  LineKind line_ = LineKind::Empty;
  bool first_line_ = true;
  bool line_may_be_all_ = false;
};

}  // namespace webtap::http
