// A sensor that says what a test tells it to: TLS on the loopback device, a thread a connection, blocking
// calls.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "webtap/tls/context.h"
#include "webtap/wire/batch_codec.h"
#include "webtap/wire/frame.h"

namespace webtap {

class FakeSession {
 public:
  virtual ~FakeSession() = default;
  // The subscriber's next frame; an Error with the code Internal where the connection has ended.
  virtual wire::Frame read() = 0;
  // The next frame that is no heartbeat.
  virtual wire::Frame read_word() = 0;
  virtual void say(const wire::Frame& frame) = 0;
  virtual void send(std::span<const wire::Entry> entries) = 0;
  virtual void send_bytes(const std::string& bytes) = 0;
  // Sends nothing more, and waits for the subscriber to close.
  virtual void end() = 0;
};

class FakeSensor {
 public:
  // What is said on a connection, whose number is from 0 on. The connection is closed when it returns.
  using Script = std::function<void(FakeSession&, int)>;

  FakeSensor(const tls::Options& options, Script script);
  ~FakeSensor();

  std::uint16_t port() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace webtap
