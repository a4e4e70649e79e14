// Walks over multipart bodies (RFC 2046, section 5.1; forms: RFC 7578) where they stand. Lenient: lines may
// end with a bare LF, text may stand before the first and behind the last delimiter, the last one may be
// missing, and every line that begins as a delimiter is one, whatever follows. Linear, and nothing is copied
// but names.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "webtap/base/bytes.h"

namespace webtap::event {

// A parameter of a field such as Content-Disposition or Content-Type (RFC 9110, section 5.6.6).
struct Parameter {
  ByteView name;   // trimmed
  ByteView value;  // between its quotes, as it stands there: escapes and line folds included
  char quote = 0;  // '"', or '\'' as some applications take it; 0 = none
};

// Reads the parameters of a field's value one by one; what has no `=` is passed over.
class Parameters {
 public:
  explicit Parameters(ByteView field_value);
  bool next(Parameter& parameter);

 private:
  ByteView rest_;
};

// The value without escapes and line folds, at the end of `out`. A backslash escapes a quote and itself;
// before other bytes it stays, as in the paths that old browsers send.
void append_value(const Parameter& parameter, std::string& out);

// Whether a Content-Type names multipart/form-data.
bool is_multipart_form(ByteView content_type);

inline constexpr std::size_t kMaxMultipartBoundary = 1024;  // bytes

// The boundary that a Content-Type gives; nothing where it gives none, several that differ, an empty one, or
// one that no line could begin with.
std::optional<ByteView> multipart_boundary(ByteView content_type);

// What the first Content-Disposition of a part says.
struct Disposition {
  std::string name;
  std::string file_name;  // of `filename`, or else of `filename*` without its charset and language
  bool has_name = false;
  bool has_file_name = false;
};

struct MultipartPart {
  ByteView junk;        // what follows the boundary on the delimiter's line, without white space around it
  ByteView head;        // the field lines, without the empty line behind them
  ByteView data;        // without the line end that belongs to the delimiter behind it
  bool headed = false;  // the empty line behind the head is there
};

class MultipartReader {
 public:
  // Both must outlive the reader.
  MultipartReader(ByteView body, ByteView boundary);

  // What stands before the first delimiter; the whole body where there is none.
  ByteView preamble() const { return preamble_; }
  bool next(MultipartPart& part);
  // What stands behind the line of the last delimiter, once next() has given false.
  ByteView epilogue() const { return epilogue_; }

  // Where the first delimiter at or behind `at`, the beginning of a line, begins; the body's size where none
  // does.
  std::size_t find_delimiter(std::size_t at) const;

 private:
  bool is_delimiter(std::size_t line) const;
  std::size_t line_behind(std::size_t at) const;
  void take_head(MultipartPart& part);

  ByteView body_;
  ByteView boundary_;
  std::size_t at_ = 0;  // where a delimiter begins, or the body's size
  ByteView preamble_;
  ByteView epilogue_;
};

// Reads the head of a part; the strings' buffers are used again.
void read_disposition(ByteView part_head, Disposition& disposition);

}  // namespace webtap::event
