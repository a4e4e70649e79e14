// A session's connection without a network: the session holds the channel, the test the line, and says what
// comes, and when what was written is taken.
#pragma once

#include <algorithm>
#include <asio/error.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "agent/server/channel.h"

namespace webtap {

class FakeLine {
 public:
  using Done = server::Channel::Done;

  // What the session sees.
  asio::ip::tcp::endpoint peer{asio::ip::make_address("192.0.2.7"), 50'000};
  bool local = false;
  tls::PeerIdentity identity;
  bool trusted = true;
  std::string handshake_problem = "certificate expired";

  // What the session did.
  std::string taken;    // of what it wrote
  bool shut = false;    // it said that nothing more comes
  bool closed = false;  // it let go

  bool is_reading() const { return reading_ != nullptr; }
  bool is_writing() const { return writing_ != nullptr; }
  // Of what is being written: the session's own frames, not what it shares with others.
  std::size_t own_bytes() const { return writing_ != nullptr ? first_.size() : 0; }

  void shake_hands(const std::error_code& error = {}) { finish(shaking_, error, 0); }
  // Gives the session these bytes, at most `piece` at a time, as long as it reads. Gives how many it took.
  std::size_t say(ByteView bytes, std::size_t piece = std::string::npos) {
    const std::size_t all = bytes.size();
    while (!bytes.empty() && (reading_ != nullptr || passing_ != nullptr)) {
      if (reading_ == nullptr) {
        bytes.remove_prefix(std::min(piece, bytes.size()));
        finish(passing_, {}, 1);
        continue;
      }
      const std::size_t size = std::min({piece, bytes.size(), room_.size()});
      std::copy_n(bytes.begin(), size, room_.begin());
      bytes.remove_prefix(size);
      finish(reading_, {}, size);
    }
    return all - bytes.size();
  }
  // The peer closed, or the network broke: of two who read, the first is told, as on a socket.
  void hang_up(const std::error_code& error = asio::error::eof) {
    finish(reading_ != nullptr ? reading_ : passing_, error, 0);
  }
  // What is being written goes.
  void take() {
    if (writing_ == nullptr) return;
    taken += first_;
    taken += second_;
    finish(writing_, {}, first_.size() + second_.size());
  }
  void break_writing(const std::error_code& error = asio::error::connection_reset) {
    finish(writing_, error, 0);
  }
  // Calls what was posted before; false where there was nothing.
  bool turn() {
    auto calls = std::exchange(posted_, {});
    for (const auto& call : calls) call();
    return !calls.empty();
  }
  // Until the session does nothing by itself. An endless loop of its own is its own fault: that is thrown.
  void settle() {
    for (int i = 0; turn() || is_writing(); ++i) {
      if (i == 100'000) throw std::runtime_error("the session does not come to rest");
      take();
    }
  }

 private:
  friend class FakeChannel;

  static void begin(Done& operation, Done done) {
    if (operation != nullptr) throw std::logic_error("two operations of one kind at a time");
    operation = std::move(done);
  }
  static void finish(Done& operation, const std::error_code& error, std::size_t bytes) {
    if (const Done done = std::exchange(operation, nullptr)) done(error, bytes);
  }
  void abort(Done& operation) {
    if (operation == nullptr) return;
    posted_.emplace_back(
        [done = std::exchange(operation, nullptr)] { done(asio::error::operation_aborted, 0); });
  }

  Done shaking_;
  Done reading_;
  Done writing_;
  Done passing_;
  std::span<char> room_;
  ByteView first_;
  ByteView second_;
  std::deque<std::function<void()>> posted_;
};

class FakeChannel final : public server::Channel {
 public:
  explicit FakeChannel(std::shared_ptr<FakeLine> line) : line_(std::move(line)) {}

  const asio::ip::tcp::endpoint& peer() const override { return line_->peer; }
  bool is_local() const override { return line_->local; }
  void handshake(Done done) override { FakeLine::begin(line_->shaking_, std::move(done)); }
  std::string handshake_problem(const std::error_code&) const override { return line_->handshake_problem; }
  tls::PeerIdentity identity() const override { return line_->identity; }
  bool is_still_trusted(asio::ssl::context&, std::string& problem) const override {
    if (!line_->trusted) problem = "certificate revoked";
    return line_->trusted;
  }
  void read(std::span<char> room, Done done) override {
    FakeLine::begin(line_->reading_, std::move(done));
    line_->room_ = room;
  }
  void write(ByteView first, ByteView second, Done done) override {
    FakeLine::begin(line_->writing_, std::move(done));
    line_->first_ = first;
    line_->second_ = second;
  }
  void post(std::function<void()> call) override { line_->posted_.push_back(std::move(call)); }
  void shutdown_send() override { line_->shut = true; }
  void pass_over(Done done) override { FakeLine::begin(line_->passing_, std::move(done)); }
  void close() override {
    line_->closed = true;
    for (Done* operation : {&line_->shaking_, &line_->reading_, &line_->writing_, &line_->passing_})
      line_->abort(*operation);
  }

 private:
  const std::shared_ptr<FakeLine> line_;
};

}  // namespace webtap
