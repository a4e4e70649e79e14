#include "tests/unit/http/conversation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

namespace webtap::http::test {
namespace {

class Collector final : public TransactionHandler {
 public:
  void on_transaction(Transaction& transaction) override { transactions.push_back(transaction); }
  std::vector<Transaction> transactions;
};

class Player {
 public:
  Player(const Options& options, const Cutting& cutting)
      : cutting_(cutting), stage_(options.limits, collector_) {
    connection_.id = 1;
    connection_.initiator = {*parse_address("192.0.2.1"), 40000};
    connection_.responder = {*parse_address("192.0.2.2"), 80};
    connection_.handshake_seen = options.handshake_seen;
  }

  void step(const Step& step) {
    using What = Step::What;
    const bool from_client =
        step.what == What::Client || step.what == What::ClientGap || step.what == What::ClientEnd;
    const auto direction = from_client ? stream::Direction::FromInitiator : stream::Direction::FromResponder;
    now_ += std::chrono::milliseconds(1);
    if (step.what == What::ClientEnd || step.what == What::ServerEnd) {
      stage_.on_direction_end(connection_, direction, now_);
    } else if (step.gap != 0) {
      give(direction, {}, step.gap);
    } else {
      give_bytes(direction, step.bytes);
    }
  }

  Outcome finish(stream::EndReason reason) {
    stage_.on_end(connection_, reason, now_);
    return {std::move(collector_.transactions), stage_.counters()};
  }

 private:
  void give_bytes(stream::Direction direction, ByteView bytes) {
    while (!bytes.empty()) {
      std::size_t count = cutting_.piece == 0 ? bytes.size() : std::min(cutting_.piece, bytes.size());
      if (given_ < cutting_.cut) count = std::min(count, cutting_.cut - given_);
      // A copy of its own size: AddressSanitizer sees a read beyond it.
      const std::unique_ptr<char[]> exact(new char[count]);
      std::copy_n(bytes.data(), count, exact.get());
      give(direction, {exact.get(), count}, 0);
      given_ += count;
      bytes.remove_prefix(count);
    }
  }

  void give(stream::Direction direction, ByteView bytes, std::uint64_t gap) {
    auto& offset = offsets_[static_cast<std::size_t>(direction)];
    offset += gap;
    // Each side has received all that the other one sent before.
    const std::uint64_t others = offsets_[static_cast<std::size_t>(stream::opposite(direction))];
    stage_.on_chunk({&connection_, direction, offset, gap, now_, bytes, others, others});
    offset += bytes.size();
  }

  Cutting cutting_;
  Collector collector_;
  HttpStage stage_;
  stream::Connection connection_;
  Timestamp now_{std::chrono::seconds(1'700'000'000)};
  std::uint64_t offsets_[2] = {};
  std::size_t given_ = 0;
};

}  // namespace

Outcome play(const Conversation& conversation, const Options& options, const Cutting& cutting) {
  Player player(options, cutting);
  for (const Step& step : conversation) player.step(step);
  return player.finish(options.end);
}

std::size_t total_bytes(const Conversation& conversation) {
  std::size_t total = 0;
  for (const Step& step : conversation) total += step.bytes.size();
  return total;
}

std::string summary(const Transaction& t) {
  std::string text;
  if (t.request.present) {
    text += std::string(t.method.in(t.request.head)) + " " + std::string(t.target.in(t.request.head));
    if (!t.request.body.empty()) text += " (" + t.request.body + ")";
  }
  if (t.response.present) {
    text += " -> " + std::to_string(t.status);
    if (!t.response.body.empty()) text += " (" + t.response.body + ")";
  }
  for (const auto& finding : t.findings) text += " " + std::string(event::finding_text(finding.kind)->name);
  return text;
}

std::vector<std::string> summaries(const std::vector<Transaction>& transactions) {
  std::vector<std::string> texts;
  for (const Transaction& t : transactions) texts.push_back(summary(t));
  return texts;
}

namespace {

// Everything of an outcome but its times.
std::vector<std::string> everything(const Outcome& outcome) {
  std::vector<std::string> all;
  for (const Transaction& t : outcome.transactions) {
    std::string text = summary(t) + "|" + t.request.head + "|" + t.response.head + "|" + t.host;
    for (const Message* m : {&t.request, &t.response})
      text +=
          "|" + std::to_string(m->body_size) + "," + std::to_string(m->wire_size) + "," + m->content_encoding;
    for (const auto& f : t.findings)
      text += "|" + std::to_string(static_cast<int>(f.kind)) + "," +
              std::to_string(static_cast<int>(f.side)) + "," + std::to_string(f.offset) + "," +
              std::to_string(f.length) + "," + f.detail;
    all.push_back(text);
  }
  return all;
}

}  // namespace

Outcome play_every_way(const Conversation& conversation, const Options& options) {
  Outcome whole = play(conversation, options);
  const auto expected = everything(whole);
  const std::size_t total = total_bytes(conversation);
  const std::size_t stride = total / 2000 + 1;  // long conversations are long for their padding
  for (std::size_t cut = 1; cut < total; cut += stride)
    EXPECT_EQ(everything(play(conversation, options, {0, cut})), expected) << "cut at " << cut;
  EXPECT_EQ(everything(play(conversation, options, {1, 0})), expected) << "byte by byte";
  return whole;
}

const event::Finding* find(const Transaction& transaction, event::FindingKind kind) {
  const auto found = std::ranges::find(transaction.findings, kind, &event::Finding::kind);
  return found == transaction.findings.end() ? nullptr : &*found;
}

bool has(const Transaction& transaction, event::FindingKind kind) {
  return find(transaction, kind) != nullptr;
}

}  // namespace webtap::http::test
