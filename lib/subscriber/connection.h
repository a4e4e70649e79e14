// One connection to a sensor, from looking up its name to the end. All calls come from the thread of the
// io_context, which stops when the connection has ended.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "webtap/subscriber/conversation.h"
#include "webtap/wire/frame_reader.h"

namespace webtap::subscriber {

class Connection {
 public:
  Connection(asio::io_context& io, std::shared_ptr<asio::ssl::context> tls, const Options& options,
             Progress& progress, Handler& handler);

  void start();
  // Everything given out is made durable and acknowledged, and the sensor is told goodbye.
  void stop();

  const End& end() const { return end_; }
  // For how long there was a subscription.
  std::chrono::milliseconds lasted() const;
  Conversation& conversation() { return conversation_; }

 private:
  using Clock = Conversation::Clock;
  using Resolved = asio::ip::tcp::resolver::results_type;

  void connect(const Resolved& endpoints);
  void handshake();
  void subscribe();
  void read();
  void on_read(const std::error_code& error, std::size_t bytes);
  bool take_frames();
  void pump();
  void leave(const wire::Frame& farewell);
  void tick();
  void watch(Clock::time_point now);
  void fail(const std::string& why, bool hopeless = false);
  void on_tls_problem(const std::error_code& error);
  std::string peer() const;

  asio::io_context& io_;
  const std::shared_ptr<asio::ssl::context> tls_;
  const Options& options_;
  const Progress& progress_;
  Handler& handler_;
  Conversation conversation_;
  asio::ip::tcp::resolver resolver_;
  asio::ssl::stream<asio::ip::tcp::socket> stream_;
  asio::steady_timer timer_;
  wire::FrameReader frames_;
  std::string step_;     // what is going on before the sensor's Welcome
  std::string saying_;   // frames to be written next
  std::string written_;  // frames on their way
  bool open_ = false;    // the handshake is done
  bool writing_ = false;
  bool leaving_ = false;  // nothing more is taken or said
  bool shut_ = false;
  Clock::time_point deadline_;  // of the setting up, and of leaving
  Clock::time_point heard_;
  Clock::time_point spoke_;
  Clock::time_point ticked_;
  Clock::time_point welcomed_at_;
  End end_;
};

}  // namespace webtap::subscriber
