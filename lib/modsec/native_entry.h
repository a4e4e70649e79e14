// One entry of a native audit log, once its boundary lines are known.
#pragma once

#include <string>
#include <vector>

#include "webtap/base/bytes.h"
#include "webtap/event/audit_event.h"

namespace webtap::modsec {

struct Section {
  char part = 0;
  ByteView content;  // without the line end that belongs to the next boundary line
};

// Whether `line` is what stands in part A: time, transaction id, and both end points.
bool parse_a_line(ByteView line, event::AuditEvent& event);

// Fills a cleared event. `crlf_lines`: the log's own lines end with CR LF. False, and `problem` says why,
// where a section cannot be what its part is.
bool parse_native_entry(const std::vector<Section>& sections, bool crlf_lines, event::AuditEvent& event,
                        std::string& problem);

}  // namespace webtap::modsec
