#include "fake_sensor.h"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/ssl/context.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/write.hpp>
#include <atomic>
#include <list>
#include <mutex>
#include <thread>

#include "webtap/wire/frame_codec.h"
#include "webtap/wire/frame_reader.h"

namespace webtap {
namespace {

class Session final : public FakeSession {
 public:
  Session(asio::ip::tcp::socket socket, asio::ssl::context& context) : stream_(std::move(socket), context) {}

  bool handshake() {
    std::error_code error;
    stream_.handshake(asio::ssl::stream_base::server, error);
    return !error;
  }
  wire::Frame read() override {
    ByteView payload;
    while (frames_.next(payload) != wire::FrameReader::Next::Whole) {
      const std::span<char> room = frames_.room();
      std::error_code error;
      const std::size_t bytes = stream_.read_some(asio::buffer(room.data(), room.size()), error);
      if (error) return wire::Error{wire::ErrorCode::Internal, error.message(), 0};
      frames_.committed(bytes);
    }
    wire::Frame frame;
    std::string problem;
    if (!wire::decode_frame(payload, frame, problem))
      return wire::Error{wire::ErrorCode::Malformed, problem, 0};
    return frame;
  }
  wire::Frame read_word() override {
    for (;;) {
      wire::Frame frame = read();
      if (!std::holds_alternative<wire::Heartbeat>(frame)) return frame;
    }
  }
  void say(const wire::Frame& frame) override {
    std::string bytes;
    wire::encode_frame(frame, bytes);
    send_bytes(bytes);
  }
  void send(std::span<const wire::Entry> entries) override {
    std::string bytes;
    wire::BatchCompressor().encode(entries, bytes);
    send_bytes(bytes);
  }
  void send_bytes(const std::string& bytes) override {
    std::error_code ignored;
    asio::write(stream_, asio::buffer(bytes), ignored);
  }
  void end() override {
    std::error_code error;
    stream_.next_layer().shutdown(asio::ip::tcp::socket::shutdown_send, error);
    std::array<char, 512> rest{};
    while (!error) stream_.next_layer().read_some(asio::buffer(rest), error);
  }
  void interrupt() {
    std::error_code ignored;
    stream_.next_layer().shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
  }

 private:
  asio::ssl::stream<asio::ip::tcp::socket> stream_;
  wire::FrameReader frames_;
};

}  // namespace

class FakeSensor::Impl {
 public:
  Impl(const tls::Options& options, Script script)
      : context_(tls::server_context(options)),
        script_(std::move(script)),
        acceptor_(io_, asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        port_(acceptor_.local_endpoint().port()),
        thread_([this] { accept(); }) {}
  ~Impl() {
    stopped_ = true;
    std::error_code ignored;
    asio::ip::tcp::socket waker(io_);
    waker.connect({asio::ip::address_v4::loopback(), port_}, ignored);
    thread_.join();
    {
      const std::lock_guard lock(mutex_);
      for (Session& session : sessions_) session.interrupt();
    }
    for (std::thread& thread : threads_) thread.join();
  }
  std::uint16_t port() const { return port_; }

 private:
  void accept() {
    for (int number = 0;; ++number) {
      std::error_code error;
      asio::ip::tcp::socket socket = acceptor_.accept(error);
      if (error || stopped_) return;
      const std::lock_guard lock(mutex_);
      Session& session = sessions_.emplace_back(std::move(socket), *context_);
      threads_.emplace_back([this, &session, number] {
        if (session.handshake()) script_(session, number);
        session.interrupt();
      });
    }
  }

  asio::io_context io_;
  const std::shared_ptr<asio::ssl::context> context_;
  const Script script_;
  asio::ip::tcp::acceptor acceptor_;
  const std::uint16_t port_;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::list<Session> sessions_;
  std::list<std::thread> threads_;
  std::thread thread_;
};

FakeSensor::FakeSensor(const tls::Options& options, Script script)
    : impl_(std::make_unique<Impl>(options, std::move(script))) {}
FakeSensor::~FakeSensor() = default;

std::uint16_t FakeSensor::port() const { return impl_->port(); }

}  // namespace webtap
