#include "webtap/subscriber/subscriber.h"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "webtap/subscriber/backoff.h"
#include "webtap/subscriber/connection.h"

namespace webtap::subscriber {
namespace {

// A connection that lasted so long, or brought something, was a good one.
constexpr std::chrono::seconds kGoodConnection{5};

}  // namespace

class Subscriber::Impl {
 public:
  Impl(Options options, Handler& handler)
      : options_(std::move(options)),
        handler_(handler),
        tls_(tls::client_context(options_.tls)),
        backoff_(options_.shortest_retry, options_.longest_retry) {
    if (options_.resume.position == 0) return;
    progress_.known = true;
    progress_.sensor_uuid = options_.resume.sensor_uuid;
    progress_.given = progress_.durable = options_.resume.position - 1;
  }

  void run() {
    while (!stopped()) {
      const std::optional<End> end = connect_once();
      if (!end) return;
      if (end->hopeless) throw Refused(end->why);
      const std::chrono::milliseconds delay =
          end->retry_after.count() != 0 ? backoff_.after(end->retry_after) : backoff_.next();
      handler_.on_disconnected(end->why, delay);
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, delay, [this] { return stopped_; });
    }
  }

  void stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
    if (connection_ != nullptr) asio::post(*io_, [connection = connection_] { connection->stop(); });
  }

 private:
  // Holds for as long as a connection can be stopped.
  class Stoppable {
   public:
    Stoppable(Impl& impl, asio::io_context& io, Connection& connection) : impl_(impl) {
      const std::lock_guard lock(impl_.mutex_);
      impl_.io_ = &io;
      impl_.connection_ = &connection;
    }
    ~Stoppable() {
      const std::lock_guard lock(impl_.mutex_);
      impl_.connection_ = nullptr;
    }
    Stoppable(const Stoppable&) = delete;
    Stoppable& operator=(const Stoppable&) = delete;

   private:
    Impl& impl_;
  };

  // Nothing where it was stopped.
  std::optional<End> connect_once() {
    renew_certificates();
    asio::io_context io(1);
    Connection connection(io, tls_, options_, progress_, handler_);
    {
      const Stoppable stoppable(*this, io, connection);
      if (stopped()) return std::nullopt;
      connection.start();
      io.run();
    }
    // Before a new connection says where it goes on, that is made true.
    connection.conversation().checkpoint_now();
    if (stopped()) return std::nullopt;
    if (connection.conversation().moved() || connection.lasted() >= kGoodConnection) backoff_.reset();
    return connection.end();
  }

  // Where the files are being replaced, the ones read before serve.
  void renew_certificates() {
    try {
      if (std::exchange(connected_before_, true)) tls_ = tls::client_context(options_.tls);
    } catch (const tls::TlsError&) {
      return;
    }
  }

  bool stopped() {
    const std::lock_guard lock(mutex_);
    return stopped_;
  }

  const Options options_;
  Handler& handler_;
  std::shared_ptr<asio::ssl::context> tls_;
  Backoff backoff_;
  Progress progress_;
  bool connected_before_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  asio::io_context* io_ = nullptr;
  Connection* connection_ = nullptr;  // the one that is there
};

Subscriber::Subscriber(Options options, Handler& handler)
    : impl_(std::make_unique<Impl>(std::move(options), handler)) {}
Subscriber::~Subscriber() = default;

void Subscriber::run() { impl_->run(); }
void Subscriber::stop() { impl_->stop(); }

}  // namespace webtap::subscriber
