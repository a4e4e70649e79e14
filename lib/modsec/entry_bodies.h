// The request and the response that an entry holds.
#pragma once

#include <string>

#include "webtap/event/audit_event.h"
#include "webtap/modsec/log_entry.h"

namespace webtap::modsec {

// From the parts B, C, F and E.
void set_native_messages(const LogEntry& entry, event::AuditEvent& event);
// From the members of `request` and `response`.
void set_json_messages(const LogEntry& entry, event::AuditEvent& event);
// The strings of the member `producer`, joined by "; ".
std::string json_producer(const JsonValue& object);

// Undoes ModSecurity 3's escapes of part E: `\xhh`, and `\xffffffhh` of early releases. Any other backslash
// is itself.
std::string unescape_version3_body(ByteView text);

}  // namespace webtap::modsec
