// Splits the field lines of a head (RFC 9112, section 5), as leniently as the most lenient servers and
// browsers: bare LF and bare CR end a line, a line that begins with a blank goes on the one before, even
// within a name.
#pragma once

#include "agent/http/findings.h"

namespace webtap::http {

struct FieldLine {
  ByteView name;     // without blanks around it; where it holds control bytes, a copy without them
  ByteView value;    // as in the head, without blanks around it; line folding is still in it
  bool odd = false;  // some deviation was needed to read it
};

class FieldHandler {
 public:
  virtual ~FieldHandler() = default;
  virtual void on_field(const FieldLine& line) = 0;
};

// `lines` is what follows the start line. Deviations go to `findings`.
void read_field_lines(ByteView lines, Findings& findings, FieldHandler& handler);

// Whether a line could be a field line, or go on one: `name: …`, or a blank at its beginning.
bool plausible_field_line(ByteView line);

}  // namespace webtap::http
