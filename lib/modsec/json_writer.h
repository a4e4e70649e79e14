// Events as JSON, one object a line: ModSecurity 2's members (transaction, request, response, audit_data),
// and one more, "webtap", for what these cannot hold. With all parts, json_reader.h gives back exactly the
// event. docs/audit-format.md says what each member is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "webtap/event/audit_event.h"
#include "webtap/modsec/json_head.h"
#include "webtap/modsec/json_text.h"
#include "webtap/modsec/parts.h"
#include "webtap/modsec/time_text.h"

namespace webtap::modsec {

// Not shared between threads: it keeps buffers from one event to the next.
class JsonWriter {
 public:
  explicit JsonWriter(Parts parts) : parts_(parts) {}

  // Writes the object and an LF at the end of `out`. Valid JSON in valid UTF-8 without repeated keys,
  // whatever bytes the event holds.
  void append(const event::AuditEvent& event, std::string& out);

 private:
  void put_transaction(const event::AuditEvent& event, JsonText& json);
  void put_request(const event::HttpMessage& request, JsonText& json);
  void put_uploads(const event::HttpMessage& request, JsonText& json);
  void put_response(const event::HttpMessage& response, JsonText& json);
  void put_headers(const HeadParts& head, std::string_view path, JsonText& json);
  void put_audit_data(const event::AuditEvent& event, JsonText& json);
  void put_messages(const event::AuditEvent& event, JsonText& json);
  void put_webtap(const event::AuditEvent& event, JsonText& json);
  void put_message_details(std::string_view side, const event::HttpMessage& message, const HeadParts& head,
                           bool with_head, JsonText& json);
  void put_findings(const event::AuditEvent& event, JsonText& json);
  // Whether the bytes must be written as characters of their own; then notes the path.
  bool is_latin1(std::string_view path, ByteView bytes);
  void put_string(std::string_view name, std::string_view path, ByteView bytes, JsonText& json);

  Parts parts_;
  TimeText time_;
  HeadParts request_head_;
  HeadParts response_head_;
  StatusLine status_line_;
  std::string form_;                 // a text made of a form's parts
  std::vector<std::string> latin1_;  // paths of the strings that are no UTF-8
};

}  // namespace webtap::modsec
