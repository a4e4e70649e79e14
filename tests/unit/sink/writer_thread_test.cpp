#include "agent/sink/writer_thread.h"

#include <gtest/gtest.h>

#include <stdexcept>

namespace webtap::sink {
namespace {

using namespace std::chrono_literals;

class Recorder final : public EventSink {
 public:
  void write(const event::AuditEvent& event) override {
    if (event.host == "fail") throw std::runtime_error("no more");
    ++written;
    unflushed = true;
  }
  void lose(std::uint64_t events) override { lost += events; }
  void flush() override {
    if (unflushed.exchange(false)) ++flushes;
  }
  void flush_old() override {}
  const Counters& counters() const override { return counters_; }

  std::atomic<int> written = 0;
  std::atomic<std::uint64_t> lost = 0;
  std::atomic<bool> unflushed = false;
  std::atomic<int> flushes = 0;

 private:
  Counters counters_;
};

void publish(EventQueue& queue, const std::string& host) {
  queue.slot().host = host;
  queue.publish();
}

TEST(WriterThread, WritesEverythingBeforeItStops) {
  EventQueue queue({.events = 16});
  Recorder one, two;
  WriterThread writer(queue, {&one, &two});
  for (int i = 0; i < 5000; ++i) publish(queue, "a");
  writer.stop();
  EXPECT_EQ(one.written, 5000);
  EXPECT_EQ(two.written, 5000);
  EXPECT_FALSE(one.unflushed);
}

TEST(WriterThread, FlushesInAPause) {
  EventQueue queue({});
  Recorder sink;
  WriterThread writer(queue, {&sink}, 5ms);
  publish(queue, "a");
  while (sink.flushes == 0) std::this_thread::sleep_for(1ms);
  publish(queue, "b");
  while (sink.flushes == 1) std::this_thread::sleep_for(1ms);
  writer.stop();
  EXPECT_EQ(sink.written, 2);
}

TEST(WriterThread, HandsOverWhatASinkThrewAndDoesNotBlockTheFiller) {
  EventQueue queue({.events = 4});
  Recorder sink;
  WriterThread writer(queue, {&sink});
  publish(queue, "a");
  publish(queue, "fail");
  for (int i = 0; i < 1000; ++i) publish(queue, "b");
  EXPECT_THROW(writer.stop(), std::runtime_error);
  EXPECT_TRUE(writer.failed());
}

TEST(WriterThread, ReadsTheQueuesOfSeveralThreads) {
  const auto bell = std::make_shared<Bell>();
  EventQueue one({.events = 16}, WhenFull::Wait, bell);
  EventQueue two({.events = 16}, WhenFull::Wait, bell);
  Recorder sink;
  WriterThread writer({&one, &two}, {&sink});
  std::thread other([&] {
    for (int i = 0; i < 5000; ++i) publish(two, "b");
  });
  for (int i = 0; i < 5000; ++i) publish(one, "a");
  other.join();
  writer.stop();
  EXPECT_EQ(sink.written, 10'000);
  EXPECT_FALSE(sink.unflushed);
}

TEST(WriterThread, IsWokenByAnyQueue) {
  const auto bell = std::make_shared<Bell>();
  EventQueue one({}, WhenFull::Wait, bell);
  EventQueue two({}, WhenFull::Wait, bell);
  Recorder sink;
  WriterThread writer({&one, &two}, {&sink}, 10min);
  for (int i = 1; i <= 20; ++i) {
    publish(i % 2 == 0 ? one : two, "a");
    while (sink.written != i) std::this_thread::sleep_for(1ms);
  }
  writer.stop();
}

TEST(WriterThread, TellsItsSinksHowManyEventsWereDropped) {
  EventQueue queue({.events = 4}, WhenFull::Drop);
  for (int i = 0; i < 10; ++i) publish(queue, "a");
  Recorder sink;
  WriterThread writer(queue, {&sink});
  writer.stop();
  EXPECT_EQ(sink.written, 4);
  EXPECT_EQ(sink.lost, 6U);
}

}  // namespace
}  // namespace webtap::sink
