// The bounded queue between a capture thread and the writer thread: a ring of pooled events that one thread
// fills in place and one thread reads in place. While there are events and room, neither takes a lock.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "agent/audit/event_handler.h"
#include "webtap/base/time.h"
#include "webtap/event/audit_event.h"

namespace webtap::sink {

// What a reader of several queues sleeps on: it is shared by all of them.
struct Bell {
  std::mutex mutex;  // only to sleep and to wake
  std::condition_variable reader;
};

// What happens to an event for which there is no room.
enum class WhenFull : std::uint8_t {
  Wait,  // until there is
  Drop,  // it goes, is counted, and the next event that finds room says so
};

// Why each limit is what it is: docs/limits.md.
struct QueueLimits {
  std::size_t events = 1024;              // rounded up to a power of two
  std::size_t bytes = 16u << 20;          // of text in waiting events; one event may go beyond it
  std::size_t buffer_bytes = 128u << 10;  // of capacity that one buffer keeps for its next event
  std::size_t pooled_bytes = 8u << 20;    // of capacity that free events keep in all
  // A reader that keeps up is not woken for fewer events and bytes than these within `linger`.
  std::size_t batch_events = 128;
  std::size_t batch_bytes = 256u << 10;
  Duration linger = std::chrono::milliseconds(1);
};

class EventQueue final : public audit::EventHandler {
 public:
  explicit EventQueue(const QueueLimits& limits, WhenFull when_full = WhenFull::Wait,
                      std::shared_ptr<Bell> bell = std::make_shared<Bell>());

  // For the one thread that fills. slot() waits while the queue is full, if that is what it does then.
  event::AuditEvent& slot() override;
  void publish() override;
  void set_when_full(WhenFull when_full) { when_full_ = when_full; }
  // How full the queue is, by events or by bytes: 0 to 1.
  double fill() const;
  // Nothing more is published: the reader is told so once it has read everything.
  void close();

  // For the one thread that reads.
  // The oldest event not yet released; null while there is none. It stays the same until release().
  const event::AuditEvent* next();
  void release();
  enum class Wait { Ready, TimedOut, Closed };
  // Waits for an event. Closed: there is none, and there will be none.
  Wait wait(Duration timeout);
  // The same for queues with one bell. Closed: there is none in any, and there will be none.
  static Wait wait(std::span<EventQueue* const> queues, Duration timeout);
  // Nothing more is read: what is published from now on is discarded, and slot() does not wait.
  void abandon();

  // How often the filling thread had to wait for room.
  std::uint64_t full_waits() const { return full_waits_.load(std::memory_order_relaxed); }
  // Events for which there was no room.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  // For any thread: what waits, and how many events may.
  std::uint64_t waiting_events() const;
  std::size_t waiting_bytes() const;
  std::uint64_t capacity() const { return mask_ + 1; }

 private:
  struct alignas(64) Slot {  // no line of it is another slot's too
    event::AuditEvent event;
    std::size_t bytes = 0;     // of text, from publish() to release()
    std::size_t capacity = 0;  // kept, from release() to slot()
  };

  // A sum that one thread adds to and either reads. Where both count, each has a sum of its own, and their
  // difference is what there is.
  class Total {
   public:
    void add(std::size_t more) { sum_.store(total() + more, std::memory_order_relaxed); }
    std::size_t total() const { return sum_.load(std::memory_order_relaxed); }

   private:
    std::atomic<std::size_t> sum_ = 0;
  };

  bool has_room();
  bool has_ample_room() const;
  void wait_for_room();
  void fetch_next_slots() const;
  void reclaim();
  bool is_worth_reading(std::uint64_t published, std::uint64_t mark) const;
  bool calls_for_reader(std::uint64_t mark) const;
  bool is_closed() const { return closed_.load(); }
  void say_dropped();
  static void sleep(std::span<EventQueue* const> queues, std::uint64_t more, Duration limit,
                    std::unique_lock<std::mutex>& lock);
  void wake_reader();
  void trim(Slot& slot);

  const QueueLimits limits_;
  const std::uint64_t mask_;
  const std::unique_ptr<Slot[]> slots_;  // one more than wait at most: to fill
  const std::unique_ptr<Slot*[]> ring_;  // the slot that was published at each index
  const std::shared_ptr<Bell> bell_;

  // Counts of events published and released; their difference is what waits.
  // Written by the thread that fills:
  alignas(64) std::atomic<std::uint64_t> published_ = 0;
  Total bytes_published_;
  Total capacity_taken_;
  std::atomic<std::uint64_t> full_waits_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
  std::uint64_t dropped_said_ = 0;  // in events
  WhenFull when_full_;
  bool dropping_ = false;  // the slot being filled will be dropped
  std::atomic<bool> closed_ = false;
  std::uint64_t reclaimed_ = 0;  // released events whose slots are in free_ again
  std::size_t bytes_reclaimed_ = 0;
  std::vector<Slot*> free_;  // the most recently used last: its memory is likely in a cache
  Slot* filling_ = nullptr;
  // Written by the thread that reads:
  alignas(64) std::atomic<std::uint64_t> released_ = 0;
  Total bytes_released_;
  Total capacity_kept_;
  std::uint64_t seen_ = 0;  // of published_
  std::atomic<bool> abandoned_ = false;
  // Written by both, but hardly ever:
  alignas(64) std::atomic<std::uint64_t> wake_reader_at_;  // published_ from which on the reader wants waking
  std::atomic<bool> filler_sleeps_ = false;

  std::condition_variable filler_;  // under the bell's mutex
};

}  // namespace webtap::sink
