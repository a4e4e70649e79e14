// Views into the head of a message as it came (RFC 9112, sections 2 to 5): lines end at LF, one CR before it
// is dropped. As lenient as the heads are: nothing is refused, nothing is copied.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "webtap/base/bytes.h"

namespace webtap::event {

enum class LineEnd : std::uint8_t { None, Lf, CrLf };

// Takes the next line off the front of `rest`, without its end; `rest` must not be empty.
ByteView take_line(ByteView& rest, LineEnd* ended_by = nullptr);
// Without white space (SP, HT) at both ends.
ByteView trim(ByteView text);
bool equal_ignoring_case(std::string_view left, std::string_view right);

struct FieldLine {
  ByteView name;
  ByteView value;  // trimmed; goes on over obs-fold lines, whose line ends and indents it then holds
};

// Walks over the field lines of a head; lines without a colon are passed over.
class FieldLines {
 public:
  explicit FieldLines(ByteView head);
  // Over lines of which already the first one is a field, as in the head of a part of a multipart body.
  static FieldLines without_start_line(ByteView lines);
  bool next(FieldLine& field);

 private:
  FieldLines() = default;
  ByteView rest_;
};

// The value of the first field with this name.
std::optional<ByteView> find_field(ByteView head, std::string_view name);

struct RequestLine {
  ByteView method;
  ByteView target;   // may hold spaces: it ends at the last " HTTP/"
  ByteView version;  // "HTTP/1.1"; empty in HTTP/0.9
};
RequestLine request_line(ByteView head);

// Whom a request addresses (RFC 9112, section 3.3), as sent, port included: the authority of the target where
// it has one, without user information; the Host field otherwise. Empty where neither is there.
ByteView request_host(ByteView head);

// The status of a response; 0 where its start line has no number of three digits.
std::uint16_t response_status(ByteView head);

}  // namespace webtap::event
