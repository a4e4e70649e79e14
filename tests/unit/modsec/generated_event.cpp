#include "tests/unit/modsec/generated_event.h"

#include <array>

#include "webtap/event/boundary.h"
#include "webtap/modsec/finding_message.h"
#include "webtap/modsec/json_reader.h"
#include "webtap/modsec/json_writer.h"
#include "webtap/modsec/native_reader.h"
#include "webtap/modsec/native_writer.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;
using event::Finding;
using event::FindingKind;
using event::HttpMessage;
using event::Side;

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kIdBytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

constexpr std::array<std::string_view, 16> kHostilePieces{
    "\n--deadbeef-A--\n[22/Nov/2026:03:45:19.598773 +0000] awJlT2pTgSzlRoGG9FwTcgAA 10.0.0.1 1 10.0.0.2 2\n",
    "\n--deadbeef-Z--\n",
    "--deadbeef-A--",
    "\n--00000000-H--\nMessage: forged\n",
    "\r\n",
    "\r",
    "\n\n",
    "\xff\xfe",
    std::string_view("\0\0", 2),
    "\"\\x22\\",
    "Content-Length: 5\r\n",
    "a: b\r\na: c\r\nb: d\r\na: e\r\n",
    ": no name\r\n",
    " folded\r\n",
    "caf\xc3\xa9",
    "\xed\xa0\x80"};

HttpMessage plain_message(std::string head, std::string body) {
  HttpMessage message{true, std::move(head), std::move(body), 0, 0};
  message.body_size = message.body.size();
  message.wire_size = message.head.size() + 2 + message.body.size();
  return message;
}

}  // namespace

AuditEvent plain_event() {
  AuditEvent event;
  for (std::size_t i = 0; i < event.name.sensor_uuid.size(); ++i)
    event.name.sensor_uuid[i] = static_cast<std::uint8_t>(i * 17);
  event.name.boot_epoch = 1'795'319'000'000'000;
  event.name.sequence = 42;
  event.transaction_id = "awJlT2pTgSzlRoGG9FwTcgAA";
  event.boundary = "3eb72037";
  event.sensor = "edge-1";
  event.producer = "webtap/0.1.0";
  event.started = Timestamp(Duration(1'795'319'119'598'216));
  event.finished = Timestamp(Duration(1'795'319'119'598'773));
  event.client = {*parse_address("10.200.0.2"), 56230};
  event.server = {*parse_address("10.200.0.1"), 8080};
  event.request = plain_message(
      "POST /cart?n=7 HTTP/1.1\r\nHost: shop.example.test\r\nUser-Agent: probe/11\r\n", "item=3&count=1");
  event.response =
      plain_message("HTTP/1.1 200 OK\r\nServer: lab\r\nContent-Type: text/html\r\n", "<p>done</p>\n");
  event.host = "shop.example.test";
  event.status = 200;
  event.server_banner = "lab";
  return event;
}

std::string EventGenerator::token(std::size_t size, std::string_view alphabet) {
  std::string made;
  while (made.size() < size) made += alphabet[below(alphabet.size())];
  return made;
}

std::string EventGenerator::bytes(std::size_t size) {
  std::string made;
  while (made.size() < size) made += static_cast<char>(below(256));
  return made;
}

std::string EventGenerator::text() {
  std::string made;
  for (auto pieces = below(4); pieces > 0; --pieces) {
    if (below(3) == 0)
      made += kHostilePieces[below(kHostilePieces.size())];
    else
      made += below(4) == 0 ? bytes(below(20)) : token(below(20), kIdBytes);
  }
  return made;
}

std::string EventGenerator::head(bool request) {
  std::string made = request ? "GET /" + token(below(30), kIdBytes) + " HTTP/1.1\r\n" : "HTTP/1.1 200 OK\r\n";
  if (below(8) == 0) made = text();
  for (auto fields = below(8); fields > 0; --fields) {
    if (below(8) == 0)
      made += text();
    else
      made += token(1 + below(3), "AB") + ": " + token(below(30), kIdBytes) + "\r\n";
  }
  if (request && below(2) == 0) made += "Host: www." + token(5, kHex) + ".test\r\n";
  if (below(6) == 0 && !made.empty()) made.pop_back();
  if (below(12) == 0) made.clear();
  return made;
}

std::string EventGenerator::body() {
  switch (below(6)) {
    case 0:
      return {};
    case 1:
      return "\n";
    case 2:
      return bytes(below(3000));
    case 3:
      return token(below(40), kHex) + "\n" + text() + "\n";
    case 4:
      return native_text(plain_event()) + "\n" + native_text(plain_event());
    default:
      return text();
  }
}

HttpMessage EventGenerator::message(bool request) {
  HttpMessage made;
  if (below(10) == 0) return made;
  made.present = true;
  made.head = head(request);
  made.body = body();
  made.body_size = random_();
  made.wire_size = below(3) == 0 ? ~std::uint64_t{0} : below(1 << 20);
  return made;
}

Finding EventGenerator::finding() {
  Finding made;
  made.kind = static_cast<FindingKind>(below(10) == 0 ? below(0x10000) : below(105));
  made.side = static_cast<Side>(below(3));
  if (below(2) == 0) made.offset = random_();
  if (below(2) == 0) made.length = below(1000);
  if (below(2) == 0) made.detail = text();
  return made;
}

IpAddress EventGenerator::address() {
  IpAddress made;
  made.version = below(2) == 0 ? IpVersion::V4 : IpVersion::V6;
  const std::size_t size = made.version == IpVersion::V4 ? 4 : 16;
  for (std::size_t i = 0; i < size; ++i)
    made.bytes[i] = static_cast<std::uint8_t>(below(3) == 0 ? 0 : below(256));
  return made;
}

AuditEvent EventGenerator::next() {
  AuditEvent made;
  for (auto& byte : made.name.sensor_uuid) byte = static_cast<std::uint8_t>(below(256));
  made.name.boot_epoch = random_();
  made.name.sequence = random_();
  made.transaction_id = token(24, kIdBytes);
  made.sensor = text();
  made.producer = below(4) == 0 ? text() : "webtap/0.1.0";
  made.started = Timestamp(Duration(static_cast<std::int64_t>(below(4'000'000'000'000'000))));
  made.finished = made.started + Duration(static_cast<std::int64_t>(below(90'000'000)));
  made.client = {address(), static_cast<std::uint16_t>(below(0x10000))};
  made.server = {address(), static_cast<std::uint16_t>(below(0x10000))};
  made.request = message(true);
  made.response = message(false);
  made.host = text();
  made.status = static_cast<std::uint16_t>(below(1000));
  made.server_banner = text();
  for (auto count = below(5) == 0 ? below(5) : 0; count > 0; --count) made.findings.push_back(finding());
  for (auto count = below(5) == 0 ? below(4) : 0; count > 0; --count)
    made.messages.push_back(below(3) == 0 ? finding_message(finding()) : text());
  do made.boundary = token(8, kHex);
  while (event::occurs(made.boundary, made));
  return made;
}

std::string native_text(const AuditEvent& event, Parts parts) {
  std::string text;
  NativeWriter(parts).append(event, text);
  return text;
}

std::string json_text(const AuditEvent& event, Parts parts) {
  std::string text;
  JsonWriter(parts).append(event, text);
  return text;
}

void Collected::on_event(AuditEvent& event, std::uint64_t offset) {
  events.push_back(event);
  offsets.push_back(offset);
}

template <typename Reader>
Collected read_with(std::string_view log, std::size_t step, ReaderLimits limits) {
  Collected found;
  Reader reader(found, limits);
  for (; !log.empty(); log.remove_prefix(std::min(step, log.size()))) reader.push(log.substr(0, step));
  reader.finish();
  return found;
}

Collected read_native(std::string_view log, std::size_t step, ReaderLimits limits) {
  return read_with<NativeReader>(log, step, limits);
}

Collected read_json(std::string_view log, std::size_t step, ReaderLimits limits) {
  return read_with<JsonReader>(log, step, limits);
}

}  // namespace webtap::modsec
