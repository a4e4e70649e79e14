// The head of a message as the start line and the header object of a JSON audit log.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "webtap/base/bytes.h"
#include "webtap/event/head.h"

namespace webtap::modsec {

// Fields with the same name (same case too), which share one key.
struct HeadParts {
  struct Field {
    event::FieldLine line;
    bool leads = false;    // the first field with its name
    std::size_t next = 0;  // index of the next field with its name; 0 = none
  };
  ByteView start_line;
  ByteView field_lines;  // everything behind the start line
  std::vector<Field> fields;
  // rebuild_head() of the start line and the fields, grouped by name, is the head, but perhaps for the end of
  // the last line.
  bool exact = false;
  bool last_line_ended = false;
};

// Takes a head apart; `parts` is reused from call to call.
void split_head(ByteView head, HeadParts& parts);

// "HTTP/1.1 200 OK" in three; `valid` where they give back the line.
struct StatusLine {
  ByteView protocol;
  std::uint16_t status = 0;
  bool has_reason = false;
  ByteView reason;
  bool valid = false;
};
StatusLine split_status_line(ByteView line);

using HeaderList = std::vector<std::pair<std::string, std::string>>;
std::string rebuild_head(ByteView start_line, const HeaderList& fields, bool last_line_ended);

}  // namespace webtap::modsec
