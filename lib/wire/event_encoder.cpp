#include <algorithm>

#include "webtap/wire/event_codec.h"
#include "webtap/wire/event_fields.h"
#include "webtap/wire/proto_wire.h"

namespace webtap::wire {
namespace {

using event::AuditEvent;
using event::Finding;
using event::FindingKind;
using event::HttpMessage;
using event::Side;

// A finding BodyTruncated at its largest, its tag and length included.
constexpr std::size_t kTruncatedFinding = 32;

// Of the address, its first bytes: all there are of an IPv4 address.
ByteView address_bytes(const IpAddress& address) {
  return ByteView(reinterpret_cast<const char*>(address.bytes.data()),
                  address.version == IpVersion::V4 ? 4 : 16);
}

std::uint64_t microseconds(Timestamp time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

std::size_t size_of(const event::EventName& name) {
  return block_size(field::kSensorUuid, name.sensor_uuid.size()) +
         number_size(field::kBootEpoch, name.boot_epoch) + number_size(field::kSequence, name.sequence);
}

std::size_t size_of(const Endpoint& endpoint) {
  return block_size(field::kAddress, address_bytes(endpoint.address).size()) +
         number_size(field::kPort, endpoint.port);
}

std::size_t size_of(const HttpMessage& message) {
  return number_size(field::kPresent, message.present ? 1 : 0) +
         bytes_size(field::kHead, message.head.size()) + number_size(field::kBodySize, message.body_size) +
         number_size(field::kWireSize, message.wire_size);
}

std::size_t size_of(const Finding& finding) {
  return number_size(field::kKind, static_cast<std::uint64_t>(finding.kind)) +
         number_size(field::kSide, static_cast<std::uint64_t>(finding.side)) +
         number_size(field::kOffset, finding.offset) + number_size(field::kLength, finding.length) +
         bytes_size(field::kDetail, finding.detail.size());
}

std::size_t size_without_bodies(const AuditEvent& event) {
  std::size_t size =
      block_size(field::kName, size_of(event.name)) +
      bytes_size(field::kTransactionId, event.transaction_id.size()) +
      bytes_size(field::kBoundary, event.boundary.size()) + bytes_size(field::kSensor, event.sensor.size()) +
      bytes_size(field::kProducer, event.producer.size()) +
      number_size(field::kStarted, microseconds(event.started)) +
      number_size(field::kFinished, microseconds(event.finished)) +
      block_size(field::kClient, size_of(event.client)) + block_size(field::kServer, size_of(event.server)) +
      block_size(field::kRequest, size_of(event.request)) +
      block_size(field::kResponse, size_of(event.response)) + bytes_size(field::kHost, event.host.size()) +
      number_size(field::kStatus, event.status) +
      bytes_size(field::kServerBanner, event.server_banner.size());
  for (const Finding& finding : event.findings) size += block_size(field::kFindings, size_of(finding));
  for (const std::string& message : event.messages) size += block_size(field::kMessages, message.size());
  return size;
}

void write(ProtoWriter& out, unsigned number, const event::EventName& name) {
  out.block(number, size_of(name));
  out.block(field::kSensorUuid,
            ByteView(reinterpret_cast<const char*>(name.sensor_uuid.data()), name.sensor_uuid.size()));
  out.number(field::kBootEpoch, name.boot_epoch);
  out.number(field::kSequence, name.sequence);
}

void write(ProtoWriter& out, unsigned number, const Endpoint& endpoint) {
  out.block(number, size_of(endpoint));
  out.block(field::kAddress, address_bytes(endpoint.address));
  out.number(field::kPort, endpoint.port);
}

void write(ProtoWriter& out, unsigned number, const HttpMessage& message) {
  out.block(number, size_of(message));
  out.number(field::kPresent, message.present ? 1 : 0);
  out.bytes(field::kHead, message.head);
  out.number(field::kBodySize, message.body_size);
  out.number(field::kWireSize, message.wire_size);
}

void write(ProtoWriter& out, unsigned number, const Finding& finding) {
  out.block(number, size_of(finding));
  out.number(field::kKind, static_cast<std::uint64_t>(finding.kind));
  out.number(field::kSide, static_cast<std::uint64_t>(finding.side));
  out.number(field::kOffset, finding.offset);
  out.number(field::kLength, finding.length);
  out.bytes(field::kDetail, finding.detail);
}

void write(ProtoWriter& out, const AuditEvent& event) {
  write(out, field::kName, event.name);
  out.bytes(field::kTransactionId, event.transaction_id);
  out.bytes(field::kBoundary, event.boundary);
  out.bytes(field::kSensor, event.sensor);
  out.bytes(field::kProducer, event.producer);
  out.number(field::kStarted, microseconds(event.started));
  out.number(field::kFinished, microseconds(event.finished));
  write(out, field::kClient, event.client);
  write(out, field::kServer, event.server);
  write(out, field::kRequest, event.request);
  write(out, field::kResponse, event.response);
  out.bytes(field::kHost, event.host);
  out.number(field::kStatus, event.status);
  out.bytes(field::kServerBanner, event.server_banner);
  for (const Finding& finding : event.findings) write(out, field::kFindings, finding);
  for (const std::string& message : event.messages) out.block(field::kMessages, message);
  out.bytes(field::kRequestBody, event.request.body);
  out.bytes(field::kResponseBody, event.response.body);
}

const char* reason_against(const AuditEvent& event) {
  for (const std::string* text : {&event.transaction_id, &event.boundary, &event.sensor, &event.producer})
    if (text->size() > kMaxShortText) return "a transaction id, boundary, sensor or producer is too long";
  if (event.findings.size() > kMaxFindings) return "too many findings";
  if (event.messages.size() > kMaxMessages) return "too many messages";
  for (const Finding& finding : event.findings)
    if (finding.detail.size() > event::kMaxFindingDetail) return "the detail of a finding is too long";
  return nullptr;
}

void shorten(HttpMessage& message, std::size_t kept, Side side, std::vector<Finding>& findings) {
  if (message.body.size() <= kept) return;
  const std::size_t cut = message.body.size() - kept;
  message.body.resize(kept);
  auto finding = std::ranges::find_if(findings, [side](const Finding& said) {
    return said.kind == FindingKind::BodyTruncated && said.side == side;
  });
  if (finding == findings.end())
    finding = findings.insert(finding, {FindingKind::BodyTruncated, side, 0, 0, {}});
  finding->offset = kept;
  finding->length += cut;
}

// The larger body gives way to the smaller: a body of less than half of the room is kept whole.
bool shorten_bodies(AuditEvent& event) {
  const std::size_t fixed = size_without_bodies(event) + 2 * kTruncatedFinding + 2 * block_size(101, 0) + 8;
  if (fixed > kMaxEvent || event.findings.size() + 2 > kMaxFindings) return false;
  const std::size_t room = kMaxEvent - fixed;
  const std::size_t smaller = std::min(event.request.body.size(), event.response.body.size());
  const std::size_t most = std::max(room / 2, room - std::min(room, smaller));
  shorten(event.request, most, Side::Request, event.findings);
  shorten(event.response, most, Side::Response, event.findings);
  return true;
}

std::size_t size_of(const AuditEvent& event) {
  return size_without_bodies(event) + bytes_size(field::kRequestBody, event.request.body.size()) +
         bytes_size(field::kResponseBody, event.response.body.size());
}

}  // namespace

std::optional<std::size_t> EventEncoder::measure(const AuditEvent& event, std::string& problem) {
  if (const char* reason = reason_against(event)) {
    problem = reason;
    return std::nullopt;
  }
  event_ = &event;
  const std::size_t size = size_of(event);
  if (size <= kMaxEvent) return size;
  shortened_ = std::make_unique<AuditEvent>(event);
  if (!shorten_bodies(*shortened_)) {
    problem = "the event is too large even without bodies";
    return std::nullopt;
  }
  event_ = shortened_.get();
  return size_of(*shortened_);
}

void EventEncoder::write(char* out) const {
  ProtoWriter writer(out);
  wire::write(writer, *event_);
}

bool encode_event(const AuditEvent& event, std::string& out, std::string& problem) {
  EventEncoder encoder;
  const auto size = encoder.measure(event, problem);
  if (!size) return false;
  const std::size_t begin = out.size();
  out.resize(begin + *size);
  encoder.write(out.data() + begin);
  return true;
}

}  // namespace webtap::wire
