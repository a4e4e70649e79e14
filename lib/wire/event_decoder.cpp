#include <algorithm>
#include <limits>

#include "webtap/wire/event_codec.h"
#include "webtap/wire/event_fields.h"
#include "webtap/wire/proto_wire.h"

namespace webtap::wire {
namespace {

constexpr std::uint64_t kMaxU16 = std::numeric_limits<std::uint16_t>::max();

// The fields of one message. What is wrong first is what is said.
class Fields {
 public:
  Fields(ByteView message, std::string& problem) : reader_(message), problem_(problem) {}

  bool next() { return problem_.empty() && reader_.next(); }
  unsigned number() const { return reader_.field(); }
  // Whether everything was read.
  bool done(const char* what) {
    if (problem_.empty() && !reader_.ok()) fail(what);
    return problem_.empty();
  }
  void fail(const char* why) { problem_ = why; }

  ByteView bytes(std::size_t most = std::string::npos) {
    if (!reader_.is(WireType::Bytes)) return fail("a field of the wrong type"), ByteView{};
    if (reader_.bytes().size() > most) return fail("a text is too long"), ByteView{};
    return reader_.bytes();
  }
  std::uint64_t u64(std::uint64_t most = std::numeric_limits<std::uint64_t>::max()) {
    if (!reader_.is(WireType::Varint)) return fail("a field of the wrong type"), 0;
    if (reader_.number() > most) return fail("a number out of its range"), 0;
    return reader_.number();
  }
  Timestamp time() { return Timestamp(Duration(static_cast<Duration::rep>(u64()))); }
  std::string& problem() { return problem_; }

 private:
  ProtoReader reader_;
  std::string& problem_;
};

void read_name(ByteView bytes, event::EventName& name, std::string& problem) {
  Fields fields(bytes, problem);
  name = {};
  bool named = false;
  while (fields.next()) {
    switch (fields.number()) {
      case field::kSensorUuid: {
        const ByteView uuid = fields.bytes();
        named = uuid.size() == name.sensor_uuid.size();
        if (named) std::ranges::copy(uuid, name.sensor_uuid.begin());
        break;
      }
      case field::kBootEpoch:
        name.boot_epoch = fields.u64();
        break;
      case field::kSequence:
        name.sequence = fields.u64();
        break;
      default:
        break;
    }
  }
  if (fields.done("a malformed name") && !named) fields.fail("a sensor UUID that does not have 16 bytes");
}

void read_endpoint(ByteView bytes, Endpoint& endpoint, std::string& problem) {
  Fields fields(bytes, problem);
  endpoint = {};
  bool addressed = false;
  while (fields.next()) {
    if (fields.number() == field::kAddress) {
      const ByteView address = fields.bytes();
      addressed = address.size() == 4 || address.size() == 16;
      if (!addressed) continue;
      endpoint.address = {};
      endpoint.address.version = address.size() == 4 ? IpVersion::V4 : IpVersion::V6;
      std::ranges::copy(address, endpoint.address.bytes.begin());
    } else if (fields.number() == field::kPort) {
      endpoint.port = static_cast<std::uint16_t>(fields.u64(kMaxU16));
    }
  }
  if (fields.done("a malformed endpoint") && !addressed)
    fields.fail("an address that has neither 4 nor 16 bytes");
}

void read_message(ByteView bytes, MessageView& message, std::string& problem) {
  Fields fields(bytes, problem);
  const ByteView body = message.body;  // which stands in Event
  message = {};
  message.body = body;
  while (fields.next()) {
    switch (fields.number()) {
      case field::kPresent:
        message.present = fields.u64(1) != 0;
        break;
      case field::kHead:
        message.head = fields.bytes();
        break;
      case field::kBodySize:
        message.body_size = fields.u64();
        break;
      case field::kWireSize:
        message.wire_size = fields.u64();
        break;
      default:
        break;
    }
  }
  fields.done("a malformed message");
}

void read_finding(ByteView bytes, FindingView& finding, std::string& problem) {
  Fields fields(bytes, problem);
  while (fields.next()) {
    switch (fields.number()) {
      case field::kKind:
        finding.kind = static_cast<event::FindingKind>(fields.u64(kMaxU16));
        break;
      case field::kSide:
        finding.side = static_cast<event::Side>(fields.u64(2));
        break;
      case field::kOffset:
        finding.offset = fields.u64();
        break;
      case field::kLength:
        finding.length = fields.u64();
        break;
      case field::kDetail:
        finding.detail = fields.bytes(event::kMaxFindingDetail);
        break;
      default:
        break;
    }
  }
  fields.done("a malformed finding");
}

void clear(EventView& event) {
  std::vector<FindingView> findings = std::move(event.findings);
  std::vector<ByteView> messages = std::move(event.messages);
  event = {};
  findings.clear();
  messages.clear();
  event.findings = std::move(findings);
  event.messages = std::move(messages);
}

// Fields whose number is beyond the texts and numbers of Event itself.
void read_part(Fields& fields, EventView& event) {
  switch (fields.number()) {
    case field::kName:
      return read_name(fields.bytes(), event.name, fields.problem());
    case field::kClient:
      return read_endpoint(fields.bytes(), event.client, fields.problem());
    case field::kServer:
      return read_endpoint(fields.bytes(), event.server, fields.problem());
    case field::kRequest:
      return read_message(fields.bytes(), event.request, fields.problem());
    case field::kResponse:
      return read_message(fields.bytes(), event.response, fields.problem());
    case field::kFindings:
      if (event.findings.size() == kMaxFindings) return fields.fail("too many findings");
      return read_finding(fields.bytes(), event.findings.emplace_back(), fields.problem());
    case field::kMessages:
      if (event.messages.size() == kMaxMessages) return fields.fail("too many messages");
      event.messages.push_back(fields.bytes());
      return;
    default:
      return;
  }
}

void read_field(Fields& fields, EventView& event) {
  switch (fields.number()) {
    case field::kTransactionId:
      event.transaction_id = fields.bytes(kMaxShortText);
      return;
    case field::kBoundary:
      event.boundary = fields.bytes(kMaxShortText);
      return;
    case field::kSensor:
      event.sensor = fields.bytes(kMaxShortText);
      return;
    case field::kProducer:
      event.producer = fields.bytes(kMaxShortText);
      return;
    case field::kStarted:
      event.started = fields.time();
      return;
    case field::kFinished:
      event.finished = fields.time();
      return;
    case field::kHost:
      event.host = fields.bytes();
      return;
    case field::kStatus:
      event.status = static_cast<std::uint16_t>(fields.u64(kMaxU16));
      return;
    case field::kServerBanner:
      event.server_banner = fields.bytes();
      return;
    case field::kRequestBody:
      event.request.body = fields.bytes();
      return;
    case field::kResponseBody:
      event.response.body = fields.bytes();
      return;
    default:
      return read_part(fields, event);
  }
}

void copy(const MessageView& from, event::HttpMessage& to) {
  to.present = from.present;
  to.head = from.head;
  to.body = from.body;
  to.body_size = from.body_size;
  to.wire_size = from.wire_size;
}

}  // namespace

bool view_event(ByteView bytes, EventView& event, std::string& problem) {
  clear(event);
  problem.clear();
  Fields fields(bytes, problem);
  if (bytes.size() > kMaxEvent) fields.fail("the event is too large");
  unsigned seen = 0;
  while (fields.next()) {
    if (fields.number() < 16) seen |= 1u << fields.number();
    read_field(fields, event);
  }
  constexpr unsigned kNeeded = 1u << field::kName | 1u << field::kClient | 1u << field::kServer;
  if (fields.done("a malformed event") && (seen & kNeeded) != kNeeded)
    fields.fail("the event's name or an endpoint is missing");
  return problem.empty();
}

bool decode_event(ByteView bytes, event::AuditEvent& event, std::string& problem) {
  EventView view;
  event.clear();
  if (!view_event(bytes, view, problem)) return false;
  event.name = view.name;
  event.transaction_id = view.transaction_id;
  event.boundary = view.boundary;
  event.sensor = view.sensor;
  event.producer = view.producer;
  event.started = view.started;
  event.finished = view.finished;
  event.client = view.client;
  event.server = view.server;
  copy(view.request, event.request);
  copy(view.response, event.response);
  event.host = view.host;
  event.status = view.status;
  event.server_banner = view.server_banner;
  for (const FindingView& from : view.findings)
    event.findings.push_back({from.kind, from.side, from.offset, from.length, std::string(from.detail)});
  event.messages.assign(view.messages.begin(), view.messages.end());
  return true;
}

ByteView without_bodies(ByteView bytes) {
  ProtoReader fields(bytes);
  std::size_t end = 0;
  while (fields.next() && fields.field() < field::kRequestBody) end = bytes.size() - fields.rest().size();
  return bytes.substr(0, end);
}

}  // namespace webtap::wire
