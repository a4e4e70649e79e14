#include "agent/sink/writer_thread.h"

#include <csignal>
#include <utility>

namespace webtap::sink {
namespace {

// Signals are for the main thread: what it waits in is interrupted by them.
void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

WriterThread::WriterThread(EventQueue& queue, std::vector<EventSink*> sinks, Duration idle)
    : queue_(queue), sinks_(std::move(sinks)), idle_(idle), thread_([this] { run(); }) {}

WriterThread::~WriterThread() { join(); }

void WriterThread::stop() {
  join();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void WriterThread::join() {
  if (!thread_.joinable()) return;
  queue_.close();
  thread_.join();
}

void WriterThread::run() {
  block_signals();
  try {
    consume();
  } catch (...) {
    failure_ = std::current_exception();
    failed_.store(true);
    queue_.abandon();
  }
}

void WriterThread::consume() {
  for (;;) {
    switch (queue_.wait(idle_)) {
      case EventQueue::Wait::Ready:
        write_batch();
        break;
      case EventQueue::Wait::TimedOut:
        for (EventSink* sink : sinks_) sink->flush();
        break;
      case EventQueue::Wait::Closed:
        for (EventSink* sink : sinks_) sink->flush();
        return;
    }
  }
}

// Until the queue is empty; while it never is, what has waited long is flushed now and then.
void WriterThread::write_batch() {
  constexpr unsigned kEventsBetweenLooks = 256;
  unsigned written = 0;
  while (const event::AuditEvent* event = queue_.next()) {
    for (EventSink* sink : sinks_) sink->write(*event);
    queue_.release();
    if (++written % kEventsBetweenLooks != 0) continue;
    for (EventSink* sink : sinks_) sink->flush_old();
  }
  for (EventSink* sink : sinks_) sink->flush_old();
}

}  // namespace webtap::sink
