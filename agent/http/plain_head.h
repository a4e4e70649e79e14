// The fast path of head parsing: a head that is all there and deviates in nothing is split in one pass.
// Whatever is unusual in any way is refused, and read by head_reader.h and field_lines.h, which know all
// deviations.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "agent/http/known_fields.h"
#include "agent/http/start_line.h"

namespace webtap::http {

struct PlainField {
  KnownField field;
  std::uint32_t value_begin;
  std::uint32_t value_length;
};

class PlainHead {
 public:
  // Whether `in` begins with a whole plain head: lines end with CRLF, no control bytes, each field line is a
  // token, a colon, and a value, and is not folded. Positions are in `in`.
  bool scan(ByteView in);

  ByteView start_line(ByteView in) const { return in.substr(0, start_line_); }
  std::size_t size() const { return size_; }  // without the empty line,
  std::size_t size_with_end() const { return size_ + 2; }
  // The fields that are looked at.
  const PlainField* begin() const { return fields_.data(); }
  const PlainField* end() const { return fields_.data() + count_; }

 private:
  static constexpr std::size_t kFields = 16;  // a head with more is no usual one

  bool add_field(ByteView in, KnownField field, std::size_t begin, std::size_t end);

  std::size_t start_line_ = 0;
  std::size_t size_ = 0;
  std::size_t count_ = 0;
  std::array<PlainField, kFields> fields_;
};

// A request line or status line that is just as the grammar has it, of HTTP/1.0 or 1.1 (RFC 9112, sections 3
// and 4). `line` has no control bytes.
std::optional<RequestLine> parse_plain_request_line(ByteView line);
std::optional<StatusLine> parse_plain_status_line(ByteView line);

}  // namespace webtap::http
