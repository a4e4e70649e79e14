#include "agent/server/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include "agent/server/notices.h"
#include "agent/server/parcels.h"
#include "agent/server/session.h"
#include "agent/server/subscribers.h"
#include "webtap/base/digest.h"

namespace webtap::server {
namespace {

using asio::ip::tcp;

// A thousand subscribers are more than the usual soft limit of descriptors allows.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

std::string text_of(const Options& options) {
  const bool v6 = options.address.find(':') != std::string::npos;
  return (v6 ? "[" + options.address + "]" : options.address) + ":" + std::to_string(options.port);
}

// A durable name belongs to an identity: two identities may use the same one.
std::string cursor_name(const std::string& durable_name, const std::string& identity) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto digest = sha256_prefix(identity);
  std::string name = durable_name + "-";
  for (std::size_t i = 0; i < 6; ++i) {
    name += kHex[digest[i] >> 4];
    name += kHex[digest[i] & 15];
  }
  return name;
}
constexpr std::size_t kCursorSuffix = 13;

std::uint64_t granted(std::uint64_t wanted, std::uint64_t usual, std::uint64_t largest) {
  return wanted == 0 ? usual : std::min(wanted, largest);
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

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
  };

  Trust read_trust() const;
  void accept();
  void on_accepted(const std::error_code& error, tcp::socket socket);
  void make_room();
  void tick();
  void wake_all();
  void apply(Trust trust);
  void review(Session& session);
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
  tcp::acceptor acceptor_{io_};
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

Server::Impl::Impl(Options options, spool::Spool& spool, Say say)
    : options_(std::move(options)),
      spool_(spool),
      notices_(std::move(say)),
      trust_(read_trust()),
      parcels_(spool, options_.limits),
      coverage_(spool.appended()) {}

Server::Impl::Trust Server::Impl::read_trust() const {
  return {tls::server_context(options_.tls),
          options_.subscribers.empty() ? Subscribers() : Subscribers::from_file(options_.subscribers)};
}

void Server::Impl::open() {
  raise_descriptor_limit();
  std::error_code error;
  const auto address = options_.address.empty() ? asio::ip::address(asio::ip::address_v6::any())
                                                : asio::ip::make_address(options_.address, error);
  const auto failed = [&](const std::error_code& why) {
    return ServerError("cannot listen on " + text_of(options_) + ": " + why.message());
  };
  if (error) throw ServerError("cannot listen on " + text_of(options_) + ": that is no IP address");
  const tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && options_.address.empty()) acceptor_.set_option(asio::ip::v6_only(false), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(1024, error);
  if (error) throw failed(error);
  port_ = acceptor_.local_endpoint().port();
  accept();
  tick();
  asio::post(io_, [this] { wake_all(); });
}

void Server::Impl::accept() {
  acceptor_.async_accept([this](const std::error_code& error, tcp::socket socket) {
    if (stopping_) return;
    on_accepted(error, std::move(socket));
  });
}

void Server::Impl::on_accepted(const std::error_code& error, tcp::socket socket) {
  if (error) {  // no descriptors, above all
    notices_.say("stream: cannot accept a connection: " + error.message());
    make_room();
    pause_.expires_after(std::chrono::milliseconds(100));
    pause_.async_wait([this](const std::error_code&) {
      if (!stopping_) accept();
    });
    return;
  }
  {
    const std::lock_guard lock(counters_mutex_);
    ++counters_.accepted;
  }
  make_room();
  auto session = std::make_shared<Session>(std::move(socket), trust_.context, options_.limits, *this);
  sessions_.insert(session);
  session->start();
  accept();
}

// Who has not subscribed yet gives way to who comes: the oldest of the address that has most of them, so that
// one address cannot keep others out.
void Server::Impl::make_room() {
  std::map<asio::ip::address, std::size_t> waiting;
  std::size_t all = 0;
  for (const auto& session : sessions_) {
    if (session->subscribed()) continue;
    ++waiting[session->peer().address()];
    ++all;
  }
  if (all < options_.limits.unauthenticated && sessions_.size() < options_.limits.sessions) return;
  if (all == 0) return;
  const auto most = std::ranges::max_element(waiting, {}, [](const auto& entry) { return entry.second; });
  std::shared_ptr<Session> oldest;
  for (const auto& session : sessions_) {
    if (session->subscribed() || session->peer().address() != most->first) continue;
    if (oldest == nullptr || session->accepted() < oldest->accepted()) oldest = session;
  }
  oldest->close("it gave way: too many connections have not subscribed yet");
}

void Server::Impl::tick() {
  const auto now = Session::Clock::now();
  const auto sessions = sessions_;  // some go
  for (const auto& session : sessions) session->tick(now);
  notices_.tick();
  if (stopping_) {
    dismiss();
    if (sessions_.empty()) return;
    if (now >= stop_by_ + options_.limits.goodbye) {
      end_all();
      return;
    }
  }
  ticks_.expires_after(stopping_ ? std::chrono::milliseconds(20) : std::chrono::milliseconds(1000));
  ticks_.async_wait([this](const std::error_code&) { tick(); });
}

void Server::Impl::end_all() {
  const auto sessions = sessions_;
  for (const auto& session : sessions) session->close("the sensor stops");
}

void Server::Impl::notify() {
  if (notified_.exchange(true)) return;
  asio::post(io_, [this] { wake_all(); });
}

// Armed before looking, so that nothing that comes meanwhile is missed.
void Server::Impl::wake_all() {
  if (stopping_) return;
  notified_ = false;
  if (!spool_.arm(spool_.appended(), spool_.synced())) notify();
  for (const auto& session : sessions_) session->wake();  // none goes by this
}

void Server::Impl::reload() {
  asio::post(io_, [this] {
    try {
      apply(read_trust());
    } catch (const std::exception& error) {
      notices_.say(std::string("stream: certificates and subscribers stay as they were: ") + error.what());
    }
  });
}

void Server::Impl::apply(Trust trust) {
  trust_ = std::move(trust);
  notices_.say("stream: certificates and subscribers were read anew");
  const auto sessions = sessions_;
  for (const auto& session : sessions) {
    if (session->subscribed() && !session->ending()) review(*session);
  }
}

// What a session was granted must still hold.
void Server::Impl::review(Session& session) {
  std::string problem;
  const auto grant = trust_.subscribers.grant(session.identity());
  const Selection& now = *session.admission()->selection;
  if (!tls::is_still_trusted(session.native(), *trust_.context, problem)) {
    session.leave({wire::GoodbyeCode::Revoked, "the certificate does not hold any more: " + problem, 0});
  } else if (!grant || grant->identity != session.admission()->grant.identity ||
             (now.bodies && !grant->bodies)) {
    session.leave({wire::GoodbyeCode::Revoked, "the permission does not hold any more", 0});
  } else {
    Selection selection = now;
    selection.hosts = grant->hosts;
    selection.masked_fields = grant->masked_fields;
    if (now.is_everything() && !selection.is_everything()) coverage_.remove(&session);
    session.regrant(*grant, parcels_.shared(std::move(selection)));
  }
}

void Server::Impl::hurry() {
  asio::post(io_, [this] {
    const auto sessions = sessions_;
    for (const auto& session : sessions) {
      session->wake();
      session->tell_skipped();
    }
  });
}

std::optional<wire::Error> Server::Impl::admit(Session& session, const wire::Subscribe& wanted,
                                               Admission& admission) {
  using wire::ErrorCode;
  if (stopping_) return wire::Error{ErrorCode::Internal, "the sensor is stopping", 1000};
  if (wanted.protocol_version == 0) return wire::Error{ErrorCode::Version, "this sensor speaks version 1", 0};
  const auto grant = trust_.subscribers.grant(session.identity());
  if (!grant) {
    return wire::Error{ErrorCode::NotPermitted,
                       "the subscribers' table does not name " + joined(names_of(session.identity())), 0};
  }
  if (wanted.bodies && !grant->bodies) {
    return wire::Error{ErrorCode::NotPermitted,
                       "bodies were asked for, and " + grant->identity + " may not have them", 0};
  }
  admission.grant = *grant;
  if (!wanted.durable_name.empty()) admission.cursor = cursor_name(wanted.durable_name, grant->identity);
  if (auto error = check_connections(session, admission)) return error;
  Selection selection;
  selection.filter = wanted.filter;
  selection.hosts = grant->hosts;
  selection.bodies = wanted.bodies;
  selection.masked_fields = grant->masked_fields;
  const bool zstd =
      std::ranges::find(wanted.compressions, wire::Compression::Zstd) != wanted.compressions.end();
  selection.compression = zstd ? wire::Compression::Zstd : wire::Compression::None;
  admission.selection = parcels_.shared(std::move(selection));
  admission.welcome = welcome(wanted, admission);
  if (begins_at_a_time(wanted, admission.cursor)) {
    Selection at_first = *admission.selection;
    at_first.since = wanted.start.time;
    admission.then = std::exchange(admission.selection, parcels_.shared(std::move(at_first)));
  }
  if (!admission.cursor.empty()) {
    const auto answer = spool_.set_cursor(admission.cursor, admission.welcome.start_position - 1);
    if (answer != spool::CursorTable::Answer::Done) {
      return wire::Error{ErrorCode::InvalidSubscription, "the sensor cannot remember further durable names",
                         0};
    }
  }
  const std::lock_guard lock(counters_mutex_);
  ++counters_.subscribed;
  ++counters_.open;
  return std::nullopt;
}

// A durable name that subscribes anew replaces its old connection, which may be dead without knowing.
std::optional<wire::Error> Server::Impl::check_connections(Session& session, const Admission& admission) {
  const auto sessions = sessions_;
  for (const auto& other : sessions) {
    if (other.get() == &session || !other->subscribed() || other->ending() || admission.cursor.empty())
      continue;
    if (other->admission()->cursor == admission.cursor) {
      other->leave({wire::GoodbyeCode::Replaced, "the same durable name subscribed anew", 0});
    }
  }
  if (connections_of(admission.grant.identity) < admission.grant.connections) return std::nullopt;
  return wire::Error{wire::ErrorCode::TooManyConnections,
                     admission.grant.identity + " has " + std::to_string(admission.grant.connections) +
                         " connections already, and may have no more",
                     10'000};
}

std::size_t Server::Impl::connections_of(const std::string& identity) const {
  return static_cast<std::size_t>(std::ranges::count_if(sessions_, [&](const auto& session) {
    return session->subscribed() && !session->ending() && session->admission()->grant.identity == identity;
  }));
}

wire::Welcome Server::Impl::welcome(const wire::Subscribe& wanted, const Admission& admission) const {
  const Limits& limits = options_.limits;
  wire::Welcome welcome;
  welcome.protocol_version = std::min(wanted.protocol_version, wire::kProtocolVersion);
  welcome.sensor_name = options_.sensor_name;
  welcome.sensor_uuid = spool_.sensor();
  welcome.software = options_.software;
  welcome.boot_epoch = spool_.epoch();
  welcome.first_position = std::min(spool_.first(), next_position());
  welcome.next_position = next_position();
  welcome.start_position = start_of(wanted, admission.cursor);
  welcome.permissions = {admission.grant.hosts, admission.selection->bodies};
  welcome.compression = admission.selection->compression;
  welcome.window.bytes =
      granted(wanted.window.bytes, limits.default_window_bytes, limits.largest_window_bytes);
  welcome.window.events =
      granted(wanted.window.events, limits.default_window_events, limits.largest_window_events);
  welcome.heartbeat_seconds = static_cast<std::uint32_t>(limits.heartbeat.count());
  welcome.silence_seconds = static_cast<std::uint32_t>(limits.silence.count());
  return welcome;
}

bool Server::Impl::begins_at_a_time(const wire::Subscribe& wanted, const std::string& cursor) const {
  const bool resumes = wanted.resume.position != 0 && wanted.resume.sensor_uuid == spool_.sensor();
  const bool known = !cursor.empty() && spool_.cursor(cursor).has_value();
  return wanted.start.at == wire::Start::At::Timed && !resumes && !known;
}

wire::Position Server::Impl::start_of(const wire::Subscribe& wanted, const std::string& cursor) const {
  const wire::Position next = next_position();
  const wire::Position first = std::min(spool_.first(), next);
  if (wanted.resume.position != 0 && wanted.resume.sensor_uuid == spool_.sensor()) {
    return std::min(wanted.resume.position, next);
  }
  if (!cursor.empty()) {
    if (const auto known = spool_.cursor(cursor)) return std::min(known->acknowledged + 1, next);
  }
  switch (wanted.start.at) {
    case wire::Start::At::Earliest:
    case wire::Start::At::Timed:
      return first;
    case wire::Start::At::Numbered:
      return std::clamp(wanted.start.position, first, next);
    case wire::Start::At::Latest:
      break;
  }
  return next;
}

void Server::Impl::on_subscribed(const Session& session) {
  const wire::Welcome& welcome = session.admission()->welcome;
  if (session.admission()->selection->is_everything()) coverage_.add(&session, welcome.start_position);
  notices_.say("stream: " + session.description() + " subscribed from position " +
               std::to_string(welcome.start_position) + " of " + std::to_string(welcome.next_position - 1));
}

SharedParcel Server::Impl::next(const std::shared_ptr<const Selection>& selection, wire::Position from) {
  SharedParcel parcel = parcels_.next(selection, from);
  if (parcel != nullptr) {
    const std::lock_guard lock(counters_mutex_);
    counters_.events += parcel->events;
    counters_.bytes += parcel->frames.size();
    counters_.gaps += parcel->gap ? 1 : 0;
  }
  return parcel;
}

void Server::Impl::on_acknowledged(const Session& session, wire::Position position) {
  const Admission& admission = *session.admission();
  if (!admission.cursor.empty()) spool_.set_cursor(admission.cursor, position);
  coverage_.acknowledge(&session, position);
}

void Server::Impl::on_closed(Session& session, const std::string& why) {
  notices_.say("stream: " + session.description() + (session.subscribed() ? " left: " : " was refused: ") +
               why);
  if (session.subscribed()) {
    const std::lock_guard lock(counters_mutex_);
    --counters_.open;
  } else {
    count_refusal(why);
  }
  coverage_.remove(&session);
  sessions_.erase(session.shared_from_this());
}

// Counted by what stands before the first colon: a fixed set.
void Server::Impl::count_refusal(const std::string& reason) {
  const std::lock_guard lock(counters_mutex_);
  ++counters_.refused[reason.substr(0, reason.find(':'))];
}

Counters Server::Impl::counters() const {
  const std::lock_guard lock(counters_mutex_);
  return counters_;
}

bool Server::Impl::have_acknowledged(const std::vector<std::string>& names, spool::Position position) const {
  const spool::Cursors cursors = spool_.cursors();
  return std::ranges::all_of(names, [&](const std::string& name) {
    return std::ranges::any_of(cursors, [&](const auto& entry) {
      return entry.first.size() == name.size() + kCursorSuffix && entry.first.starts_with(name + "-") &&
             entry.second.acknowledged >= position;
    });
  });
}

void Server::Impl::stop() {
  if (!thread_.joinable()) return;
  asio::post(io_, [this] {
    stopping_ = true;
    stop_by_ = Session::Clock::now() + options_.limits.drain;
    std::error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    ticks_.cancel();  // calls tick()
  });
  thread_.join();
}

// Who has been sent everything leaves; who does not take it in time leaves too.
void Server::Impl::dismiss() {
  const bool late = Session::Clock::now() >= stop_by_;
  const auto sessions = sessions_;
  for (const auto& session : sessions) {
    session->wake();
    session->tell_skipped();
    if (late || !session->subscribed() || session->has_sent_everything()) {
      session->leave({wire::GoodbyeCode::Shutdown, "the sensor stops", 0});
    }
  }
}

Server::Server(Options options, spool::Spool& spool, Say say)
    : impl_(std::make_unique<Impl>(std::move(options), spool, std::move(say))) {
  impl_->open();
  impl_->run();
}

Server::~Server() { stop(); }

std::uint16_t Server::port() const { return impl_->port(); }
void Server::notify() { impl_->notify(); }
void Server::reload() { impl_->reload(); }
void Server::hurry() { impl_->hurry(); }
Coverage& Server::coverage() { return impl_->coverage(); }
Counters Server::counters() const { return impl_->counters(); }
bool Server::have_acknowledged(const std::vector<std::string>& names, spool::Position position) const {
  return impl_->have_acknowledged(names, position);
}
void Server::stop() { impl_->stop(); }

}  // namespace webtap::server
