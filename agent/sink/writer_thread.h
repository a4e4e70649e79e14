// The thread behind the queues: hands each event to the sinks, and flushes them when events pause.
#pragma once

#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "agent/sink/event_queue.h"
#include "webtap/sink/event_sink.h"

namespace webtap::sink {

class WriterThread {
 public:
  static constexpr Duration kIdle = std::chrono::milliseconds(200);

  // Starts the thread. Queue and sinks must outlive it. `idle` is the pause after which everything is
  // flushed.
  WriterThread(EventQueue& queue, std::vector<EventSink*> sinks, Duration idle = kIdle);
  // The queues, one at least, have one bell. Events of one queue stay in order.
  WriterThread(std::vector<EventQueue*> queues, std::vector<EventSink*> sinks, Duration idle = kIdle);
  ~WriterThread();  // as stop(), but for the exception
  WriterThread(const WriterThread&) = delete;
  WriterThread& operator=(const WriterThread&) = delete;

  // Closes the queues and returns when all that was published is written and flushed. Throws what a sink
  // threw; from then on the queues were abandoned.
  void stop();
  // A sink threw: nothing is written any more, and stop() will say why.
  bool failed() const { return failed_.load(); }

 private:
  void run();
  void consume();
  void write_batch();
  bool write_some(EventQueue& queue);
  void report_dropped();
  void join();

  const std::vector<EventQueue*> queues_;
  const std::vector<EventSink*> sinks_;
  const Duration idle_;
  std::uint64_t dropped_ = 0;   // events that sinks were told of
  std::exception_ptr failure_;  // read after the thread has ended
  std::atomic<bool> failed_ = false;
  std::thread thread_;
};

}  // namespace webtap::sink
