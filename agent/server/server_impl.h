// The server's inside: the sessions, who is let in, and what is shared by them. All but what server.h says
// otherwise happens on the server's thread.
#pragma once

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "agent/server/notices.h"
#include "agent/server/parcels.h"
#include "agent/server/server.h"
#include "agent/server/session.h"
#include "agent/server/subscribers.h"

namespace webtap::server {

class Server::Impl final : public SessionOwner {
 public:
  Impl(Options options, spool::Spool& spool, Say say);

  void open();
  void run() {
    thread_ = std::thread([this] { io_.run(); });
  }
  std::uint16_t port() const { return port_; }
  void notify();
  void reload();
  void hurry();
  Counters counters() const;
  bool have_acknowledged(const std::vector<std::string>& names, spool::Position position) const;
  Coverage& coverage() { return coverage_; }
  void stop();

  // A connection that was accepted; open() makes them of sockets.
  std::shared_ptr<Session> take_in(std::unique_ptr<Channel> channel);

  std::optional<wire::Error> admit(Session& session, const wire::Subscribe& wanted,
                                   Admission& admission) override;
  void on_subscribed(const Session& session) override;
  SharedParcel next(const std::shared_ptr<const Selection>& selection, wire::Position from) override;
  wire::Position next_position() const override { return spool_.appended() + 1; }
  void on_acknowledged(const Session& session, wire::Position position) override;
  void on_closed(Session& session, const std::string& why) override;

 private:
  struct Trust {
    std::shared_ptr<asio::ssl::context> context;
    Subscribers subscribers;
    tls::Validity validity;
  };

  Trust read_trust() const;
  void accept();
  void on_accepted(const std::error_code& error, asio::ip::tcp::socket socket);
  void make_room();
  void tick();
  void wake_all();
  void apply(Trust trust);
  void review(Session& session);
  std::optional<wire::Error> check_name(const Admission& admission) const;
  wire::Compression compression_of(const wire::Subscribe& wanted) const;
  std::size_t sharers_of(const Selection& selection) const;
  std::optional<wire::Error> check_connections(Session& session, const Admission& admission);
  std::size_t connections_of(const std::string& identity) const;
  wire::Position start_of(const wire::Subscribe& wanted, const std::string& cursor) const;
  bool begins_at_a_time(const wire::Subscribe& wanted, const std::string& cursor) const;
  wire::Welcome welcome(const wire::Subscribe& wanted, const Admission& admission) const;
  void count_refusal(const std::string& reason);
  void dismiss();
  void end_all();

  const Options options_;
  spool::Spool& spool_;
  Notices notices_;
  Trust trust_;
  Parcels parcels_;

  asio::io_context io_{1};
  asio::ip::tcp::acceptor acceptor_{io_};
  asio::steady_timer ticks_{io_};
  asio::steady_timer pause_{io_};  // of accepting, when descriptors run out
  std::uint16_t port_ = 0;
  std::set<std::shared_ptr<Session>> sessions_;
  bool stopping_ = false;
  Session::Clock::time_point stop_by_{};

  std::atomic<bool> notified_ = false;
  Coverage coverage_;
  mutable std::mutex counters_mutex_;
  Counters counters_;
  std::thread thread_;
};

}  // namespace webtap::server
