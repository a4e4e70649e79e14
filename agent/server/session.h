// One subscriber's connection, from accept to close. All calls come from the server's thread.
//
// A session is made to handshake, then to read one Subscribe, then it streams: parcels as far as the window
// reaches, while acknowledgments and heartbeats come in. It ends with an Error or a Goodbye, a few seconds to
// take it, and on_closed().
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "agent/server/channel.h"
#include "agent/server/limits.h"
#include "agent/server/parcel.h"
#include "agent/server/selection.h"
#include "agent/server/subscribers.h"
#include "webtap/wire/frame.h"
#include "webtap/wire/frame_reader.h"

namespace webtap::server {

class Session;

// What a subscriber was granted.
struct Admission {
  Grant grant;
  std::string cursor;  // the durable name as the spool knows it; empty: nothing is remembered
  std::shared_ptr<const Selection> selection;
  std::shared_ptr<const Selection> then;  // instead, once the first event was sent; null: no other
  wire::Welcome welcome;
};

class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  // Says what the subscriber gets, or why nothing.
  virtual std::optional<wire::Error> admit(Session& session, const wire::Subscribe& wanted,
                                           Admission& admission) = 0;
  virtual void on_subscribed(const Session& session) = 0;
  virtual SharedParcel next(const std::shared_ptr<const Selection>& selection, wire::Position from) = 0;
  virtual wire::Position next_position() const = 0;
  virtual void on_acknowledged(const Session& session, wire::Position position) = 0;
  // The last call for a session. `why` is for the log.
  virtual void on_closed(Session& session, const std::string& why) = 0;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  using Clock = std::chrono::steady_clock;

  Session(std::unique_ptr<Channel> channel, const Limits& limits, SessionOwner& owner);

  void start();
  // Something was appended to the spool.
  void wake() { pump(); }
  // Once a second: time-outs, heartbeats, what was passed over.
  void tick(Clock::time_point now);
  // Says at once what was passed over, not only with the next tick.
  void tell_skipped();
  // The same, and asks for the acknowledgment of what was sent: the sensor wants to end.
  void hurry();
  void leave(const wire::Goodbye& goodbye);
  void refuse(const wire::Error& error);
  void close(const std::string& why);
  // What it was granted has changed, in force from the next parcel on.
  void regrant(const Grant& grant, const std::shared_ptr<const Selection>& selection);

  bool subscribed() const { return admission_.has_value(); }
  // Nothing is waiting to be sent.
  bool has_sent_everything() const {
    return !writing_ && waiting_ == nullptr && position_ > owner_.next_position() - 1;
  }
  bool ending() const { return state_ == State::Ending || state_ == State::Closed; }
  const Admission* admission() const { return admission_ ? &*admission_ : nullptr; }
  const tls::PeerIdentity& identity() const { return identity_; }
  const asio::ip::tcp::endpoint& peer() const { return channel_->peer(); }
  // The peer is on this machine.
  bool is_local() const { return channel_->is_local(); }
  // Who it is, for the log: address, and the name of the grant once there is one.
  std::string description() const;
  const Channel& channel() const { return *channel_; }
  wire::Position acknowledged() const { return acknowledged_; }
  Clock::time_point accepted() const { return accepted_; }

 private:
  enum class State : std::uint8_t { Handshaking, Subscribing, Streaming, Ending, Closed };
  struct Sent {
    wire::Position to;
    std::uint64_t events;
    std::uint64_t bytes;
  };

  void on_handshake(const std::error_code& error);
  void read();
  void on_read(const std::error_code& error, std::size_t bytes);
  bool take(ByteView payload);
  void take_subscribe(const wire::Subscribe& wanted);
  bool take_ack(wire::Position position);
  void fault(wire::ErrorCode code, const std::string& sentence);

  void say(const wire::Frame& frame);
  void say_heartbeat();
  void pump();
  SharedParcel take_parcel();
  bool may_go(const Parcel& parcel) const;
  bool fits(const Parcel& parcel) const;
  void write();
  void on_written(const std::error_code& error);
  void end(const std::string& why);
  void linger();
  void drain();

  const std::unique_ptr<Channel> channel_;
  const Limits& limits_;
  SessionOwner& owner_;
  tls::PeerIdentity identity_;
  State state_ = State::Handshaking;
  std::string why_;  // it ends
  Clock::time_point accepted_;
  Clock::time_point deadline_;  // of what is going on before the stream, and behind it
  Clock::time_point heard_;     // something came
  Clock::time_point spoke_;     // something went

  wire::FrameReader frames_{wire::kFirstFrameLimits};
  std::optional<Admission> admission_;

  wire::Position position_ = 0;  // the next that is looked at
  wire::Position told_ = 0;      // what the subscriber was told of
  wire::Position acknowledged_ = 0;
  std::deque<Sent> unacknowledged_;
  std::uint64_t ahead_events_ = 0;
  std::uint64_t ahead_bytes_ = 0;
  SharedParcel waiting_;  // for the window, or because a gap was told just now
  std::optional<Clock::time_point> gap_told_;

  std::string pending_;  // small frames
  std::string writing_text_;
  SharedParcel writing_parcel_;
  bool writing_ = false;
  bool lingering_ = false;
  bool peer_closed_ = false;  // while it was ending
  bool waking_ = false;       // a turn of its own was asked for
};

}  // namespace webtap::server
