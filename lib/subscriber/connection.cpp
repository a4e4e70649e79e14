#include "webtap/subscriber/connection.h"

#include <asio/connect.hpp>
#include <asio/ssl/error.hpp>
#include <asio/write.hpp>

#include "webtap/tls/peer.h"
#include "webtap/wire/frame_codec.h"

namespace webtap::subscriber {
namespace {

constexpr std::chrono::milliseconds kTick{100};
// Later than this, it was us who were busy, not the sensor that was silent.
constexpr std::chrono::seconds kLateTick{1};
// For a farewell to be taken, and the sensor to close.
constexpr std::chrono::seconds kFarewell{2};

}  // namespace

Connection::Connection(asio::io_context& io, std::shared_ptr<asio::ssl::context> tls, const Options& options,
                       Progress& progress, Handler& handler)
    : io_(io),
      tls_(std::move(tls)),
      options_(options),
      progress_(progress),
      handler_(handler),
      conversation_(options, progress, handler),
      resolver_(io),
      stream_(io, *tls_),
      timer_(io) {}

std::string Connection::peer() const {
  const bool literal = options_.host.find(':') != std::string::npos;
  return (literal ? "[" + options_.host + "]" : options_.host) + ":" + std::to_string(options_.port);
}

void Connection::start() {
  ticked_ = heard_ = spoke_ = Clock::now();
  deadline_ = ticked_ + options_.setup_timeout;
  step_ = "cannot look up '" + options_.host + "'";
  tick();
  resolver_.async_resolve(options_.host, std::to_string(options_.port),
                          asio::ip::resolver_base::numeric_service,
                          [this](const std::error_code& error, const Resolved& endpoints) {
                            if (error) return fail(step_ + ": " + error.message());
                            connect(endpoints);
                          });
}

void Connection::connect(const Resolved& endpoints) {
  step_ = "cannot connect to " + peer();
  asio::async_connect(stream_.next_layer(), endpoints,
                      [this](const std::error_code& error, const asio::ip::tcp::endpoint&) {
                        if (error) return fail(step_ + ": " + error.message());
                        handshake();
                      });
}

void Connection::handshake() {
  step_ = "cannot subscribe to " + peer();
  std::error_code ignored;
  stream_.next_layer().set_option(asio::ip::tcp::no_delay(true), ignored);
  if (!tls::expect_server(stream_.native_handle(), options_.host)) {
    return fail("'" + options_.host + "' is neither a DNS name nor an IP address", true);
  }
  stream_.async_handshake(asio::ssl::stream_base::client, [this](const std::error_code& error) {
    if (error) return on_tls_problem(error);
    if (!tls::speaks_webtap(stream_.native_handle())) {
      return fail(step_ + ": it does not speak webtap/1", !progress_.welcomed);
    }
    subscribe();
  });
}

// Before any sensor was ever there, it is likely that a certificate or the address is wrong for good.
// Afterwards certificates are being renewed, perhaps.
void Connection::on_tls_problem(const std::error_code& error) {
  const std::string why = tls::handshake_problem(stream_.native_handle(), error);
  const bool tls_said_so = error.category() == asio::error::get_ssl_category();
  fail(step_ + ": " + why, tls_said_so && !progress_.welcomed);
}

void Connection::subscribe() {
  open_ = true;
  wire::encode_frame(conversation_.opening(), saying_);
  pump();
  read();
}

void Connection::read() {
  const std::span<char> room = frames_.room();
  stream_.async_read_some(asio::buffer(room.data(), room.size()),
                          [this](const std::error_code& error, std::size_t bytes) { on_read(error, bytes); });
}

void Connection::on_read(const std::error_code& error, std::size_t bytes) {
  if (error) {
    if (leaving_) return fail(end_.why, end_.hopeless);
    if (!conversation_.welcomed()) return on_tls_problem(error);
    return fail("the connection to " + peer() + " ended" +
                (error == asio::ssl::error::stream_truncated || error == asio::error::eof
                     ? std::string()
                     : ": " + error.message()));
  }
  // While leaving, what comes is read so that closing over it does not reset the connection, and lose what we
  // said last.
  if (!leaving_) {
    heard_ = Clock::now();
    frames_.committed(bytes);
    if (take_frames()) handler_.on_pause();
    pump();
  }
  read();
}

// False: the conversation is over.
bool Connection::take_frames() {
  ByteView payload;
  for (;;) {
    const bool was_welcomed = conversation_.welcomed();
    switch (frames_.next(payload)) {
      case wire::FrameReader::Next::More:
        return true;
      case wire::FrameReader::Next::Refused:
        end_ = {"the sensor broke the protocol: " + std::string(frames_.reason()), false, {}};
        leave(wire::Error{wire::ErrorCode::FrameTooLarge, std::string(frames_.reason()), 0});
        return false;
      case wire::FrameReader::Next::Whole:
        break;
    }
    const bool goes_on = conversation_.take(payload, Clock::now());
    if (!was_welcomed && conversation_.welcomed()) welcomed_at_ = Clock::now();
    if (!goes_on) {
      end_ = conversation_.end();
      leave(conversation_.farewell());
      return false;
    }
    // Acknowledged within a batch of reads, so that the sensor sends on.
    pump();
  }
}

// At most one write is under way, and what is said next is made when it ends: a sensor that does not read
// makes nothing grow.
void Connection::pump() {
  if (!open_ || writing_ || shut_) return;
  if (!leaving_) {
    if (const wire::Position position = conversation_.take_ack())
      wire::encode_frame(wire::Ack{position}, saying_);
  }
  written_.clear();
  written_.swap(saying_);
  if (written_.empty()) {
    if (!leaving_) return;
    shut_ = true;
    std::error_code ignored;
    stream_.next_layer().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    return;
  }
  writing_ = true;
  spoke_ = Clock::now();
  asio::async_write(stream_, asio::buffer(written_), [this](const std::error_code& error, std::size_t) {
    writing_ = false;
    spoke_ = Clock::now();
    if (error) {  // what the sensor said before is still to be read
      shut_ = true;
      return;
    }
    pump();
  });
}

void Connection::leave(const wire::Frame& farewell) {
  if (leaving_) return;
  if (!std::holds_alternative<wire::UnknownFrame>(farewell)) wire::encode_frame(farewell, saying_);
  leaving_ = true;
  deadline_ = Clock::now() + kFarewell;
  pump();
}

void Connection::stop() {
  if (leaving_) return;
  end_ = {"stopped", false, {}};
  if (!open_ || !conversation_.welcomed()) return fail(end_.why);
  conversation_.checkpoint_now();
  if (const wire::Position position = conversation_.take_ack())
    wire::encode_frame(wire::Ack{position}, saying_);
  leave(wire::Goodbye{wire::GoodbyeCode::Done, "the subscriber was stopped", 0});
}

void Connection::tick() {
  const Clock::time_point now = Clock::now();
  watch(now);
  ticked_ = now;
  timer_.expires_after(kTick);
  timer_.async_wait([this](const std::error_code& error) {
    if (!error) tick();
  });
}

void Connection::watch(Clock::time_point now) {
  if (now - ticked_ > kLateTick) heard_ = now;
  if (leaving_) {
    if (now > deadline_) fail(end_.why, end_.hopeless);
    return;
  }
  if (!conversation_.welcomed()) {
    if (now > deadline_) fail(step_ + ": it did not answer in time");
    return;
  }
  if (now - heard_ > conversation_.silence()) {
    return fail("nothing came from " + peer() + " for " + std::to_string(conversation_.silence().count()) +
                " s");
  }
  if (writing_ && now - spoke_ > conversation_.silence()) {
    return fail(peer() + " took nothing for " + std::to_string(conversation_.silence().count()) + " s");
  }
  conversation_.checkpoint(now);
  if (!writing_ && now - spoke_ >= conversation_.heartbeat()) {
    const auto time = std::chrono::floor<Duration>(std::chrono::system_clock::now());
    wire::encode_frame(wire::Heartbeat{0, time}, saying_);
  }
  pump();
}

// Ends the connection at once.
void Connection::fail(const std::string& why, bool hopeless) {
  end_ = {why, hopeless, end_.retry_after};
  std::error_code ignored;
  stream_.next_layer().close(ignored);
  io_.stop();
}

std::chrono::milliseconds Connection::lasted() const {
  if (welcomed_at_ == Clock::time_point()) return {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - welcomed_at_);
}

}  // namespace webtap::subscriber
