#include <algorithm>

#include "webtap/base/printable.h"
#include "webtap/base/utf8.h"
#include "webtap/v1/stream.pb.h"
#include "webtap/wire/frame_codec.h"
#include "webtap/wire/frame_fields.h"

namespace webtap::wire {
namespace {

std::string bytes_of(const Uuid& uuid) { return {uuid.begin(), uuid.end()}; }

void put(const Start& from, v1::Start& to) {
  switch (from.at) {
    case Start::At::Latest:
      return to.set_latest(true);
    case Start::At::Earliest:
      return to.set_earliest(true);
    case Start::At::Numbered:
      return to.set_position(from.position);
    case Start::At::Timed:
      return to.set_time_us(from.time.time_since_epoch().count());
  }
}

void put(const Filter& from, v1::Filter& to) {
  for (const std::string& host : from.hosts) to.add_hosts(host);
  for (const std::string& method : from.methods) to.add_methods(method);
  for (const std::string& path : from.paths) to.add_paths(path);
  for (const StatusRange& range : from.statuses) {
    v1::StatusRange& added = *to.add_statuses();
    added.set_first(range.first);
    added.set_last(range.last);
  }
  for (const Network& network : from.clients) {
    v1::Network& added = *to.add_clients();
    const std::size_t size = network.address.version == IpVersion::V4 ? 4 : 16;
    added.set_address(network.address.bytes.data(), size);
    added.set_prefix_length(network.prefix_length);
  }
  to.set_alerts(from.alerts);
}

void put(const Window& from, v1::Window& to) {
  to.set_bytes(from.bytes);
  to.set_events(from.events);
}

void put(const UnknownFrame&, v1::Frame&) {}

void put(const Subscribe& from, v1::Frame& frame) {
  v1::Subscribe& to = *frame.mutable_subscribe();
  to.set_protocol_version(from.protocol_version);
  to.set_client_name(printable(from.client_name, kMaxNameText));
  to.set_client_software(printable(from.client_software, kMaxNameText));
  to.set_durable_name(printable(from.durable_name, kMaxDurableName));
  put(from.start, *to.mutable_start());
  if (from.resume.position != 0) {
    to.mutable_resume()->set_sensor_uuid(bytes_of(from.resume.sensor_uuid));
    to.mutable_resume()->set_position(from.resume.position);
  }
  put(from.filter, *to.mutable_filter());
  to.set_bodies(from.bodies);
  for (const Compression compression : from.compressions)
    if (compression == Compression::Zstd) to.add_compressions(v1::COMPRESSION_ZSTD);
  put(from.window, *to.mutable_window());
}

void put(const Welcome& from, v1::Frame& frame) {
  v1::Welcome& to = *frame.mutable_welcome();
  to.set_protocol_version(from.protocol_version);
  to.set_sensor_name(printable(from.sensor_name, kMaxNameText));
  to.set_sensor_uuid(bytes_of(from.sensor_uuid));
  to.set_software(printable(from.software, kMaxNameText));
  to.set_boot_epoch(from.boot_epoch);
  to.set_first_position(from.first_position);
  to.set_next_position(from.next_position);
  to.set_start_position(from.start_position);
  for (const std::string& host : from.permissions.hosts) to.mutable_permissions()->add_hosts(host);
  to.mutable_permissions()->set_bodies(from.permissions.bodies);
  to.set_compression(static_cast<v1::Compression>(from.compression));
  put(from.window, *to.mutable_window());
  to.set_heartbeat_seconds(from.heartbeat_seconds);
  to.set_silence_seconds(from.silence_seconds);
}

void put(const Batch&, v1::Frame&) {}  // is written without libprotobuf

void put(const Ack& from, v1::Frame& frame) { frame.mutable_ack()->set_position(from.position); }

void put(const Gap& from, v1::Frame& frame) {
  v1::Gap& to = *frame.mutable_gap();
  to.set_from(from.from);
  to.set_to(from.to);
  to.set_count(from.count);
  to.set_reason(static_cast<v1::GapReason>(from.reason));
}

void put(const Skip& from, v1::Frame& frame) { frame.mutable_skip()->set_to(from.to); }

void put(const Heartbeat& from, v1::Frame& frame) {
  frame.mutable_heartbeat()->set_next_position(from.next_position);
  frame.mutable_heartbeat()->set_time_us(from.time.time_since_epoch().count());
}

void put(const Goodbye& from, v1::Frame& frame) {
  v1::Goodbye& to = *frame.mutable_goodbye();
  to.set_code(static_cast<v1::GoodbyeCode>(from.code));
  to.set_sentence(printable(from.sentence, kMaxSentence));
  to.set_retry_after_ms(from.retry_after_ms);
}

void put(const Error& from, v1::Frame& frame) {
  v1::Error& to = *frame.mutable_error();
  to.set_code(static_cast<v1::ErrorCode>(from.code));
  to.set_sentence(printable(from.sentence, kMaxSentence));
  to.set_retry_after_ms(from.retry_after_ms);
}

char* append_length(std::size_t payload, std::string& out) {
  const std::size_t begin = out.size();
  out.resize(begin + kLengthSize + payload);
  char* at = out.data() + begin;
  for (unsigned shift = 32; shift > 0; shift -= 8) *at++ = static_cast<char>(payload >> (shift - 8));
  return at;
}

}  // namespace

void encode_frame(const Frame& frame, std::string& out) {
  if (const auto* batch = std::get_if<Batch>(&frame)) {
    ProtoWriter(append_length(block_size(kFrameBatch, batch->bytes.size()), out))
        .block(kFrameBatch, batch->bytes);
    return;
  }
  v1::Frame message;
  std::visit([&message](const auto& from) { put(from, message); }, frame);
  const std::size_t size = message.ByteSizeLong();
  message.SerializeToArray(append_length(size, out), static_cast<int>(size));
}

}  // namespace webtap::wire
