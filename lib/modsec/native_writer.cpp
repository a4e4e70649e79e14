#include "webtap/modsec/native_writer.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "webtap/modsec/escape.h"
#include "webtap/modsec/finding_message.h"
#include "webtap/modsec/form_parts.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;
using event::HttpMessage;

// Boundary lines, A line, and what part H always says.
constexpr std::size_t kFixedText = 1024;
constexpr std::string_view kMessage = "Message: ";

// The line that begins each part, behind the LF that belongs to it: contents may end without one.
class BoundaryLine {
 public:
  explicit BoundaryLine(std::string_view boundary) {
    put(put(put(text_.data(), "\n--"), boundary.substr(0, 8)), "-A--\n");
  }
  char* put_first(char* out) const {
    return put(out, std::string_view(text_.data(), text_.size()).substr(1));
  }
  char* put_next(char* out, char part) const {
    std::memcpy(out, text_.data(), text_.size());
    out[kPart] = part;
    return out + text_.size();
  }

 private:
  static constexpr std::size_t kPart = 12;
  std::array<char, 16> text_;
};

#ifdef __SSE2__
constexpr std::ptrdiff_t kStep = 16;

// Copies text up to `end` without each CR that stands before an LF, in steps that may be longer than a line,
// going back to where a CR was. Reads and writes less than a step beyond `end`.
void put_without_returns(char*& out, const char*& at, const char* end) {
  while (at < end) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), bytes);
    const auto returns = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r'))));
    const std::ptrdiff_t copied = returns == 0 ? kStep : std::countr_zero(returns);
    at += copied;
    out += copied;
    if (returns == 0) continue;
    if (at[1] != '\n') *out++ = '\r';
    ++at;
  }
}

char* put_without_returns(char* out, ByteView text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  if (end - at > kStep) put_without_returns(out, at, end - kStep);
  std::array<char, 2 * kStep> rest{};  // the last step, with bytes behind it that are no CR
  const char* rest_at = rest.data();
  const char* const rest_end = put(rest.data(), {at, static_cast<std::size_t>(end - at)});
  put_without_returns(out, rest_at, rest_end);
  return out - (rest_at - rest_end);
}
#else
char* put_without_returns(char* out, ByteView text) {
  for (std::size_t i = 0; i != text.size(); ++i) {
    if (text[i] != '\r' || i + 1 == text.size() || text[i + 1] != '\n') *out++ = text[i];
  }
  return out;
}
#endif

// The lines of a head, each ended by LF: one CR before an LF is dropped, the last line gets one.
char* put_lines(char* out, ByteView head) {
  if (head.empty()) return out;
  out = put_without_returns(out, head);
  if (out[-1] != '\n') *out++ = '\n';
  return out;
}

char* put_findings_and_messages(char* out, const AuditEvent& event) {
  for (const event::Finding& finding : event.findings) {
    if (!is_message(finding)) continue;
    out = put_finding_message(put(out, kMessage), finding);
    *out++ = '\n';
  }
  for (const std::string& message : event.messages) {
    out = put_message_text(put(out, kMessage), message);
    *out++ = '\n';
  }
  return out;
}

constexpr auto kTwoDigits = [] {
  std::array<std::array<char, 2>, 100> texts{};
  for (unsigned i = 0; i < texts.size(); ++i)
    texts[i] = {static_cast<char>('0' + i / 10), static_cast<char>('0' + i % 10)};
  return texts;
}();

// The last eight decimal digits of a number.
char* put_eight_digits(char* out, std::uint32_t number) {
  const std::uint32_t high = number / 10'000 % 10'000;
  const std::uint32_t low = number % 10'000;
  for (const std::uint32_t pair : {high / 100, high % 100, low / 100, low % 100}) {
    std::memcpy(out, kTwoDigits[pair].data(), 2);
    out += 2;
  }
  return out;
}

// Microseconds since 1970 have 16 digits from September 2001 on.
char* put_microseconds(char* out, std::int64_t time) {
  constexpr std::int64_t kHalf = 100'000'000;  // eight digits
  if (time < kHalf / 10 * kHalf || time >= kHalf * kHalf) return put_decimal(out, time);
  out = put_eight_digits(out, static_cast<std::uint32_t>(time / kHalf));
  return put_eight_digits(out, static_cast<std::uint32_t>(time % kHalf));
}

char* put_stopwatch(char* out, const AuditEvent& event) {
  const auto started = writable_time(event.started).time_since_epoch().count();
  const auto finished = writable_time(event.finished).time_since_epoch().count();
  out = put_microseconds(put(out, "Stopwatch: "), started);
  *out++ = ' ';
  out = put_decimal(out, std::max<std::int64_t>(finished - started, 0));
  return put(out, " (- - -)\n");
}

char* put_producer(char* out, std::string_view producer) {
  return put(put_line_text(put(out, "Producer: "), producer), ".\n");
}

char* put_server(char* out, std::string_view banner) {
  return put(put_line_text(put(out, "Server: "), banner), "\n");
}

char* put_sensor(char* out, std::string_view sensor) {
  return put(put_quoted_text(put(out, "Sensor-Id: \""), sensor), "\"\n");
}

// Each octet of an IPv4 address with the dot behind it.
struct OctetText {
  std::array<char, 4> text;
  std::uint8_t size;
};
constexpr auto kOctets = [] {
  std::array<OctetText, 256> octets{};
  for (unsigned value = 0; value < octets.size(); ++value) {
    OctetText& octet = octets[value];
    for (unsigned unit = 100; unit != 0; unit /= 10) {
      if (value >= unit || unit == 1) octet.text[octet.size++] = static_cast<char>('0' + value / unit % 10);
    }
    octet.text[octet.size++] = '.';
  }
  return octets;
}();

char* put_ipv4(char* out, const IpAddress& address) {
  for (std::size_t i = 0; i < 4; ++i) {
    const OctetText& octet = kOctets[address.bytes[i]];
    std::memcpy(out, octet.text.data(), octet.text.size());
    out += octet.size;
  }
  return out - 1;
}

}  // namespace

NativeWriter::NativeWriter(Parts parts)
    : parts_(parts), producer_(put_producer), server_banner_(put_server), sensor_(put_sensor) {}

std::size_t NativeWriter::bound(const AuditEvent& event) const {
  std::size_t bytes = kFixedText + event.request.head.size() + event.request.body.size() +
                      event.response.head.size() + event.response.body.size();
  bytes += kMaxEscape * (event.producer.size() + event.server_banner.size() + event.sensor.size());
  for (const event::Finding& finding : event.findings)
    bytes += kMessage.size() + 1 + finding_message_bound(finding);
  for (const std::string& message : event.messages)
    bytes += kMessage.size() + 1 + kMaxEscape * message.size();
  return bytes + form_parts_bound(event.request, parts_);
}

char* NativeWriter::AddressText::write(const IpAddress& address, char* out) {
  if (address.version == IpVersion::V4) return put_ipv4(out, address);
  if (size_ == 0 || address != address_) {
    address_ = address;
    size_ = format_address(address, text_);
  }
  return put(out, {text_, size_});
}

char* NativeWriter::IdText::write(std::string_view raw, char* out) {
  std::array<char, kMaxToken> room;
  if (raw.size() == kSize && raw.starts_with(start_))
    return put(put(out, start_), safe_token(raw.substr(kStart), room));
  const std::string_view safe = safe_token(raw, room);
  if (raw.size() == kSize) start_ = safe.substr(0, kStart);
  return put(out, safe);
}

char* NativeWriter::LineText::write(std::string_view raw, char* out) {
  constexpr std::size_t kRemembered = 256;  // bytes of a text that is not written anew for each event
  constexpr std::size_t kAround = 32;
  if (raw.empty()) return out;
  if (raw.size() > kRemembered) return put_(out, raw);
  if (raw != raw_) {
    text_.resize(kAround + kMaxEscape * raw.size());
    text_.resize(static_cast<std::size_t>(put_(text_.data(), raw) - text_.data()));
    raw_ = raw;
  }
  return put(out, text_);
}

char* NativeWriter::write_part_a(const AuditEvent& event, char* out) {
  *out++ = '[';
  out = put(time_.write(event.finished, out), "] ");
  out = id_.write(event.transaction_id, out);
  *out++ = ' ';
  out = client_.write(event.client.address, out);
  *out++ = ' ';
  out = put_decimal(out, event.client.port);
  *out++ = ' ';
  out = server_.write(event.server.address, out);
  *out++ = ' ';
  return put_decimal(out, event.server.port);
}

char* NativeWriter::write_part_h(const AuditEvent& event, bool part_e_written, char* out) {
  if (!event.findings.empty() || !event.messages.empty()) out = put_findings_and_messages(out, event);
  out = put_stopwatch(out, event);
  if (part_e_written) out = put(out, "Response-Body-Transformed: Dechunked\n");
  out = producer_.write(event.producer, out);
  out = server_banner_.write(event.server_banner, out);
  out = sensor_.write(event.sensor, out);
  return put(out, "Engine-Mode: \"DETECTION_ONLY\"\n");
}

char* NativeWriter::write(const AuditEvent& event, char* out) {
  const BoundaryLine boundary(safe_boundary(event.boundary));
  const HttpMessage& request = event.request;
  const HttpMessage& response = event.response;
  const auto begin = [&](char part) { out = boundary.put_next(out, part); };
  out = write_part_a(event, boundary.put_first(out));
  if (request.present && parts_.has('B')) begin('B'), out = put_lines(out, request.head);
  const bool forms = request.present && (parts_.has('I') || parts_.has('J')) && has_form_parts(request);
  const bool part_c = request.present && !request.body.empty() && writes_body(request, parts_);
  if (part_c) begin('C'), out = put(out, request.body);
  if (forms && parts_.has('I')) begin('I'), out = put_fields(out, request);
  if (response.present && parts_.has('F')) begin('F'), out = put_lines(out, response.head);
  const bool part_e = response.present && !response.body.empty() && parts_.has('E');
  if (part_e) begin('E'), out = put(out, response.body);
  if (parts_.has('H')) begin('H'), out = write_part_h(event, part_e, out);
  if (forms && parts_.has('J')) begin('J'), out = put_uploads(out, request);
  begin('Z');
  return out;
}

void NativeWriter::append(const AuditEvent& event, std::string& out) {
  const std::size_t before = out.size();
  out.resize(before + bound(event));
  out.resize(static_cast<std::size_t>(write(event, out.data() + before) - out.data()));
}

}  // namespace webtap::modsec
