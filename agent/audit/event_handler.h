// Where audit puts its events: a slot is filled in place and published, so that an event is never copied.
#pragma once

#include "webtap/event/audit_event.h"

namespace webtap::audit {

class EventHandler {
 public:
  virtual ~EventHandler() = default;
  // A cleared event to fill. It stays the handler's; the next call after publish() may give another one.
  virtual event::AuditEvent& slot() = 0;
  // The slot is complete.
  virtual void publish() = 0;
};

}  // namespace webtap::audit
