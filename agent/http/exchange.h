// A transaction in the making, and the pool that such transactions come from.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "agent/http/head.h"
#include "agent/http/transaction.h"
#include "agent/stream/chunk.h"

namespace webtap::http {

struct Exchange {
  Transaction transaction;
  Exchange* next = nullptr;  // in the connection's queue
  std::size_t held = 0;      // bytes accounted for
  bool request_done = false;
  bool response_started = false;
  bool response_done = false;
  bool lost_response_likely = false;               // bytes in which its response may have been are missing
  bool unsure = false;                             // which response answers it cannot be told
  bool line_cut = false;                           // the end of the request line is missing
  bool http09 = false;                             // the request has no version: the response has no head
  bool expects_continue = false;                   // the request waits for a 100 before it sends its body
  bool to_head = false;                            // the request's method is HEAD,
  bool to_connect = false;                         // or CONNECT
  bool first = false;                              // of its connection
  std::uint64_t acknowledged = 0;                  // offset up to which its client had received responses
  const stream::Connection* connection = nullptr;  // while no parser has it

  void clear();
  // Notes what a head says, whose bytes the transaction has.
  void take_head(const RequestHead& head, Findings& findings);
  void take_head(const ResponseHead& head);
  // Bytes that it holds, roughly.
  std::size_t size() const;
};

// Keeps buffers of finished exchanges for the next ones. Bounded: large buffers, and exchanges over a number,
// are freed.
class ExchangePool {
 public:
  Exchange* take();
  void give_back(Exchange* exchange);

 private:
  static constexpr std::size_t kExchanges = 1024;
  static constexpr std::size_t kBuffer = 128u << 10;

  std::vector<std::unique_ptr<Exchange>> free_;
};

// The exchanges of one connection, in the order of their requests.
class ExchangeQueue {
 public:
  explicit ExchangeQueue(ExchangePool& pool) : pool_(pool) {}
  ~ExchangeQueue();
  ExchangeQueue(const ExchangeQueue&) = delete;
  ExchangeQueue& operator=(const ExchangeQueue&) = delete;

  Exchange& push_back() { return push_back(pool_.take()); }
  Exchange& push_back(Exchange* exchange);
  void pop_front();
  Exchange* front() const { return front_; }
  Exchange* back() const { return back_; }
  bool empty() const { return front_ == nullptr; }
  std::size_t size() const { return size_; }

 private:
  ExchangePool& pool_;
  Exchange* front_ = nullptr;
  Exchange* back_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace webtap::http
