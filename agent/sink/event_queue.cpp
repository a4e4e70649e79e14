#include "agent/sink/event_queue.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <string>

namespace webtap::sink {
namespace {

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

// The buffers that may grow large; the others hold names, and findings that are bounded.
std::array<std::string*, 4> large_buffers(event::AuditEvent& event) {
  return {&event.request.head, &event.request.body, &event.response.head, &event.response.body};
}

std::size_t text_size(const event::AuditEvent& event) {
  std::size_t size = event.request.head.size() + event.request.body.size() + event.response.head.size() +
                     event.response.body.size() + event.host.size() + event.server_banner.size();
  for (const event::Finding& finding : event.findings) size += sizeof finding + finding.detail.size();
  for (const std::string& message : event.messages) size += message.size();
  return size;
}

}  // namespace

EventQueue::EventQueue(const QueueLimits& limits)
    : limits_(limits),
      mask_(std::bit_ceil(std::max<std::size_t>(limits.events, 2)) - 1),
      slots_(std::make_unique<Slot[]>(mask_ + 1)),
      wake_reader_at_(kNever) {}

event::AuditEvent& EventQueue::slot() {
  if (!has_room()) wait_for_room();
  Slot& slot = at(published_.load(std::memory_order_relaxed));
  pooled_.fetch_sub(slot.capacity, std::memory_order_relaxed);
  slot.capacity = 0;
  slot.event.clear();
  return slot.event;
}

void EventQueue::publish() {
  if (abandoned_.load()) return;
  const std::uint64_t index = published_.load(std::memory_order_relaxed);
  Slot& slot = at(index);
  slot.bytes = text_size(slot.event);
  bytes_.fetch_add(slot.bytes, std::memory_order_relaxed);
  published_.store(index + 1);
  // Whoever takes the mark away wakes: once for a sleep of the reader, not once an event.
  std::uint64_t mark = wake_reader_at_.load();
  if (index + 1 >= mark && wake_reader_at_.compare_exchange_strong(mark, kNever)) wake_reader();
}

void EventQueue::close() {
  closed_.store(true);
  wake_reader();
}

const event::AuditEvent* EventQueue::next() const {
  const std::uint64_t index = released_.load(std::memory_order_relaxed);
  return index == published_.load(std::memory_order_acquire) ? nullptr : &at(index).event;
}

void EventQueue::release() {
  const std::uint64_t index = released_.load(std::memory_order_relaxed);
  Slot& slot = at(index);
  trim(slot);
  bytes_.fetch_sub(slot.bytes, std::memory_order_relaxed);
  released_.store(index + 1);
  if (!filler_sleeps_.load() || !has_ample_room()) return;
  { const std::lock_guard lock(mutex_); }
  filler_.notify_one();
}

// An idle reader is woken by the first event. It then lingers for more of them, so that a reader that is
// faster than its filler does not cost it a system call for each event.
EventQueue::Wait EventQueue::wait(Duration timeout) {
  const std::uint64_t head = released_.load(std::memory_order_relaxed);
  std::unique_lock lock(mutex_);
  const auto sleep_until = [&](std::uint64_t count, Duration limit) {
    wake_reader_at_.store(count);
    reader_.wait_for(lock, limit, [&] { return published_.load() >= count || closed_.load(); });
    wake_reader_at_.store(kNever);
  };
  sleep_until(head + 1, timeout);
  if (next() != nullptr && !closed_.load()) {
    sleep_until(head + std::min<std::uint64_t>(limits_.batch_events, mask_ / 2 + 1), limits_.linger);
  }
  if (next() != nullptr) return Wait::Ready;
  if (!closed_.load()) return Wait::TimedOut;
  return next() != nullptr ? Wait::Ready : Wait::Closed;  // what was published before close() comes first
}

void EventQueue::abandon() {
  abandoned_.store(true);
  { const std::lock_guard lock(mutex_); }
  filler_.notify_one();
}

bool EventQueue::has_room() const {
  const std::uint64_t waiting = published_.load(std::memory_order_relaxed) - released_.load();
  if (waiting == 0 || abandoned_.load()) return true;
  return waiting <= mask_ && bytes_.load() < limits_.bytes;
}

// Less than has_room() allows, so that a filler that had to wait finds room for many events.
bool EventQueue::has_ample_room() const {
  const std::uint64_t waiting = published_.load() - released_.load();
  if (waiting == 0 || abandoned_.load()) return true;
  return waiting <= mask_ / 2 && bytes_.load() <= limits_.bytes / 2;
}

void EventQueue::wait_for_room() {
  full_waits_.fetch_add(1, std::memory_order_relaxed);
  std::unique_lock lock(mutex_);
  filler_sleeps_.store(true);
  filler_.wait(lock, [&] { return has_ample_room(); });
  filler_sleeps_.store(false);
}

// Under the lock, so that the reader is either before its look at what it waits for, or asleep.
void EventQueue::wake_reader() {
  { const std::lock_guard lock(mutex_); }
  reader_.notify_one();
}

void EventQueue::trim(Slot& slot) {
  std::size_t kept = 0;
  for (std::string* buffer : large_buffers(slot.event)) {
    if (buffer->capacity() > limits_.buffer_bytes) std::string().swap(*buffer);
    kept += buffer->capacity();
  }
  if (pooled_.load(std::memory_order_relaxed) + kept > limits_.pooled_bytes) {
    for (std::string* buffer : large_buffers(slot.event)) std::string().swap(*buffer);
    kept = 0;
  }
  slot.capacity = kept;
  pooled_.fetch_add(kept, std::memory_order_relaxed);
}

}  // namespace webtap::sink
