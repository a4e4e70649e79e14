#include "agent/http/http_stage.h"

#include <algorithm>
#include <bit>
#include <memory>
#include <utility>
#include <vector>

#include "agent/http/connection_parser.h"
#include "agent/http/plain_exchanges.h"

namespace webtap::http {
namespace {

// One open connection. Between messages it has no parser: an idle connection costs this and no more.
struct Slot {
  ConnectionParser* parser = nullptr;
  Exchange* waiting = nullptr;  // for its plain response, while there is no parser
  ConnectionMemory memory;
  std::size_t accounted = 0;  // of the parser's held bytes
  std::uint32_t place = 0;    // in its size class
};

constexpr std::size_t kSizeClasses = 33;

std::size_t size_class(std::size_t bytes) {
  return std::min<std::size_t>(std::bit_width(bytes >> 8), kSizeClasses - 1);
}

}  // namespace

class HttpStage::Impl {
 public:
  Impl(const Limits& limits, TransactionHandler& next)
      : limits_(limits), context_{limits_, next, counters_, pool_, plain_}, plain_exchanges_(context_) {}
  ~Impl() {
    for (Slot& slot : slots_) {
      delete slot.parser;
      delete slot.waiting;
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Slot& slot(const stream::Connection& connection) {
    if (connection.slot >= slots_.size())
      slots_.resize(std::max<std::size_t>(connection.slot + 1, slots_.size() * 2));
    return slots_[connection.slot];
  }

  // The connection's slot, or what it waits with.
  void expect(std::uint32_t index, bool near) const {
    if (index >= slots_.size()) return;
    const Slot& slot = slots_[index];
    if (!near) return __builtin_prefetch(&slot, 1);
    if (slot.waiting == nullptr) return;
    const auto* const line = reinterpret_cast<const char*>(slot.waiting);
    for (std::size_t at = 0; at < sizeof(Exchange); at += 64) __builtin_prefetch(line + at, 1);
  }

  ConnectionParser& parser(const stream::Connection& connection, Slot& slot) {
    if (!slot.parser) {
      slot.parser = take_parser();
      slot.parser->attach(connection, slot.memory);
      if (slot.waiting) slot.parser->adopt(std::exchange(slot.waiting, nullptr));
    }
    return *slot.parser;
  }

  // Whether the fast path took the chunk.
  bool take_plain(const stream::Chunk& chunk, Slot& slot) {
    if (slot.parser || chunk.gap_before != 0) return false;
    const bool from_initiator = chunk.direction == stream::Direction::FromInitiator;
    const bool from_client = from_initiator != slot.memory.roles_swapped;
    const std::uint32_t index = chunk.connection->slot;
    if (from_client) {
      if (slot.waiting || !(slot.waiting = plain_exchanges_.take_request(chunk, slot.memory))) return false;
      reaccount(index, slot.waiting->held);
      if (total_ > limits_.total_bytes) let_go_of_largest();
      return true;
    }
    if (!slot.waiting || !plain_exchanges_.take_response(chunk, slot.memory, slot.waiting)) return false;
    slot.waiting = nullptr;
    reaccount(index, 0);
    return true;
  }

  void settle(std::uint32_t index) {
    Slot& slot = slots_[index];
    if (slot.parser->idle()) {
      slot.memory = slot.parser->memory();
      slot.parser->detach();
      release(index);
      return;
    }
    reaccount(index, slot.parser->held());
    if (total_ > limits_.total_bytes) let_go_of_largest();
  }

  void end(std::uint32_t index) {
    Slot& slot = slots_[index];
    const ConnectionMemory memory = slot.parser ? slot.parser->memory() : slot.memory;
    if (memory.started && memory.protocol == Protocol::Unknown) ++counters_.connections_unknown;
    if (slot.parser) {
      slot.parser->reset();
      release(index);
    }
    slot = {};
  }

  const Counters& counters() const { return counters_; }

 private:
  static constexpr std::size_t kParsers = 256;  // kept for reuse

  ConnectionParser* take_parser() {
    if (free_parsers_.empty()) return new ConnectionParser(context_);
    ConnectionParser* parser = free_parsers_.back().release();
    free_parsers_.pop_back();
    return parser;
  }

  void release(std::uint32_t index) {
    Slot& slot = slots_[index];
    reaccount(index, 0);
    std::unique_ptr<ConnectionParser> parser(slot.parser);
    slot.parser = nullptr;
    if (free_parsers_.size() < kParsers) free_parsers_.push_back(std::move(parser));
  }

  // Connections that hold something are filed by the power of two of how much: the largest is found at once.
  void reaccount(std::uint32_t index, std::size_t held) {
    Slot& slot = slots_[index];
    if (slot.accounted == held) return;
    total_ = total_ + held - slot.accounted;
    const std::size_t from = size_class(slot.accounted), to = size_class(held);
    const bool was_filed = slot.accounted >> 8 != 0, files = held >> 8 != 0;
    slot.accounted = held;
    if (was_filed && files && from == to) return;
    if (was_filed) unfile(index, from);
    if (!files) return;
    slot.place = static_cast<std::uint32_t>(classes_[to].size());
    classes_[to].push_back(index);
  }

  void unfile(std::uint32_t index, std::size_t from) {
    auto& list = classes_[from];
    const std::uint32_t place = slots_[index].place;
    list[place] = list.back();
    slots_[list[place]].place = place;
    list.pop_back();
  }

  void let_go_of_largest() {
    for (std::size_t c = kSizeClasses; c-- > 0 && total_ > limits_.total_bytes;) {
      while (!classes_[c].empty() && total_ > limits_.total_bytes) {
        const std::uint32_t index = classes_[c].back();
        if (const Exchange* waiting = slots_[index].waiting) parser(*waiting->connection, slots_[index]);
        slots_[index].parser->let_go();
        const std::size_t held = slots_[index].parser->held();
        reaccount(index, held);
        if (held >> 8 != 0 && size_class(held) == c) break;  // nothing more to have from it
      }
    }
  }

  Limits limits_;
  Counters counters_;
  ExchangePool pool_;
  PlainHead plain_;
  ParserContext context_;
  PlainExchanges plain_exchanges_;
  std::vector<Slot> slots_;
  std::vector<std::unique_ptr<ConnectionParser>> free_parsers_;
  std::array<std::vector<std::uint32_t>, kSizeClasses> classes_;
  std::size_t total_ = 0;
};

HttpStage::HttpStage(const Limits& limits, TransactionHandler& next)
    : impl_(std::make_unique<Impl>(limits, next)) {}

HttpStage::~HttpStage() = default;

void HttpStage::on_chunk(const stream::Chunk& chunk) {
  Slot& slot = impl_->slot(*chunk.connection);
  if (impl_->take_plain(chunk, slot)) return;
  impl_->parser(*chunk.connection, slot).on_chunk(chunk);
  impl_->settle(chunk.connection->slot);
}

void HttpStage::expect(std::uint32_t slot, bool near) { impl_->expect(slot, near); }

void HttpStage::on_conflict(const stream::Connection& connection, stream::Direction direction, std::uint64_t,
                            std::uint64_t length) {
  Slot& slot = impl_->slot(connection);
  if (slot.waiting) impl_->parser(connection, slot);
  if (slot.parser) slot.parser->on_conflict(direction, length);
}

void HttpStage::on_direction_end(const stream::Connection& connection, stream::Direction direction,
                                 Timestamp time) {
  Slot& slot = impl_->slot(connection);
  if (slot.waiting) impl_->parser(connection, slot);
  if (!slot.parser) return;  // between messages: nothing ends
  slot.parser->on_direction_end(direction, time);
  impl_->settle(connection.slot);
}

void HttpStage::on_end(const stream::Connection& connection, stream::EndReason reason, Timestamp time) {
  Slot& slot = impl_->slot(connection);
  if (slot.waiting) impl_->parser(connection, slot);
  if (slot.parser) slot.parser->on_end(reason, time);
  impl_->end(connection.slot);
}

const Counters& HttpStage::counters() const { return impl_->counters(); }

}  // namespace webtap::http
