#include "tests/property/replay.h"

#include <algorithm>

#include "agent/audit/auditor.h"
#include "agent/decode/decoder.h"

namespace webtap::property {
namespace {

constexpr std::uint64_t kLargestGap = 16u << 20;

// Listens to what stream gives, and passes it on.
class Listener final : public stream::ChunkHandler {
 public:
  Listener(std::vector<SeenConnection>& connections, stream::ChunkHandler& next)
      : connections_(connections), next_(next) {}

  void on_chunk(const stream::Chunk& chunk) override {
    PassedOn& to = seen(*chunk.connection).directions[static_cast<std::size_t>(chunk.direction)];
    const auto gap = static_cast<std::size_t>(std::min(chunk.gap_before, kLargestGap));
    to.bytes.append(gap, '\0').append(chunk.bytes);
    to.seen.insert(to.seen.end(), gap, false);
    to.seen.insert(to.seen.end(), chunk.bytes.size(), true);
    next_.on_chunk(chunk);
  }
  void on_conflict(const stream::Connection& connection, stream::Direction direction, std::uint64_t offset,
                   std::uint64_t length) override {
    seen(connection).conflict = true;
    next_.on_conflict(connection, direction, offset, length);
  }
  void on_direction_end(const stream::Connection& connection, stream::Direction direction,
                        Timestamp time) override {
    seen(connection).directions[static_cast<std::size_t>(direction)].ended = true;
    next_.on_direction_end(connection, direction, time);
  }
  void on_end(const stream::Connection& connection, stream::EndReason reason, Timestamp time) override {
    seen(connection).reason = reason;
    next_.on_end(connection, reason, time);
  }

 private:
  SeenConnection& seen(const stream::Connection& connection) {
    if (connections_.size() < connection.id) connections_.resize(connection.id);
    SeenConnection& one = connections_[connection.id - 1];
    one.connection = connection;
    return one;
  }

  std::vector<SeenConnection>& connections_;
  stream::ChunkHandler& next_;
};

class Events final : public audit::EventHandler {
 public:
  explicit Events(std::vector<event::AuditEvent>& events) : events_(events) {}
  event::AuditEvent& slot() override {
    slot_.clear();
    return slot_;
  }
  void publish() override { events_.push_back(slot_); }

 private:
  std::vector<event::AuditEvent>& events_;
  event::AuditEvent slot_;
};

audit::Options options() {
  audit::Options options;
  options.sensor = "test";
  options.producer = "webtap";
  return options;
}

class Sensor {
 public:
  explicit Sensor(Outcome& outcome)
      : outcome_(outcome),
        events_(outcome.events),
        auditor_(options(), events_),
        http_({}, auditor_),
        listener_(outcome.connections, http_),
        reassembler_({}, listener_),
        decoder_(reassembler_) {}

  void give(const Packet& packet) {
    decoder_.on_packet({packet.time, packet.link_type, packet.bytes, packet.wire_length});
  }
  void give(const SentSegment& sent) {
    decode::Segment segment = sent.segment;
    segment.payload = sent.payload;
    reassembler_.on_segment(segment);
  }
  void finish() {
    reassembler_.finish();
    outcome_.stream = reassembler_.counters();
  }

 private:
  Outcome& outcome_;
  Events events_;
  audit::Auditor auditor_;
  http::HttpStage http_;
  Listener listener_;
  stream::Reassembler reassembler_;
  decode::Decoder decoder_;
};

class Segments final : public decode::SegmentHandler {
 public:
  void on_segment(const decode::Segment& segment) override {
    sent.push_back({segment, std::string(segment.payload), original});
    sent.back().segment.payload = {};
  }
  std::vector<SentSegment> sent;
  std::size_t original = 0;
};

std::string text_of(const event::HttpMessage& message) {
  return (message.present ? "\n+" : "\n-") + std::to_string(message.body_size) + " " +
         std::to_string(message.wire_size) + "\n" + message.head + "\n\n" + message.body;
}

}  // namespace

Ends ends(const Endpoint& a, const Endpoint& b) { return a < b ? Ends(a, b) : Ends(b, a); }

Outcome replay(const std::vector<Packet>& packets) {
  Outcome outcome;
  Sensor sensor(outcome);
  for (const Packet& packet : packets) sensor.give(packet);
  sensor.finish();
  return outcome;
}

Outcome replay(const std::vector<Damaged>& packets) {
  Outcome outcome;
  Sensor sensor(outcome);
  for (const Damaged& one : packets) sensor.give(one.packet);
  sensor.finish();
  return outcome;
}

Outcome replay(const std::vector<SentSegment>& segments) {
  Outcome outcome;
  Sensor sensor(outcome);
  for (const SentSegment& segment : segments) sensor.give(segment);
  sensor.finish();
  return outcome;
}

std::vector<SentSegment> segments_of(const std::vector<Packet>& packets) {
  Segments segments;
  decode::Decoder decoder(segments);
  for (const Packet& packet : packets) {
    decoder.on_packet({packet.time, packet.link_type, packet.bytes, packet.wire_length});
    ++segments.original;
  }
  return segments.sent;
}

std::vector<SentSegment> segments_of(const std::vector<Damaged>& packets) {
  Segments segments;
  decode::Decoder decoder(segments);
  for (const Damaged& one : packets) {
    segments.original = one.original;
    decoder.on_packet({one.packet.time, one.packet.link_type, one.packet.bytes, one.packet.wire_length});
  }
  return segments.sent;
}

std::string text_of(const event::AuditEvent& event, bool with_times, bool with_findings) {
  std::string text = to_string(event.client) + " " + to_string(event.server) + " " + event.host + " " +
                     std::to_string(event.status) + " " + event.server_banner;
  if (with_times) {
    text += " " + std::to_string(event.started.time_since_epoch().count());
    text += " " + std::to_string(event.finished.time_since_epoch().count());
  }
  text += text_of(event.request) + text_of(event.response);
  if (!with_findings) return text;
  for (const event::Finding& finding : event.findings) {
    const event::FindingText* kind = event::finding_text(finding.kind);
    text += "\n" + std::string(kind == nullptr ? "?" : kind->name) + " " +
            std::to_string(static_cast<int>(finding.side)) + " " + std::to_string(finding.offset) + "+" +
            std::to_string(finding.length) + " " + finding.detail;
  }
  return text;
}

}  // namespace webtap::property
