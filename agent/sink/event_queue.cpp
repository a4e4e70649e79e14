#include "agent/sink/event_queue.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <string>
#include <utility>

namespace webtap::sink {
namespace {

// An event is published, and released, without waiting until the other side can see it: that would cost more
// than all else here. So who goes to sleep may miss what was done just before it said so, and looks again
// after this long. What is done later wakes it.
constexpr Duration kMoment = std::chrono::milliseconds(1);

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

// The buffers that may grow large; the others hold names, and findings that are bounded.
std::array<std::string*, 4> large_buffers(event::AuditEvent& event) {
  return {&event.request.head, &event.request.body, &event.response.head, &event.response.body};
}

// The other thread had the lines of an event in its cache last: the functions below have them come before
// they are looked at. The texts' places are known once the event itself has come.
template <int writes>
[[gnu::always_inline]] inline void fetch(const void* begin, std::size_t size) {
  constexpr std::size_t kLine = 64;
  for (std::size_t at = 0; at < size; at += kLine)
    __builtin_prefetch(static_cast<const char*>(begin) + at, writes);
}

template <int writes>
[[gnu::always_inline]] inline void fetch_texts(const event::AuditEvent& event) {
  constexpr std::size_t kHead = 256;  // the processor sees by itself that it is read on
  constexpr std::size_t kBody = 128;
  fetch<writes>(event.transaction_id.data(), 1);
  fetch<writes>(event.host.data(), 1);
  fetch<writes>(event.request.head.data(), kHead);
  fetch<writes>(event.response.head.data(), kHead);
  fetch<writes>(event.request.body.data(), kBody);
  fetch<writes>(event.response.body.data(), kBody);
}

void fetch_to_read(const event::AuditEvent& texts_of, const event::AuditEvent& event) {
  fetch_texts<0>(texts_of);
  fetch<0>(&event, sizeof event);
}

// Lines that will be written come for this thread alone: what the other one kept would have to be taken back
// later. Processors that do not know the instruction pass over it.
#if defined(__x86_64__)
[[gnu::target("prfchw")]]
#endif
void fetch_to_fill(const event::AuditEvent& texts_of, const event::AuditEvent& event) {
  fetch_texts<1>(texts_of);
  fetch<1>(&event, sizeof event);
}

std::size_t text_size(const event::AuditEvent& event) {
  std::size_t size = event.request.head.size() + event.request.body.size() + event.response.head.size() +
                     event.response.body.size() + event.host.size() + event.server_banner.size();
  for (const event::Finding& finding : event.findings) size += sizeof finding + finding.detail.size();
  for (const std::string& message : event.messages) size += message.size();
  return size;
}

}  // namespace

EventQueue::EventQueue(const QueueLimits& limits, WhenFull when_full, std::shared_ptr<Bell> bell)
    : limits_(limits),
      mask_(std::bit_ceil(std::max<std::size_t>(limits.events, 2)) - 1),
      slots_(std::make_unique<Slot[]>(mask_ + 2)),
      ring_(std::make_unique<Slot*[]>(mask_ + 1)),
      bell_(std::move(bell)),
      when_full_(when_full),
      wake_reader_at_(kNever) {
  free_.reserve(mask_ + 2);
  for (std::uint64_t i = mask_ + 2; i-- > 0;) free_.push_back(&slots_[i]);
}

event::AuditEvent& EventQueue::slot() {
  if (!has_room()) [[unlikely]] {
    dropping_ = when_full_ == WhenFull::Drop;
    if (!dropping_) wait_for_room();
  }
  if (filling_ == nullptr) {
    filling_ = free_.back();
    free_.pop_back();
    fetch_next_slots();
  }
  capacity_taken_.add(std::exchange(filling_->capacity, 0));
  filling_->event.clear();
  return filling_->event;
}

void EventQueue::publish() {
  if (abandoned_.load(std::memory_order_relaxed)) return;
  if (std::exchange(dropping_, false)) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (dropped_.load(std::memory_order_relaxed) != dropped_said_) [[unlikely]]
    say_dropped();
  const std::uint64_t index = published_.load(std::memory_order_relaxed);
  filling_->bytes = text_size(filling_->event);
  bytes_published_.add(filling_->bytes);
  ring_[index & mask_] = std::exchange(filling_, nullptr);
  published_.store(index + 1, std::memory_order_release);
  // Whoever takes the mark away wakes: once for a sleep of the reader, not once an event.
  std::uint64_t mark = wake_reader_at_.load(std::memory_order_relaxed);
  if (mark != kNever && is_worth_reading(index + 1, mark) &&
      wake_reader_at_.compare_exchange_strong(mark, kNever))
    wake_reader();
}

void EventQueue::close() {
  closed_.store(true);
  wake_reader();
}

void EventQueue::fetch_next_slots() const {
  const std::size_t count = free_.size();
  if (count >= 2) fetch_to_fill(free_[count - 1]->event, free_[count - 2]->event);
}

const event::AuditEvent* EventQueue::next() {
  const std::uint64_t index = released_.load(std::memory_order_relaxed);
  if (index == seen_) seen_ = published_.load(std::memory_order_acquire);
  if (index == seen_) return nullptr;
  if (index + 2 < seen_) fetch_to_read(ring_[(index + 1) & mask_]->event, ring_[(index + 2) & mask_]->event);
  return &ring_[index & mask_]->event;
}

void EventQueue::release() {
  const std::uint64_t index = released_.load(std::memory_order_relaxed);
  Slot& slot = *ring_[index & mask_];
  trim(slot);
  bytes_released_.add(slot.bytes);
  released_.store(index + 1, std::memory_order_release);
  if (!filler_sleeps_.load(std::memory_order_relaxed) || !has_ample_room() || !filler_sleeps_.exchange(false))
    return;
  { const std::lock_guard lock(bell_->mutex); }
  filler_.notify_one();
}

// A reader that keeps up sleeps for a while between batches and is woken early only for a large one, so that
// it does not cost its filler a system call for each event. Where nothing comes meanwhile, the next event
// wakes it.
EventQueue::Wait EventQueue::wait(std::span<EventQueue* const> queues, Duration timeout) {
  const QueueLimits& limits = queues.front()->limits_;
  const auto batch = std::min<std::uint64_t>(limits.batch_events, queues.front()->mask_ / 2 + 1);
  const auto has_event = [](EventQueue* queue) { return queue->next() != nullptr; };
  const auto is_closed = [](EventQueue* queue) { return queue->is_closed(); };
  std::unique_lock lock(queues.front()->bell_->mutex);
  sleep(queues, batch, std::min(limits.linger, timeout), lock);
  if (std::ranges::none_of(queues, has_event) && !std::ranges::all_of(queues, is_closed))
    sleep(queues, 1, timeout, lock);
  if (std::ranges::any_of(queues, has_event)) return Wait::Ready;
  if (!std::ranges::all_of(queues, is_closed)) return Wait::TimedOut;
  // What was published before close() comes first.
  return std::ranges::any_of(queues, has_event) ? Wait::Ready : Wait::Closed;
}

EventQueue::Wait EventQueue::wait(Duration timeout) {
  EventQueue* const self = this;
  return wait({&self, 1}, timeout);
}

void EventQueue::abandon() {
  abandoned_.store(true);
  { const std::lock_guard lock(bell_->mutex); }
  filler_.notify_one();
}

// What was released is read first: it never is more than what was published by then.
std::uint64_t EventQueue::waiting_events() const {
  const std::uint64_t released = released_.load();
  return published_.load() - released;
}

std::size_t EventQueue::waiting_bytes() const {
  const std::uint64_t released = bytes_released_.total();
  const std::uint64_t published = bytes_published_.total();
  return published > released ? published - released : 0;
}

double EventQueue::fill() const {
  const auto events = static_cast<double>(waiting_events()) / static_cast<double>(capacity());
  const auto bytes = static_cast<double>(waiting_bytes()) / static_cast<double>(limits_.bytes);
  return std::min(std::max(events, bytes), 1.0);
}

// In an event of the same lane: those that were dropped have no other.
void EventQueue::say_dropped() {
  const std::uint64_t dropped = dropped_.load(std::memory_order_relaxed);
  event::Finding finding;
  finding.kind = event::FindingKind::EventsDropped;
  finding.length = dropped - std::exchange(dropped_said_, dropped);
  filling_->event.findings.push_back(std::move(finding));
}

bool EventQueue::has_room() {
  constexpr std::uint64_t kOften =
      8;  // seldom enough for the reader's cache line, often enough for warm slots
  if (abandoned_.load(std::memory_order_relaxed)) return true;
  const std::uint64_t published = published_.load(std::memory_order_relaxed);
  const auto room = [&] {
    const std::uint64_t waiting = published - reclaimed_;
    return waiting == 0 || (waiting <= mask_ && bytes_published_.total() - bytes_reclaimed_ < limits_.bytes);
  };
  if (published % kOften != 0 && room()) return true;
  reclaim();
  return room();
}

void EventQueue::reclaim() {
  const std::uint64_t released = released_.load(std::memory_order_acquire);
  for (; reclaimed_ != released; ++reclaimed_) free_.push_back(ring_[reclaimed_ & mask_]);
  bytes_reclaimed_ = bytes_released_.total();
}

// Less than has_room() allows, so that a filler that had to wait finds room for many events.
bool EventQueue::has_ample_room() const {
  const std::uint64_t waiting = published_.load() - released_.load();
  if (waiting == 0 || abandoned_.load()) return true;
  return waiting <= mask_ / 2 && bytes_published_.total() - bytes_released_.total() <= limits_.bytes / 2;
}

void EventQueue::wait_for_room() {
  full_waits_.fetch_add(1, std::memory_order_relaxed);
  std::unique_lock lock(bell_->mutex);
  for (;;) {
    filler_sleeps_.store(true);
    if (has_ample_room()) break;
    if (wake_reader_at_.exchange(kNever) != kNever) bell_->reader.notify_one();
    filler_.wait_for(lock, kMoment);
  }
  filler_sleeps_.store(false);
  reclaim();
}

// Whether a reader that waits for `mark` should read now that so many events are published.
bool EventQueue::is_worth_reading(std::uint64_t published, std::uint64_t mark) const {
  return published >= mark || bytes_published_.total() - bytes_released_.total() >= limits_.batch_bytes;
}

bool EventQueue::calls_for_reader(std::uint64_t mark) const {
  const std::uint64_t published = published_.load();
  const bool waits = published != released_.load(std::memory_order_relaxed);
  return waits && (filler_sleeps_.load() || is_worth_reading(published, mark));
}

// Until one of the queues has so many more events than were read, or all are closed.
void EventQueue::sleep(std::span<EventQueue* const> queues, std::uint64_t more, Duration limit,
                       std::unique_lock<std::mutex>& lock) {
  const auto mark_of = [&](const EventQueue* queue) {
    return queue->released_.load(std::memory_order_relaxed) + more;
  };
  for (EventQueue* queue : queues) queue->wake_reader_at_.store(mark_of(queue));
  const auto is_called = [&] {
    return std::ranges::any_of(queues,
                               [&](auto* queue) { return queue->calls_for_reader(mark_of(queue)); }) ||
           std::ranges::all_of(queues, [](auto* queue) { return queue->is_closed(); });
  };
  std::condition_variable& reader = queues.front()->bell_->reader;
  if (!reader.wait_for(lock, std::min(limit, kMoment), is_called) && limit > kMoment)
    reader.wait_for(lock, limit - kMoment, is_called);
  for (EventQueue* queue : queues) queue->wake_reader_at_.store(kNever);
}

// Under the lock, so that the reader is either before its look at what it waits for, or asleep.
void EventQueue::wake_reader() {
  { const std::lock_guard lock(bell_->mutex); }
  bell_->reader.notify_one();
}

void EventQueue::trim(Slot& slot) {
  std::size_t kept = 0;
  for (std::string* buffer : large_buffers(slot.event)) {
    if (buffer->capacity() > limits_.buffer_bytes) std::string().swap(*buffer);
    kept += buffer->capacity();
  }
  if (capacity_kept_.total() - capacity_taken_.total() + kept > limits_.pooled_bytes) {
    for (std::string* buffer : large_buffers(slot.event)) std::string().swap(*buffer);
    kept = 0;
  }
  slot.capacity = kept;
  capacity_kept_.add(kept);
}

}  // namespace webtap::sink
