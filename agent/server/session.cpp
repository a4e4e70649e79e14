#include "agent/server/session.h"

#include <utility>
#include <variant>

#include "webtap/wire/frame_codec.h"

namespace webtap::server {

Session::Session(std::unique_ptr<Channel> channel, const Limits& limits, SessionOwner& owner)
    : channel_(std::move(channel)), limits_(limits), owner_(owner) {}

void Session::start() {
  accepted_ = heard_ = spoke_ = Clock::now();
  deadline_ = heard_ + limits_.first_frame;
  channel_->handshake(
      [self = shared_from_this()](const std::error_code& error, std::size_t) { self->on_handshake(error); });
}

void Session::on_handshake(const std::error_code& error) {
  if (state_ != State::Handshaking) return;
  if (error) {
    // The alert is on its way: give it time before the connection is reset over unread bytes.
    why_ = "no handshake: " + channel_->handshake_problem(error);
    linger();
    return;
  }
  identity_ = channel_->identity();
  state_ = State::Subscribing;
  read();
}

void Session::read() {
  channel_->read(frames_.room(),
                 [self = shared_from_this()](const std::error_code& error, std::size_t bytes) {
                   self->on_read(error, bytes);
                 });
}

void Session::on_read(const std::error_code& error, std::size_t bytes) {
  if (state_ == State::Closed) return;
  if (state_ == State::Ending) {
    // That the peer closes is told to one reader alone: to this one, where it was there before drain().
    peer_closed_ = peer_closed_ || error;
    if (error && lingering_) close(why_);
    return;
  }
  if (error) {
    close("the connection ended: " + error.message());
    return;
  }
  heard_ = Clock::now();
  frames_.committed(bytes);
  ByteView payload;
  for (;;) {
    const auto next = frames_.next(payload);
    if (next == wire::FrameReader::Next::More) break;
    if (next == wire::FrameReader::Next::Refused) {
      fault(wire::ErrorCode::FrameTooLarge, std::string(frames_.reason()));
      return;
    }
    if (!take(payload)) return;
  }
  read();
}

// False: the session ends.
bool Session::take(ByteView payload) {
  wire::Frame frame;
  std::string problem;
  if (!wire::decode_frame(payload, frame, problem)) {
    const bool subscribing = state_ == State::Subscribing && std::holds_alternative<wire::Subscribe>(frame);
    fault(subscribing ? wire::ErrorCode::InvalidSubscription : wire::ErrorCode::Malformed, problem);
  } else if (const auto* wanted = std::get_if<wire::Subscribe>(&frame); wanted != nullptr && !admission_) {
    take_subscribe(*wanted);
  } else if (state_ == State::Subscribing) {
    fault(wire::ErrorCode::Unexpected, "the first frame must be a Subscribe");
  } else if (const auto* ack = std::get_if<wire::Ack>(&frame)) {
    return take_ack(ack->position);
  } else if (const auto* goodbye = std::get_if<wire::Goodbye>(&frame)) {
    end("the subscriber said goodbye: " + std::string(wire::name_of(goodbye->code)));
  } else if (const auto* error = std::get_if<wire::Error>(&frame)) {
    end("the subscriber gave up: " + error->sentence);
  } else if (!std::holds_alternative<wire::Heartbeat>(frame) &&
             !std::holds_alternative<wire::UnknownFrame>(frame)) {
    fault(wire::ErrorCode::Unexpected, "a frame that only a sensor sends, or a second Subscribe");
  }
  return !ending();
}

void Session::take_subscribe(const wire::Subscribe& wanted) {
  Admission admission;
  if (const auto error = owner_.admit(*this, wanted, admission)) {
    refuse(*error);
    return;
  }
  admission_ = std::move(admission);
  state_ = State::Streaming;
  frames_.set_limits(wire::kSubscriberFrameLimits);
  position_ = admission_->welcome.start_position;
  told_ = acknowledged_ = position_ - 1;
  owner_.on_subscribed(*this);
  say(admission_->welcome);
}

bool Session::take_ack(wire::Position position) {
  if (position > told_ || position < acknowledged_) {
    fault(wire::ErrorCode::InvalidAck,
          "position " + std::to_string(position) + " was acknowledged, " +
              (position > told_ ? "which was not sent" : "which is less than before"));
    return false;
  }
  acknowledged_ = position;
  while (!unacknowledged_.empty() && unacknowledged_.front().to <= position) {
    ahead_events_ -= unacknowledged_.front().events;
    ahead_bytes_ -= unacknowledged_.front().bytes;
    unacknowledged_.pop_front();
  }
  owner_.on_acknowledged(*this, position);
  pump();
  return true;
}

void Session::tick(Clock::time_point now) {
  if (state_ == State::Closed) return;
  if (state_ != State::Streaming) {
    if (now < deadline_) return;
    const bool said_nothing = state_ != State::Ending;
    close(said_nothing ? "it did not subscribe within " + std::to_string(limits_.first_frame.count()) + " s"
                       : why_);
    return;
  }
  if (now - heard_ > limits_.silence) {
    fault(wire::ErrorCode::TimedOut, "nothing came for " + std::to_string(limits_.silence.count()) + " s");
  } else if (writing_ && now - spoke_ > limits_.send_stall) {
    close("it took nothing for " + std::to_string(limits_.send_stall.count()) + " s");
  } else {
    tell_skipped();
    if (!writing_ && now - spoke_ >= limits_.heartbeat) say_heartbeat();
    pump();
  }
}

void Session::tell_skipped() {
  if (state_ != State::Streaming || position_ <= told_ + 1) return;
  told_ = position_ - 1;
  say(wire::Skip{told_});
}

void Session::say_heartbeat() {
  const auto time = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  say(wire::Heartbeat{owner_.next_position(), time});
}

void Session::hurry() {
  wake();
  tell_skipped();
  if (state_ == State::Streaming && acknowledged_ < told_ && has_sent_everything()) say_heartbeat();
}

void Session::leave(const wire::Goodbye& goodbye) {
  if (ending()) return;
  if (state_ == State::Handshaking) {
    close(goodbye.sentence);
    return;
  }
  wire::encode_frame(goodbye, pending_);
  end(goodbye.sentence);
}

void Session::refuse(const wire::Error& error) {
  if (ending()) return;
  wire::encode_frame(error, pending_);
  end(std::string(wire::name_of(error.code)) + ": " + error.sentence);
}

void Session::fault(wire::ErrorCode code, const std::string& sentence) { refuse({code, sentence, 0}); }

// What is pending is still sent.
void Session::end(const std::string& why) {
  if (ending()) return;
  state_ = State::Ending;
  why_ = why;
  waiting_.reset();
  deadline_ = Clock::now() + limits_.goodbye;
  pump();
}

// Says that nothing more comes, and waits for the peer to close, so that it reads what was sent: closing over
// unread bytes would reset the connection.
void Session::linger() {
  if (state_ != State::Ending) deadline_ = Clock::now() + limits_.goodbye;
  state_ = State::Ending;
  if (std::exchange(lingering_, true)) return;  // each event that is appended comes here
  channel_->shutdown_send();
  if (peer_closed_) {
    close(why_);
  } else {
    drain();
  }
}

void Session::drain() {
  channel_->pass_over([self = shared_from_this()](const std::error_code& error, std::size_t) {
    if (self->state_ == State::Closed) return;
    if (error || Clock::now() >= self->deadline_) {
      self->close(self->why_);
    } else {
      self->drain();
    }
  });
}

void Session::close(const std::string& why) {
  if (state_ == State::Closed) return;
  state_ = State::Closed;
  const auto self = shared_from_this();  // the owner lets go
  channel_->close();
  waiting_.reset();
  owner_.on_closed(*this, why);
}

void Session::regrant(const Grant& grant, const std::shared_ptr<const Selection>& selection) {
  admission_->grant = grant;
  admission_->selection = selection;
  admission_->then.reset();
  waiting_.reset();
}

std::string Session::description() const {
  std::string text = peer().address().to_string() + " port " + std::to_string(peer().port());
  if (admission_) text += " (" + admission_->grant.identity + ")";
  return text;
}

void Session::say(const wire::Frame& frame) {
  if (ending()) return;
  wire::encode_frame(frame, pending_);
  pump();
}

void Session::pump() {
  if (writing_ || state_ == State::Closed || state_ == State::Handshaking) return;
  writing_text_.clear();
  writing_text_.swap(pending_);
  writing_parcel_ = state_ == State::Streaming ? take_parcel() : nullptr;
  if (!writing_text_.empty() || writing_parcel_ != nullptr) {
    write();
  } else if (state_ == State::Ending) {
    linger();
  }
}

SharedParcel Session::take_parcel() {
  SharedParcel parcel =
      waiting_ != nullptr ? std::move(waiting_) : owner_.next(admission_->selection, position_);
  waiting_.reset();
  if (parcel == nullptr) return nullptr;
  if (parcel->frames.empty()) {  // nothing of it passes: a turn for the others before the next look
    position_ = parcel->to + 1;
    if (!waking_) {
      waking_ = true;
      channel_->post([self = shared_from_this()] {
        self->waking_ = false;
        self->pump();
      });
    }
    return nullptr;
  }
  if (!fits(*parcel) || !may_go(*parcel)) {
    waiting_ = std::move(parcel);
    return nullptr;
  }
  position_ = parcel->to + 1;
  told_ = parcel->told;
  if (admission_->then != nullptr && parcel->events != 0) admission_->selection = std::move(admission_->then);
  if (parcel->gap) gap_told_ = Clock::now();
  ahead_events_ += parcel->window_events();
  ahead_bytes_ += parcel->bytes;
  unacknowledged_.push_back({parcel->told, parcel->window_events(), parcel->bytes});
  return parcel;
}

bool Session::fits(const Parcel& parcel) const {
  const wire::Window& window = admission_->welcome.window;
  return unacknowledged_.empty() || (ahead_events_ + parcel.window_events() <= window.events &&
                                     ahead_bytes_ + parcel.bytes <= window.bytes);
}

// Gaps that follow each other closely wait, with what comes behind them, so that the next one says more at
// once: nobody's log is flooded, and everything stays in order.
bool Session::may_go(const Parcel& parcel) const {
  return !parcel.gap || !gap_told_ || Clock::now() - *gap_told_ >= limits_.gap_interval;
}

void Session::write() {
  writing_ = true;
  const ByteView parcel = writing_parcel_ != nullptr ? ByteView(writing_parcel_->frames) : ByteView();
  channel_->write(
      writing_text_, parcel,
      [self = shared_from_this()](const std::error_code& error, std::size_t) { self->on_written(error); });
}

void Session::on_written(const std::error_code& error) {
  writing_ = false;
  writing_parcel_.reset();
  spoke_ = Clock::now();
  if (state_ == State::Closed) return;
  if (error) {
    close(state_ == State::Ending ? why_ : "the connection ended: " + error.message());
    return;
  }
  pump();
}

}  // namespace webtap::server
