// Replaces the values of chosen names by `*` of equal length before an event leaves the sensor: header
// fields, cookies, query parameters, fields of forms, members of JSON texts. Where it cannot be told what a
// value's name was, because bytes are missing or the content is still coded, the value is masked.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "agent/audit/body_mask.h"
#include "agent/audit/head_mask.h"
#include "agent/audit/mask_names.h"
#include "agent/audit/mask_pen.h"
#include "webtap/event/audit_event.h"

namespace webtap::audit {

class Masker {
 public:
  explicit Masker(const std::vector<std::string>& names)
      : names_(names),
        pen_(names_.list().size()),
        heads_(names_, pen_),
        bodies_(names_, pen_),
        copies_(names_.list().size()),
        copied_heads_(names_, copies_) {}
  Masker(const Masker&) = delete;
  Masker& operator=(const Masker&) = delete;

  bool enabled() const { return !names_.empty(); }
  // Adds a Masked finding for each side that had something to mask.
  void mask(event::AuditEvent& event, const BodyForm& request, const BodyForm& response);

  // In lower case; the counts are in this order.
  const std::vector<std::string>& names() const { return names_.list(); }
  // Values of messages; copies of them that the event has elsewhere do not count again.
  const MaskCounts& counts() const { return pen_.counts(); }

 private:
  void mask_message(event::AuditEvent& event, event::Side side, event::HttpMessage& message,
                    const BodyForm& form);
  void mask_head_gaps(const event::AuditEvent& event, event::Side side, std::span<char> head);
  void mask_detail(event::Finding& finding);

  MaskNames names_;
  MaskPen pen_;
  HeadMask heads_;
  BodyMask bodies_;
  MaskPen copies_;  // for what an event holds again beside its messages
  HeadMask copied_heads_;
};

}  // namespace webtap::audit
