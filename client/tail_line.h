// An event as one line for people: time (UTC), client, method, host and target, status, size of the
// response's body, duration, and marks.
#pragma once

#include <cstddef>
#include <string>

#include "webtap/base/bytes.h"
#include "webtap/event/audit_event.h"

namespace webtap::client {

struct LineStyle {
  bool color = false;
  std::size_t width = 0;  // columns of the terminal; 0 = none: nothing is cut
};

// Without line end. Nothing in it but printable ASCII, and with `color` the sequences for colours.
//
// Marks: `gap` bytes are missing, `cut` more came than is kept, `part` a message is not complete, `mid` it
// began before the sensor listened, `!2` so many other Message lines.
std::string tail_line(const event::AuditEvent& event, const LineStyle& style);

// With \xhh in place of every byte that is not printable ASCII.
std::string shown(ByteView bytes);
// "999", "12.3k", "4.5M".
std::string size_text(std::uint64_t bytes);
// "372us", "12.3ms", "4.56s", "2m03s".
std::string duration_text(Duration duration);

}  // namespace webtap::client
