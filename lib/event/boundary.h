// The boundary that separates the parts of an event's audit-log entry must occur nowhere in the entry's
// texts, or a body could end the entry early and forge what follows.
#pragma once

#include <string_view>

#include "webtap/base/bytes.h"
#include "webtap/event/audit_event.h"

namespace webtap::event {

// Whether "--" boundary "-" occurs in `text`. Linear, whatever the bytes are.
bool occurs(std::string_view boundary, ByteView text);
// Whether it occurs in any text of the event that an audit log holds. `event.boundary` itself is not looked
// at.
bool occurs(std::string_view boundary, const AuditEvent& event);

}  // namespace webtap::event
