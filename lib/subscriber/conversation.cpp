#include "webtap/subscriber/conversation.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <variant>

#include "webtap/event/boundary.h"
#include "webtap/wire/event_codec.h"
#include "webtap/wire/frame_codec.h"

namespace webtap::subscriber {
namespace {

// Beyond these a sensor would have us wait for ever, or talk all the time.
constexpr std::uint32_t kLongestHeartbeat = 60;
constexpr std::uint32_t kLongestSilence = 600;
// Between checkpoints that a sensor asks for: each waits for the disk.
constexpr std::chrono::milliseconds kShortestInterval{50};
// No sensor counts so far; what does would overflow.
constexpr wire::Position kLargestPosition = std::uint64_t{1} << 62;

bool is_boundary(std::string_view text) {
  return text.size() == 8 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string position_text(wire::Position position) { return "position " + std::to_string(position); }

}  // namespace

Conversation::Conversation(const Options& options, Progress& progress, Handler& handler)
    : options_(options), progress_(progress), handler_(handler) {}

wire::Subscribe Conversation::opening() const {
  wire::Subscribe subscribe;
  subscribe.protocol_version = wire::kProtocolVersion;
  subscribe.client_name = options_.client_name;
  subscribe.client_software = options_.software;
  subscribe.durable_name = options_.durable_name;
  subscribe.start = options_.start;
  if (progress_.known) subscribe.resume = {progress_.sensor_uuid, progress_.given + 1};
  subscribe.filter = options_.filter;
  subscribe.bodies = options_.bodies;
  if (options_.compressed) subscribe.compressions = {wire::Compression::Zstd};
  subscribe.window = options_.window;
  return subscribe;
}

bool Conversation::take(ByteView payload, Clock::time_point now) {
  wire::Frame frame;
  std::string problem;
  if (!wire::decode_frame(payload, frame, problem)) return fault(wire::ErrorCode::Malformed, problem);
  const bool goes_on = std::visit(
      [this, now](const auto& kind) {
        using Kind = std::decay_t<decltype(kind)>;
        constexpr bool kStream = std::is_same_v<Kind, wire::Batch> || std::is_same_v<Kind, wire::Gap> ||
                                 std::is_same_v<Kind, wire::Skip>;
        if constexpr (std::is_same_v<Kind, wire::Subscribe> || std::is_same_v<Kind, wire::Ack>) {
          return fault(wire::ErrorCode::Unexpected, "a frame that only a subscriber sends");
        } else if constexpr (std::is_same_v<Kind, wire::Heartbeat>) {
          checkpoint_soon(now);
          return true;
        } else if constexpr (std::is_same_v<Kind, wire::UnknownFrame>) {
          return true;
        } else {
          if (kStream && !welcomed_)
            return fault(wire::ErrorCode::Unexpected, "the first frame must be a Welcome");
          return on(kind);
        }
      },
      frame);
  if (!waiting_ && progress_.given > progress_.durable) {
    waiting_ = true;
    since_ = now;
  }
  if (goes_on) checkpoint(now);
  return goes_on;
}

bool Conversation::on(const wire::Welcome& welcome) {
  if (welcomed_) return fault(wire::ErrorCode::Unexpected, "a second Welcome");
  if (welcome.protocol_version == 0 || welcome.protocol_version > wire::kProtocolVersion) {
    return finish("the sensor speaks version " + std::to_string(welcome.protocol_version) +
                      " of the protocol, which this program does not",
                  true, 0);
  }
  if (welcome.start_position == 0 || welcome.start_position > kLargestPosition) {
    return fault(wire::ErrorCode::Malformed, "a Welcome without a position to start from");
  }
  const wire::Position before = welcome.start_position - 1;
  // A sensor whose disk did not take its state may count anew from a position that was given before: what
  // comes there now is something else.
  const bool went_back = welcome.next_position != 0 && welcome.next_position <= progress_.given;
  if (!progress_.known || progress_.sensor_uuid != welcome.sensor_uuid || went_back) {
    progress_ = {true, welcome.sensor_uuid, before, before, true};
  }
  progress_.welcomed = welcomed_ = true;
  acknowledged_ = before;
  window_ = welcome.window;
  heartbeat_ = std::chrono::seconds(
      welcome.heartbeat_seconds == 0 ? 10 : std::min(welcome.heartbeat_seconds, kLongestHeartbeat));
  silence_ = std::chrono::seconds(
      welcome.silence_seconds == 0 ? 30 : std::min(welcome.silence_seconds, kLongestSilence));
  handler_.on_connected(welcome);
  return true;
}

bool Conversation::on(const wire::Batch& batch) {
  std::string problem;
  if (!batches_.read(batch, entries_, problem)) return fault(wire::ErrorCode::Malformed, problem);
  return std::ranges::all_of(entries_, [this](const wire::Entry& entry) { return give(entry); });
}

// What was given before is not given again: a sensor may go back, to be sure.
bool Conversation::give(const wire::Entry& entry) {
  if (entry.position > kLargestPosition) {
    return fault(wire::ErrorCode::Malformed, position_text(entry.position) + " is none");
  }
  if (entry.position <= progress_.given) return true;
  std::string problem;
  if (wire::decode_event(entry.event, event_, problem)) {
    make_boundary_safe();
    handler_.on_event(entry.position, event_);
  } else {
    handler_.on_unreadable(entry.position, entry.event, problem);
  }
  advance(entry.position, entry.event.size(), 1);
  return true;
}

// A sensor may be an attacker's: a body that holds the boundary would forge entries of the audit log.
void Conversation::make_boundary_safe() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  while (!is_boundary(event_.boundary) || event::occurs(event_.boundary, event_)) {
    event_.boundary.resize(8);
    std::uint32_t word = random_.u32();
    for (char& digit : event_.boundary) {
      digit = kDigits[word & 15];
      word >>= 4;
    }
  }
}

bool Conversation::on(const wire::Gap& gap) {
  if (gap.to > kLargestPosition || gap.from > gap.to) {
    return fault(wire::ErrorCode::Malformed, "a Gap to " + position_text(gap.to));
  }
  if (gap.to <= progress_.given) return true;
  handler_.on_gap(gap);
  advance(gap.to, 0, 0);
  return true;
}

bool Conversation::on(const wire::Skip& skip) {
  if (skip.to > kLargestPosition) {
    return fault(wire::ErrorCode::Malformed, "a Skip to " + position_text(skip.to));
  }
  if (skip.to > progress_.given) advance(skip.to, 0, 0);
  return true;
}

void Conversation::advance(wire::Position position, std::uint64_t bytes, std::uint64_t events) {
  progress_.given = position;
  bytes_ += bytes;
  events_ += events;
  moved_ = true;
}

bool Conversation::on(const wire::Goodbye& goodbye) {
  // Coming back would take the name away from whoever has it now, and so on for ever.
  if (goodbye.code == wire::GoodbyeCode::Replaced) {
    return finish("another subscriber took over the name '" + options_.durable_name + "'", true, 0);
  }
  std::string why = "the sensor ended the subscription (" + std::string(wire::name_of(goodbye.code)) + ")";
  if (!goodbye.sentence.empty()) why += ": " + goodbye.sentence;
  return finish(why, false, goodbye.retry_after_ms);
}

bool Conversation::on(const wire::Error& error) {
  using Code = wire::ErrorCode;
  const bool ours = error.code == Code::Version || error.code == Code::InvalidSubscription ||
                    error.code == Code::NotPermitted || error.code == Code::Malformed ||
                    error.code == Code::FrameTooLarge || error.code == Code::Unexpected;
  std::string why = "the sensor refused (" + std::string(wire::name_of(error.code)) + ")";
  if (!error.sentence.empty()) why += ": " + error.sentence;
  return finish(why, ours && error.retry_after_ms == 0, error.retry_after_ms);
}

bool Conversation::fault(wire::ErrorCode code, const std::string& sentence) {
  farewell_ = wire::Error{code, sentence, 0};
  return finish("the sensor broke the protocol: " + sentence, false, 0);
}

bool Conversation::finish(const std::string& why, bool hopeless, std::uint32_t retry_after_ms) {
  end_ = {why, hopeless, std::chrono::milliseconds(retry_after_ms)};
  return false;
}

// A quarter, so that the sensor can go on sending while things are made durable.
void Conversation::checkpoint(Clock::time_point now) {
  if (!waiting_) return;
  const bool full = (window_.bytes != 0 && bytes_ >= window_.bytes / 4) ||
                    (window_.events != 0 && events_ >= window_.events / 4);
  if (!full && now - since_ < options_.checkpoint_interval) return;
  checkpoint_now();
  since_ = now;
}

// The sensor has nothing more to say, and perhaps waits for us.
void Conversation::checkpoint_soon(Clock::time_point now) {
  if (!waiting_ || now - since_ < kShortestInterval) return;
  checkpoint_now();
  since_ = now;
}

void Conversation::checkpoint_now() {
  if (progress_.given > progress_.durable) {
    const wire::Position durable = handler_.on_checkpoint(progress_.given);
    progress_.durable = std::clamp(durable, progress_.durable, progress_.given);
  }
  bytes_ = events_ = 0;
  waiting_ = progress_.given > progress_.durable;
}

wire::Position Conversation::take_ack() {
  if (!welcomed_ || progress_.durable <= acknowledged_) return 0;
  return acknowledged_ = progress_.durable;
}

}  // namespace webtap::subscriber
