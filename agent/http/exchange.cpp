#include "agent/http/exchange.h"

namespace webtap::http {
namespace {

// What an exchange costs besides its buffers, roughly; so that many small ones count too.
constexpr std::size_t kOverhead = 512;

}  // namespace

void Exchange::clear() {
  transaction.clear();
  next = nullptr;
  held = 0;
  request_done = response_started = response_done = false;
  lost_response_likely = unsure = line_cut = http09 = expects_continue = to_head = to_connect = first = false;
  acknowledged = 0;
  connection = nullptr;
}

void Exchange::take_head(const RequestHead& head, Findings& findings) {
  Transaction& t = transaction;
  t.method = head.line.method;
  t.target = head.line.target;
  t.host = effective_host(t.request.head, head, findings);
  t.request.content_encoding = head.fields.content_encoding;
  const ByteView method = t.method.in(t.request.head);
  http09 = head.line.version_text.empty() && !line_cut;
  to_head = method == "HEAD";
  to_connect = method == "CONNECT";
}

void Exchange::take_head(const ResponseHead& head) {
  transaction.status = head.line.status;
  transaction.server_field = head.fields.server;
  transaction.response.content_encoding = head.fields.content_encoding;
}

std::size_t Exchange::size() const {
  const Transaction& t = transaction;
  std::size_t findings = 0;
  for (const auto& finding : t.findings) findings += sizeof finding + finding.detail.size();
  return kOverhead + findings + t.host.size() + t.request.content_encoding.size() +
         t.response.content_encoding.size() + t.request.head.size() + t.request.body.size() +
         t.response.head.size() + t.response.body.size();
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

Exchange& ExchangeQueue::push_back(Exchange* exchange) {
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
