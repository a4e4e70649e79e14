#include "agent/http/framing.h"

namespace webtap::http {
namespace {

using Kind = Framing::Kind;

Framing by_length(std::uint64_t length) {
  return {length == 0 ? Kind::None : Kind::Length, length, Kind::None};
}

bool bodiless(std::uint16_t status) {
  return (status >= 100 && status < 200) || status == 204 || status == 304;
}

bool closes(const ResponseHead& head) {
  if (head.fields.connection_close) return true;
  return head.line.version != Version::Http11 && !head.fields.connection_keep_alive;
}

Framing with_body(const ResponseHead& head) {
  const auto& length = head.fields.content_length;
  const auto& coding = head.fields.transfer_encoding;
  if (coding.chunked)
    return {Kind::Chunked, length.value, length.valid ? Kind::Length : Kind::UntilClose, !closes(head)};
  if (length.valid) return by_length(length.value);
  // Of values that contradict each other, none can be trusted; the end of the connection can.
  const bool some_value = length.present && length.value != 0 && !closes(head);
  return some_value ? by_length(length.value) : Framing{Kind::UntilClose, 0, Kind::None, !closes(head)};
}

}  // namespace

Framing request_framing(const RequestHead& head) {
  const auto& length = head.fields.content_length;
  if (head.fields.transfer_encoding.chunked)
    return {Kind::Chunked, length.value, length.valid ? Kind::Length : Kind::None};
  if (length.present && !length.valid) return {Kind::UntilNext};
  return by_length(length.value);
}

Framing response_framing(const ResponseHead& head, bool to_head) {
  if (to_head || bodiless(head.line.status)) return {};
  return with_body(head);
}

bool contradicts_bodiless_status(const ResponseHead& head, bool to_head) {
  if (to_head || !bodiless(head.line.status)) return false;
  return head.fields.transfer_encoding.chunked || head.fields.content_length.value != 0;
}

}  // namespace webtap::http
