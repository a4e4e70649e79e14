#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <limits>

#include "webtap/base/printable.h"
#include "webtap/v1/stream.pb.h"
#include "webtap/wire/frame_codec.h"
#include "webtap/wire/frame_fields.h"

namespace webtap::wire {
namespace {

constexpr std::uint32_t kMaxStatus = std::numeric_limits<std::uint16_t>::max();

bool fail(std::string& problem, const char* why) {
  problem = why;
  return false;
}

// An enumeration's number, or Unspecified where it is not known here.
template <typename Enum>
Enum known(int number, Enum last) {
  return number >= 0 && number <= static_cast<int>(last) ? static_cast<Enum>(number) : Enum{};
}

Timestamp time_of(std::int64_t microseconds) { return Timestamp(Duration(microseconds)); }

bool take(const std::string& bytes, Uuid& uuid, std::string& problem) {
  if (bytes.size() != uuid.size()) return fail(problem, "a sensor UUID that does not have 16 bytes");
  std::ranges::copy(bytes, uuid.begin());
  return true;
}

template <typename Texts>
bool take(const Texts& from, std::vector<std::string>& to, std::string& problem) {
  if (!std::ranges::all_of(from, [](const std::string& text) { return text.size() <= kMaxFilterText; }))
    return fail(problem, "a filter's text is too long");
  to.assign(from.begin(), from.end());
  return true;
}

bool has_bits_behind(const IpAddress& address, unsigned prefix) {
  for (unsigned bit = prefix; bit < 128; ++bit)
    if ((address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return true;
  return false;
}

bool take(const v1::Network& from, Network& to, std::string& problem) {
  const std::size_t size = from.address().size();
  if (size != 4 && size != 16) return fail(problem, "a network's address that has neither 4 nor 16 bytes");
  if (from.prefix_length() > 8 * size) return fail(problem, "a network's prefix longer than its address");
  to.address.version = size == 4 ? IpVersion::V4 : IpVersion::V6;
  std::ranges::copy(from.address(), to.address.bytes.begin());
  to.prefix_length = static_cast<std::uint8_t>(from.prefix_length());
  if (has_bits_behind(to.address, to.prefix_length))
    return fail(problem, "a network's address with bits behind its prefix");
  return true;
}

bool take(const v1::Filter& from, Filter& to, std::string& problem) {
  const int members = from.hosts_size() + from.methods_size() + from.statuses_size() + from.paths_size() +
                      from.clients_size();
  if (static_cast<std::size_t>(members) > kMaxFilterMembers)
    return fail(problem, "a filter with too many members");
  if (!take(from.hosts(), to.hosts, problem) || !take(from.methods(), to.methods, problem) ||
      !take(from.paths(), to.paths, problem))
    return false;
  for (const v1::StatusRange& range : from.statuses()) {
    if (range.first() > range.last() || range.last() > kMaxStatus)
      return fail(problem, "a status range that is none");
    to.statuses.push_back(
        {static_cast<std::uint16_t>(range.first()), static_cast<std::uint16_t>(range.last())});
  }
  for (const v1::Network& network : from.clients())
    if (!take(network, to.clients.emplace_back(), problem)) return false;
  to.alerts = from.alerts();
  return true;
}

bool take(const v1::Start& from, Start& to, std::string& problem) {
  switch (from.at_case()) {
    case v1::Start::kEarliest:
      to.at = Start::At::Earliest;
      break;
    case v1::Start::kPosition:
      to.at = Start::At::Numbered;
      to.position = from.position();
      if (to.position == 0) return fail(problem, "a start at position 0");
      break;
    case v1::Start::kTimeUs:
      to.at = Start::At::Timed;
      to.time = time_of(from.time_us());
      break;
    default:
      break;
  }
  return true;
}

bool is_durable_name(const std::string& name) {
  constexpr std::string_view kAllowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return name.size() <= kMaxDurableName && name.find_first_not_of(kAllowed) == std::string::npos;
}

bool take(const v1::Subscribe& from, Subscribe& to, std::string& problem) {
  if (from.client_name().size() > kMaxNameText || from.client_software().size() > kMaxNameText)
    return fail(problem, "a client's name is too long");
  if (!is_durable_name(from.durable_name())) return fail(problem, "a durable name that is none");
  if (static_cast<std::size_t>(from.compressions_size()) > kMaxCompressions)
    return fail(problem, "too many compressions");
  to.protocol_version = from.protocol_version();
  to.client_name = printable(from.client_name(), kMaxNameText);
  to.client_software = printable(from.client_software(), kMaxNameText);
  to.durable_name = from.durable_name();
  to.bodies = from.bodies();
  to.window = {from.window().bytes(), from.window().events()};
  for (const int compression : from.compressions())
    if (compression == v1::COMPRESSION_ZSTD) to.compressions.push_back(Compression::Zstd);
  if (from.has_resume() && from.resume().position() == 0) return fail(problem, "a resumption at position 0");
  to.resume.position = from.resume().position();
  if (from.has_resume() && !take(from.resume().sensor_uuid(), to.resume.sensor_uuid, problem)) return false;
  return take(from.start(), to.start, problem) && take(from.filter(), to.filter, problem);
}

bool take(const v1::Welcome& from, Welcome& to, std::string& problem) {
  to.protocol_version = from.protocol_version();
  to.sensor_name = printable(from.sensor_name(), kMaxNameText);
  to.software = printable(from.software(), kMaxNameText);
  to.boot_epoch = from.boot_epoch();
  to.first_position = from.first_position();
  to.next_position = from.next_position();
  to.start_position = from.start_position();
  to.window = {from.window().bytes(), from.window().events()};
  to.heartbeat_seconds = from.heartbeat_seconds();
  to.silence_seconds = from.silence_seconds();
  to.permissions.bodies = from.permissions().bodies();
  if (from.compression() > v1::COMPRESSION_ZSTD) return fail(problem, "a compression that was not offered");
  to.compression = known(from.compression(), Compression::Zstd);
  if (static_cast<std::size_t>(from.permissions().hosts_size()) > kMaxFilterMembers)
    return fail(problem, "too many permitted hosts");
  return take(from.permissions().hosts(), to.permissions.hosts, problem) &&
         take(from.sensor_uuid(), to.sensor_uuid, problem);
}

bool take(const v1::Gap& from, Gap& to, std::string& problem) {
  if (from.from() == 0 || from.from() > from.to()) return fail(problem, "a gap that is none");
  to = {from.from(), from.to(), from.count(), known(from.reason(), GapReason::Restart)};
  return true;
}

bool take(const v1::Frame& from, Frame& frame, std::string& problem) {
  switch (from.kind_case()) {
    case v1::Frame::kSubscribe:
      return take(from.subscribe(), frame.emplace<Subscribe>(), problem);
    case v1::Frame::kWelcome:
      return take(from.welcome(), frame.emplace<Welcome>(), problem);
    case v1::Frame::kAck:
      frame = Ack{from.ack().position()};
      return true;
    case v1::Frame::kGap:
      return take(from.gap(), frame.emplace<Gap>(), problem);
    case v1::Frame::kSkip:
      frame = Skip{from.skip().to()};
      return true;
    case v1::Frame::kHeartbeat:
      frame = Heartbeat{from.heartbeat().next_position(), time_of(from.heartbeat().time_us())};
      return true;
    case v1::Frame::kGoodbye:
      frame = Goodbye{known(from.goodbye().code(), GoodbyeCode::Overload),
                      printable(from.goodbye().sentence(), kMaxSentence), from.goodbye().retry_after_ms()};
      return true;
    case v1::Frame::kError:
      frame = Error{known(from.error().code(), ErrorCode::Internal),
                    printable(from.error().sentence(), kMaxSentence), from.error().retry_after_ms()};
      return true;
    case v1::Frame::kBatch:
      return fail(problem, "a batch behind another kind of frame");
    case v1::Frame::KIND_NOT_SET:
      frame = UnknownFrame{};
      return true;
  }
  return fail(problem, "a malformed frame");
}

bool take_batch(ByteView payload, Frame& frame, std::string& problem) {
  ProtoReader fields(payload);
  Batch batch;
  while (fields.next())
    if (fields.field() == kFrameBatch && fields.is(WireType::Bytes)) batch.bytes = fields.bytes();
  if (!fields.ok()) return fail(problem, "a malformed batch");
  frame = batch;
  return true;
}

// The library would write to standard error what it thinks of a text that is no UTF-8; what a peer sends is
// no reason to.
bool parse(ByteView payload, v1::Frame& message) {
  const google::protobuf::LogSilencer quiet;
  return message.ParseFromArray(payload.data(), static_cast<int>(payload.size()));
}

}  // namespace

bool decode_frame(ByteView payload, Frame& frame, std::string& problem) {
  frame = UnknownFrame{};
  if (payload.size() > kMaxDataFrame) return fail(problem, "a frame that is too long");
  if (!payload.empty() && static_cast<std::uint8_t>(payload.front()) == kBatchTag)
    return take_batch(payload, frame, problem);
  if (payload.size() > kMaxControlFrame) return fail(problem, "a frame that is too long");
  v1::Frame message;
  return parse(payload, message) ? take(message, frame, problem) : fail(problem, "a malformed frame");
}

}  // namespace webtap::wire
