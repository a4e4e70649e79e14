#include "agent/server/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <asio/ip/v6_only.hpp>
#include <asio/post.hpp>
#include <utility>

#include "agent/server/server_impl.h"
#include "agent/server/tls_channel.h"

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

// Of a cursor's name, behind the durable name: a dash, and twelve digits for the identity.
constexpr std::size_t kCursorSuffix = 13;

}  // namespace

Server::Impl::Impl(Options options, spool::Spool& spool, Say say)
    : options_(std::move(options)),
      spool_(spool),
      notices_(std::move(say)),
      trust_(read_trust()),
      parcels_(spool, options_.limits, [this](const Selection& selection) { return sharers_of(selection); }),
      coverage_(spool.appended()) {
  counters_.validity = trust_.validity;
}

Server::Impl::Trust Server::Impl::read_trust() const {
  return {tls::server_context(options_.tls),
          options_.subscribers.empty() ? Subscribers() : Subscribers::from_file(options_.subscribers),
          tls::validity(options_.tls)};
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
  take_in(std::make_unique<TlsChannel>(std::move(socket), trust_.context));
  accept();
}

std::shared_ptr<Session> Server::Impl::take_in(std::unique_ptr<Channel> channel) {
  {
    const std::lock_guard lock(counters_mutex_);
    ++counters_.accepted;
  }
  make_room();
  auto session = std::make_shared<Session>(std::move(channel), options_.limits, *this);
  sessions_.insert(session);
  session->start();
  return session;
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
  {
    const std::lock_guard lock(counters_mutex_);
    counters_.validity = trust_.validity;
  }
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
  if (!session.channel().is_still_trusted(*trust_.context, problem)) {
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
    for (const auto& session : sessions) session->hurry();
  });
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
    counters_.unreadable = parcels_.unreadable();
    counters_.too_large = parcels_.too_large();
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
    // Its name was in use until now, though it may not have had anything to acknowledge for long.
    const std::string& cursor = session.admission()->cursor;
    if (!cursor.empty()) spool_.set_cursor(cursor, session.acknowledged());
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
