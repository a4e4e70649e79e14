#include "agent/http/exchange.h"

namespace webtap::http {

void Exchange::clear() {
  transaction.clear();
  next = nullptr;
  held = 0;
  request_done = response_started = response_done = false;
  lost_response_likely = http09 = to_head = to_connect = false;
}

Exchange* ExchangePool::take() {
  if (free_.empty()) return new Exchange;
  Exchange* exchange = free_.back().release();
  free_.pop_back();
  return exchange;
}

void ExchangePool::give_back(Exchange* exchange) {
  std::unique_ptr<Exchange> owned(exchange);
  if (free_.size() >= kExchanges) return;
  owned->clear();
  Transaction& t = owned->transaction;
  for (std::string* buffer : {&t.request.head, &t.request.body, &t.response.head, &t.response.body})
    if (buffer->capacity() > kBuffer) std::string().swap(*buffer);
  free_.push_back(std::move(owned));
}

ExchangeQueue::~ExchangeQueue() {
  while (!empty()) pop_front();
}

Exchange& ExchangeQueue::push_back() {
  Exchange* exchange = pool_.take();
  (back_ ? back_->next : front_) = exchange;
  back_ = exchange;
  ++size_;
  return *exchange;
}

void ExchangeQueue::pop_front() {
  Exchange* exchange = front_;
  front_ = exchange->next;
  if (!front_) back_ = nullptr;
  --size_;
  pool_.give_back(exchange);
}

}  // namespace webtap::http
