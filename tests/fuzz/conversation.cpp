// A sensor that says anything, to a subscriber that comes back: what its handler is given follows its
// contract.
#include "webtap/subscriber/conversation.h"

#include <optional>
#include <string>
#include <vector>

#include "tests/fuzz/input.h"
#include "webtap/event/boundary.h"
#include "webtap/wire/event_codec.h"
#include "webtap/wire/frame_codec.h"
#include "webtap/wire/frame_reader.h"

namespace webtap::fuzz {
namespace {

using subscriber::Conversation;
using wire::Position;

constexpr std::string_view kHexadecimal = "0123456789abcdef";

// Says of what it was given that less, or more, is durable.
class Handler final : public subscriber::Handler {
 public:
  void on_connected(const wire::Welcome& welcome) override {
    if (sensor != welcome.sensor_uuid) last = welcome.start_position - 1;
    sensor = welcome.sensor_uuid;
  }
  void on_event(Position position, event::AuditEvent& event) override {
    move(position);
    require(event.boundary.size() == 8 && event.boundary.find_first_not_of(kHexadecimal) == std::string::npos,
            "the boundary is 8 digits");
    require(!event::occurs(event.boundary, event), "and occurs nowhere in the event");
  }
  void on_unreadable(Position position, ByteView bytes, const std::string& problem) override {
    move(position);
    const Exact seen(bytes);
    require(!problem.empty(), "what cannot be read has a reason");
  }
  void on_gap(const wire::Gap& gap) override {
    require(gap.from <= gap.to, "a gap is one");
    move(gap.to);
  }
  Position on_checkpoint(Position position) override {
    require(position == last, "a checkpoint is of everything that was given, and of what was passed over");
    return position + 8 - slack;
  }

  // What moves the position without a call.
  void skip(Position position) { last = std::max(last, position); }

  std::optional<wire::Uuid> sensor;
  Position last = 0;
  unsigned slack = 8;  // 8: everything is durable

 private:
  void move(Position position) {
    require(position > last, "nothing is given twice, or out of order");
    require(position <= std::uint64_t{1} << 62, "positions stay such that sums fit");
    last = position;
  }
};

std::string event_bytes(Input& input) {
  event::AuditEvent event;
  const unsigned shape = input.u8();
  event.boundary = shape % 4 == 0 ? std::string(input.bytes(8)) : "00000000";
  event.request.present = true;
  event.request.head = input.bytes(input.u8() % 64);
  event.response.body = shape % 2 == 0 ? "--00000000-Z--" : "";
  std::string bytes;
  std::string problem;
  if (!wire::encode_event(event, bytes, problem)) return {};
  if (shape >= 128) bytes.resize(bytes.size() - std::min<std::size_t>(bytes.size(), input.u8()));
  if (shape >= 192 && !bytes.empty()) bytes[input.u8() % bytes.size()] ^= static_cast<char>(1 + shape % 64);
  return bytes;
}

// Around where the stream is, or anywhere.
Position position_near(Input& input, Position last) {
  const unsigned way = input.u8();
  return way == 255   ? ~Position{0} - input.u8()
         : way == 254 ? Position{1} << (input.u8() % 64)
                      : last + way - 16;
}

std::string batch(Input& input, Position last) {
  std::vector<std::string> events(1 + input.u8() % 4);
  std::vector<wire::Entry> entries;
  Position position = position_near(input, last);
  for (std::string& event : events) {
    event = event_bytes(input);
    entries.push_back({position, event});
    position += input.u8() % 8;  // 0: out of order
  }
  std::string bytes;
  if (input.u8() % 2 == 0) {
    wire::encode_batch(entries, bytes);
  } else {
    wire::BatchCompressor().encode(entries, bytes);
  }
  return bytes;
}

std::string frame(Input& input, Position last) {
  const unsigned kind = input.u8();
  wire::Frame made;
  switch (kind % 8) {
    case 0: {
      wire::Welcome welcome;
      welcome.protocol_version = kind < 128 ? 1 : input.u8();
      welcome.sensor_uuid[0] = input.u8() % 2;
      welcome.start_position = position_near(input, last);
      welcome.window = {input.u16(), input.u8()};
      welcome.heartbeat_seconds = input.u16();
      welcome.silence_seconds = input.u16();
      made = welcome;
      break;
    }
    case 1:
    case 2:
      return batch(input, last);
    case 3:
      made = wire::Gap{position_near(input, last), position_near(input, last), input.u8(),
                       wire::GapReason::Damage};
      break;
    case 4:
      made = wire::Skip{position_near(input, last)};
      break;
    case 5:
      made = wire::Heartbeat{position_near(input, last), {}};
      break;
    case 6:
      made = wire::Goodbye{static_cast<wire::GoodbyeCode>(kind >> 4 & 7), std::string(input.bytes(kind >> 4)),
                           input.u16()};
      break;
    default:
      made = wire::Error{static_cast<wire::ErrorCode>(kind >> 4 & 15), std::string(input.bytes(kind >> 4)),
                         input.u16()};
      break;
  }
  std::string bytes;
  wire::encode_frame(made, bytes);
  return bytes;
}

// One connection: the reader of frames and the conversation, as a socket drives them.
class Connection {
 public:
  Connection(const subscriber::Options& options, subscriber::Progress& progress, Handler& handler)
      : progress_(progress), handler_(handler), conversation_(options, progress, handler) {
    const wire::Subscribe opening = conversation_.opening();
    require(opening.resume.position == (progress.known ? progress.given + 1 : 0),
            "it goes on where it stopped");
  }

  // False: it is over.
  bool say(ByteView bytes, std::size_t piece, Conversation::Clock::time_point now) {
    while (!bytes.empty()) {
      const auto room = frames_.room();
      const std::size_t size = std::min({room.size(), bytes.size(), piece});
      std::copy_n(bytes.begin(), size, room.begin());
      frames_.committed(size);
      bytes.remove_prefix(size);
      ByteView payload;
      wire::FrameReader::Next next = frames_.next(payload);
      for (; next == wire::FrameReader::Next::Whole; next = frames_.next(payload)) {
        pass_over(payload);
        if (!conversation_.take(Exact(payload).view(), now)) {
          require(!conversation_.end().why.empty(), "an end has a reason");
          return false;
        }
        acknowledge();
      }
      if (next == wire::FrameReader::Next::Refused) return false;
    }
    return true;
  }
  void checkpoint() { conversation_.checkpoint_now(); }
  void acknowledge() {
    const Position position = conversation_.take_ack();
    if (position == 0) return;
    require(position > acknowledged_, "acknowledgments grow");
    require(position <= progress_.durable && progress_.durable <= progress_.given, "of what is durable");
    acknowledged_ = position;
  }

 private:
  void pass_over(ByteView payload) {
    wire::Frame frame;
    std::string problem;
    if (!conversation_.welcomed() || !wire::decode_frame(payload, frame, problem)) return;
    const auto* skip = std::get_if<wire::Skip>(&frame);
    if (skip != nullptr && skip->to <= std::uint64_t{1} << 62) handler_.skip(skip->to);
  }

  subscriber::Progress& progress_;
  Handler& handler_;
  wire::FrameReader frames_;
  Conversation conversation_;
  Position acknowledged_ = 0;
};

}  // namespace
}  // namespace webtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace webtap;
  fuzz::Input input(data, size);
  subscriber::Options options;
  options.durable_name = "fuzzed";
  subscriber::Progress progress;
  fuzz::Handler handler;
  subscriber::Conversation::Clock::time_point now{std::chrono::hours(1)};
  std::optional<fuzz::Connection> connection;
  connection.emplace(options, progress, handler);
  while (!input.empty()) {
    const unsigned choice = input.u8();
    now += std::chrono::milliseconds(choice / 16 * 100);
    handler.slack = choice / 16;
    bool goes_on = true;
    switch (choice % 8) {
      case 0:
        goes_on = connection->say(fuzz::Exact(input.bytes(input.u8())).view(), choice / 8 + 1, now);
        break;
      case 1:
        connection->checkpoint();
        connection->acknowledge();
        break;
      case 2:
        goes_on = choice < 192;
        break;
      default:
        goes_on =
            connection->say(fuzz::frame(input, progress.given), choice < 128 ? 1u << 20 : choice / 8, now);
        break;
    }
    if (goes_on) continue;
    connection->checkpoint();
    connection.emplace(options, progress, handler);
  }
  return 0;
}
