#include "agent/sink/writer_thread.h"

#include <utility>

#include "webtap/base/signals.h"

namespace webtap::sink {

WriterThread::WriterThread(EventQueue& queue, std::vector<EventSink*> sinks, Duration idle)
    : WriterThread(std::vector<EventQueue*>{&queue}, std::move(sinks), idle) {}
WriterThread::WriterThread(std::vector<EventQueue*> queues, std::vector<EventSink*> sinks, Duration idle)
    : queues_(std::move(queues)), sinks_(std::move(sinks)), idle_(idle), thread_([this] { run(); }) {}

WriterThread::~WriterThread() { join(); }

void WriterThread::stop() {
  join();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void WriterThread::join() {
  if (!thread_.joinable()) return;
  for (EventQueue* queue : queues_) queue->close();
  thread_.join();
}

void WriterThread::run() {
  block_signals();
  try {
    consume();
  } catch (...) {
    failure_ = std::current_exception();
    failed_.store(true);
    for (EventQueue* queue : queues_) queue->abandon();
  }
}

void WriterThread::consume() {
  for (;;) {
    switch (EventQueue::wait(queues_, idle_)) {
      case EventQueue::Wait::Ready:
        write_batch();
        break;
      case EventQueue::Wait::TimedOut:
        for (EventSink* sink : sinks_) sink->flush();
        break;
      case EventQueue::Wait::Closed:
        report_dropped();
        for (EventSink* sink : sinks_) sink->flush();
        return;
    }
  }
}

// Until the queues are empty; while they never are, what has waited long is flushed now and then.
void WriterThread::write_batch() {
  for (bool wrote = true; wrote;) {
    wrote = false;
    for (EventQueue* queue : queues_) wrote = write_some(*queue) || wrote;
    report_dropped();
    for (EventSink* sink : sinks_) sink->flush_old();
  }
}

// A part of what a queue holds, so that the others have their turn.
bool WriterThread::write_some(EventQueue& queue) {
  constexpr unsigned kEventsOfOneQueue = 256;
  unsigned written = 0;
  for (; written < kEventsOfOneQueue; ++written) {
    const event::AuditEvent* event = queue.next();
    if (event == nullptr) break;
    for (EventSink* sink : sinks_) sink->write(*event);
    queue.release();
  }
  return written != 0;
}

void WriterThread::report_dropped() {
  std::uint64_t dropped = 0;
  for (const EventQueue* queue : queues_) dropped += queue->dropped();
  if (dropped == dropped_) return;
  for (EventSink* sink : sinks_) sink->lose(dropped - dropped_);
  dropped_ = dropped;
}

}  // namespace webtap::sink
