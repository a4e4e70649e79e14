// Events as Elastic Common Schema documents (ECS 9.4), one JSON object a line. docs/client.md lists the
// fields.
#pragma once

#include <string>

#include "webtap/event/audit_event.h"

namespace webtap::client {

// Writes the object and an LF at the end of `out`. What is no UTF-8 becomes U+FFFD: ECS has no place for
// bytes. Headers and bodies are left out.
void append_ecs(const event::AuditEvent& event, std::string& out);

}  // namespace webtap::client
