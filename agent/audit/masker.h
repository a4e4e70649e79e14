// Replaces the values of chosen names by `*` of equal length before an event leaves the sensor: header
// fields, cookies, query parameters and form fields. Where it cannot be told what a value's name was, because
// bytes are missing or the content is still coded, the value is masked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "agent/audit/mask_names.h"
#include "webtap/event/audit_event.h"

namespace webtap::audit {

// What an event does not say of a body, and masking must know.
struct BodyForm {
  bool framed = false;  // kept with its transfer framing
  bool coded = false;   // still in its content coding
  bool several_gaps = false;
  std::size_t gap = std::string::npos;  // position in the kept body before which the first bytes are missing
};

class Masker {
 public:
  explicit Masker(const std::vector<std::string>& names) : names_(names) {}

  bool enabled() const { return !names_.empty(); }
  // Adds a Masked finding for each side that had something to mask.
  void mask(event::AuditEvent& event, const BodyForm& request, const BodyForm& response);

 private:
  void mask_message(event::AuditEvent& event, event::Side side, event::HttpMessage& message,
                    const BodyForm& form);
  void mask_head(std::span<char> head);
  void mask_head_gaps(const event::AuditEvent& event, event::Side side, std::span<char> head);
  void mask_start_line(std::span<char> head);
  void mask_fields(std::span<char> text, std::size_t at);
  void mask_cookies(std::span<char> value);
  void mask_set_cookie(std::span<char> value);
  std::size_t mask_cookie(std::span<char> value, std::size_t at);
  void mask_query(std::span<char> reference);
  void mask_parameters(std::span<char> parameters);
  void mask_form(std::span<char> body, const BodyForm& form);
  void mask_chunked_form(std::span<char> body);
  void mask_detail(event::Finding& finding);
  void blank(std::span<char> value);
  void blank_lines(std::span<char> value);

  MaskNames names_;
  std::uint64_t masked_ = 0;  // values, of the message at hand
  std::string unchunked_;
};

}  // namespace webtap::audit
