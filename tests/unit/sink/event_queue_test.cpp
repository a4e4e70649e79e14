#include "agent/sink/event_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>
#include <utility>

namespace webtap::sink {
namespace {

using namespace std::chrono_literals;

void publish(EventQueue& queue, std::uint64_t number, std::size_t bytes = 0) {
  event::AuditEvent& event = queue.slot();
  event.name.sequence = number;
  event.request.body.assign(bytes, 'x');
  queue.publish();
}

// Reads until the queue is closed; gives how many events came, in order from 1.
std::uint64_t drain(EventQueue& queue) {
  std::uint64_t count = 0;
  while (queue.wait(100ms) != EventQueue::Wait::Closed) {
    while (const event::AuditEvent* event = queue.next()) {
      if (event->name.sequence != ++count) ADD_FAILURE() << event->name.sequence << " instead of " << count;
      queue.release();
    }
  }
  return count;
}

TEST(EventQueue, GivesWhatWasPublishedInOrder) {
  EventQueue queue({});
  EXPECT_EQ(queue.next(), nullptr);
  publish(queue, 1);
  publish(queue, 2);
  ASSERT_NE(queue.next(), nullptr);
  EXPECT_EQ(queue.next()->name.sequence, 1U);
  EXPECT_EQ(queue.next()->name.sequence, 1U);  // until it is released
  queue.release();
  EXPECT_EQ(queue.next()->name.sequence, 2U);
  queue.release();
  EXPECT_EQ(queue.next(), nullptr);
}

TEST(EventQueue, GivesClearedSlots) {
  EventQueue queue({.events = 2});
  for (int i = 0; i < 10; ++i) {
    event::AuditEvent& slot = queue.slot();
    EXPECT_EQ(slot, event::AuditEvent{});
    slot.host = "h";
    slot.request.body = "b";
    slot.findings.emplace_back();
    queue.publish();
    queue.release();
  }
}

TEST(EventQueue, WaitSaysWhyItEnded) {
  EventQueue queue({});
  EXPECT_EQ(queue.wait(1ms), EventQueue::Wait::TimedOut);
  publish(queue, 1);
  EXPECT_EQ(queue.wait(1ms), EventQueue::Wait::Ready);
  queue.close();
  EXPECT_EQ(queue.wait(1ms), EventQueue::Wait::Ready);  // what was published comes first
  queue.release();
  EXPECT_EQ(queue.wait(10s), EventQueue::Wait::Closed);
}

TEST(EventQueue, KeepsBuffersUpToTheirLimitAndThePoolsLimit) {
  EventQueue queue({.events = 4, .buffer_bytes = 1000, .pooled_bytes = 3500});
  // What the slots of four waiting events had kept.
  const auto fill_and_empty = [&](std::size_t bytes) {
    std::size_t kept = 0;
    for (std::uint64_t i = 0; i < 4; ++i) {
      kept += queue.slot().request.body.capacity();
      publish(queue, i, bytes);
    }
    for (int released = 0; released < 4; ++released) queue.release();
    return kept;
  };
  constexpr std::size_t kNone = 4 * sizeof(std::string);
  EXPECT_LE(fill_and_empty(900), kNone);
  EXPECT_GE(fill_and_empty(5000), 1800U);  // the fourth is one too many, and one slot is spare
  EXPECT_LE(fill_and_empty(1000), kNone);
  const std::size_t kept = fill_and_empty(1000);
  EXPECT_GE(kept, 2000U);
  EXPECT_LE(kept, 3500U);
}

TEST(EventQueue, ReusesFewSlotsWhileFewEventsWait) {
  EventQueue queue({.events = 1024});
  std::set<const event::AuditEvent*> slots;
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    slots.insert(&queue.slot());
    queue.publish();
    queue.release();
  }
  EXPECT_LE(slots.size(), 16U);
}

// How long the reader slept until it had been woken for an event.
std::chrono::steady_clock::duration sleep_of_reader(EventQueue& queue) {
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(queue.wait(20s), EventQueue::Wait::Ready);
  return std::chrono::steady_clock::now() - before;
}

TEST(EventQueue, ReaderThatKeepsUpIsWokenForABatchOrMuchText) {
  EventQueue queue({.batch_events = 4, .batch_bytes = 1000, .linger = 20s});
  const auto publish_later = [&](int events, std::size_t bytes) {
    return std::jthread([&queue, events, bytes] {
      std::this_thread::sleep_for(20ms);
      for (int i = 0; i < events; ++i) publish(queue, 1, bytes);
    });
  };
  for (const auto& [events, bytes] : {std::pair{4, 0U}, {2, 500U}, {1, 1000U}}) {
    const std::jthread filler = publish_later(events, bytes);
    EXPECT_LT(sleep_of_reader(queue), 10s) << events;
    while (queue.next() != nullptr) queue.release();
  }
}

TEST(EventQueue, IdleReaderIsWokenByOneEvent) {
  EventQueue queue({.linger = 1ms});
  const std::jthread filler([&] {
    std::this_thread::sleep_for(50ms);
    publish(queue, 1);
  });
  EXPECT_LT(sleep_of_reader(queue), 10s);
}

TEST(EventQueue, FillerWithoutRoomWakesAReaderThatWaitsForMore) {
  EventQueue queue({.events = 64, .bytes = 1000, .batch_events = 32, .batch_bytes = 1u << 30, .linger = 20s});
  const std::jthread filler([&] {
    std::this_thread::sleep_for(20ms);
    publish(queue, 1, 2000);
    publish(queue, 2);
  });
  EXPECT_LT(sleep_of_reader(queue), 10s);
  queue.release();
}

TEST(EventQueue, TellsWhatWaits) {
  EventQueue queue({.events = 4});
  EXPECT_EQ(queue.capacity(), 4u);
  EXPECT_EQ(queue.waiting_events(), 0u);
  publish(queue, 1, 100);
  publish(queue, 2, 100);
  EXPECT_EQ(queue.waiting_events(), 2u);
  EXPECT_GE(queue.waiting_bytes(), 200u);
  ASSERT_NE(queue.next(), nullptr);
  queue.release();
  EXPECT_EQ(queue.waiting_events(), 1u);
  EXPECT_GE(queue.waiting_bytes(), 100u);
  EXPECT_LT(queue.waiting_bytes(), 200u);
  queue.next();
  queue.release();
  EXPECT_EQ(queue.waiting_events(), 0u);
  EXPECT_EQ(queue.waiting_bytes(), 0u);
}

TEST(EventQueue, FillerWaitsForRoomInEvents) {
  EventQueue queue({.events = 4});
  std::atomic<int> published = 0;
  std::thread filler([&] {
    for (std::uint64_t i = 1; i <= 20; ++i, ++published) publish(queue, i);
    queue.close();
  });
  while (queue.full_waits() == 0) std::this_thread::yield();
  EXPECT_EQ(published, 4);
  EXPECT_EQ(drain(queue), 20U);
  filler.join();
}

TEST(EventQueue, FillerWaitsForRoomInBytesButAnyEventFits) {
  EventQueue queue({.events = 64, .bytes = 1000});
  std::atomic<int> published = 0;
  std::thread filler([&] {
    for (std::uint64_t i = 1; i <= 20; ++i, ++published) publish(queue, i, 5000);
    queue.close();
  });
  while (queue.full_waits() == 0) std::this_thread::yield();
  EXPECT_EQ(published, 1);
  EXPECT_EQ(drain(queue), 20U);
  filler.join();
}

TEST(EventQueue, AbandonedItTakesEverythingAndKeepsNothing) {
  EventQueue queue({.events = 2});
  std::thread filler([&] {
    for (std::uint64_t i = 1; i <= 100; ++i) publish(queue, i);
  });
  while (queue.full_waits() == 0) std::this_thread::yield();
  queue.abandon();
  filler.join();
}

// Small queues and both sides resting at random bring about every way to fall asleep and to be woken.
struct Shape {
  std::size_t events;
  std::size_t bytes;
  unsigned filler_rests;  // one time in so many
  unsigned reader_rests;
};
class EventQueueStress : public testing::TestWithParam<Shape> {};

TEST_P(EventQueueStress, LosesNoEventAndNoWakeUp) {
  const Shape shape = GetParam();
  EventQueue queue({.events = shape.events, .bytes = shape.bytes, .batch_events = 8, .linger = 100us});
  constexpr std::uint64_t kEvents = 20'000;
  std::thread filler([&] {
    std::minstd_rand random(1);
    for (std::uint64_t i = 1; i <= kEvents; ++i) {
      publish(queue, i, random() % 200);
      if (random() % shape.filler_rests == 0) std::this_thread::sleep_for(50us);
    }
    queue.close();
  });
  std::minstd_rand random(2);
  std::uint64_t count = 0;
  EventQueue::Wait wait = EventQueue::Wait::Ready;
  // A lost wake-up would end in this time-out.
  while ((wait = queue.wait(20s)) == EventQueue::Wait::Ready) {
    while (const event::AuditEvent* event = queue.next()) {
      ASSERT_EQ(event->name.sequence, ++count);
      queue.release();
      if (random() % shape.reader_rests == 0) std::this_thread::sleep_for(50us);
    }
  }
  filler.join();
  EXPECT_EQ(wait, EventQueue::Wait::Closed);
  EXPECT_EQ(count, kEvents);
}

INSTANTIATE_TEST_SUITE_P(Shapes, EventQueueStress,
                         testing::Values(Shape{2, 1u << 20, 1000, 1000}, Shape{4, 100, 500, 500},
                                         Shape{64, 1u << 20, 1u << 30, 200}, Shape{64, 1000, 200, 1u << 30},
                                         Shape{1024, 1u << 20, 1u << 30, 1u << 30}));

TEST(EventQueue, DropsWhatFindsNoRoomAndSaysSoInTheNextEvent) {
  EventQueue queue({.events = 4}, WhenFull::Drop);
  for (std::uint64_t i = 1; i <= 10; ++i) publish(queue, i);
  EXPECT_EQ(queue.dropped(), 6U);
  EXPECT_EQ(queue.fill(), 1.0);
  for (std::uint64_t i = 1; i <= 4; ++i) {
    ASSERT_NE(queue.next(), nullptr);
    EXPECT_EQ(queue.next()->name.sequence, i);
    EXPECT_TRUE(queue.next()->findings.empty());
    queue.release();
  }
  EXPECT_EQ(queue.next(), nullptr);
  for (std::uint64_t i = 11; i <= 12; ++i) publish(queue, i);
  ASSERT_EQ(queue.next()->findings.size(), 1U);
  EXPECT_EQ(queue.next()->findings[0].kind, event::FindingKind::EventsDropped);
  EXPECT_EQ(queue.next()->findings[0].length, 6U);
  queue.release();
  EXPECT_TRUE(queue.next()->findings.empty());
  EXPECT_EQ(queue.full_waits(), 0U);
}

TEST(EventQueue, WaitsAgainWhenItIsToldTo) {
  EventQueue queue({.events = 2}, WhenFull::Drop);
  for (std::uint64_t i = 1; i <= 2; ++i) publish(queue, i);
  queue.set_when_full(WhenFull::Wait);
  std::thread filler([&] {
    for (std::uint64_t i = 3; i <= 1000; ++i) publish(queue, i);
    queue.close();
  });
  EXPECT_EQ(drain(queue), 1000U);
  filler.join();
  EXPECT_EQ(queue.dropped(), 0U);
}

}  // namespace
}  // namespace webtap::sink
