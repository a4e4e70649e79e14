// Takes events, and forgets them.
#pragma once

#include "agent/audit/event_handler.h"

namespace webtap::fuzz {

struct NullEvents final : audit::EventHandler {
  event::AuditEvent& slot() override {
    event.clear();
    return event;
  }
  void publish() override { ++published; }

  event::AuditEvent event;
  std::uint64_t published = 0;
};

}  // namespace webtap::fuzz
