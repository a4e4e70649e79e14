// Walks the field lines of a head (RFC 9112, section 5) as they came, with the lines that continue them
// (obs-fold, section 5.2). Lines end with LF; a CR before it belongs to the line's end.
#pragma once

#include <cstddef>

#include "webtap/base/bytes.h"

namespace webtap::audit {

struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;

  std::size_t size() const { return end - begin; }
  ByteView in(ByteView bytes) const { return bytes.substr(begin, size()); }
};

// A field: its name without white space around it, its value without white space and line end around it. The
// value holds the line ends of the lines that continue it.
struct Field {
  Range name;
  Range value;
};

// The line that begins at `at`, without its line end.
Range line_at(ByteView text, std::size_t at);
// Where the line after the one at `at` begins, or the end of the text.
std::size_t next_line(ByteView text, std::size_t at);
// Where the first line at or behind `at` begins that does not begin with white space.
std::size_t skip_continuations(ByteView text, std::size_t at);
// `range` without white space and line ends at its ends.
Range trimmed(ByteView text, Range range);

bool equal_ignoring_case(ByteView a, ByteView b);

// Reads the fields of a text one by one.
class FieldReader {
 public:
  // Reads the fields of `text` from `at` on: behind the start line of a head, or from 0 where there is none.
  // A line there that begins with white space continues no field: it is read as a field of its own.
  FieldReader(ByteView text, std::size_t at) : text_(text), at_(at) {}

  // The next field; lines without a colon are passed over. False at the end.
  bool next(Field& field);

 private:
  ByteView text_;
  std::size_t at_;
};

// Whether a head has a field of this name.
bool has_field(ByteView head, ByteView name);

}  // namespace webtap::audit
