// A conversation as text: bytes from 0xf8 on are steps, all others are what the side whose turn it is says.
#pragma once

#include <string>
#include <vector>

#include "agent/http/http_stage.h"
#include "tests/fuzz/input.h"

namespace webtap::fuzz {

enum Step : std::uint8_t {
  kClient = 0xf8,     // the client's turn
  kServer = 0xf9,     // the server's
  kClientGap = 0xfa,  // as many bytes as the next byte says, and one more, are missing
  kServerGap = 0xfb,
  kClientEnd = 0xfc,
  kServerEnd = 0xfd,
  kCut = 0xfe,  // the bytes before and behind it come in two chunks
};

// What came out, as text; times left out.
class HttpPlayer final : public http::TransactionHandler {
 public:
  HttpPlayer(const http::Limits& limits, bool handshake_seen, std::size_t piece)
      : stage_(limits, *this), piece_(piece) {
    connection_.handshake_seen = handshake_seen;
  }

  void play(Input input) {
    while (!input.empty()) {
      say(input.until(kClient));
      if (!input.empty()) step(static_cast<Step>(input.u8()), input);
    }
    stage_.on_end(connection_, stream::EndReason::Finished, now_);
  }
  const std::string& transactions() const { return transactions_; }

 private:
  void step(Step step, Input& input) {
    const auto direction =
        step % 2 == 0 ? stream::Direction::FromInitiator : stream::Direction::FromResponder;
    if (step == kCut) return;
    if (step == kClient || step == kServer) turn_ = direction;
    if (step == kClientGap || step == kServerGap) give(direction, {}, input.u8() + 1u);
    if (step == kClientEnd || step == kServerEnd) stage_.on_direction_end(connection_, direction, now_);
  }
  void say(ByteView text) {
    while (!text.empty()) {
      const Exact part(text.substr(0, piece_));
      give(turn_, part.view(), 0);
      text.remove_prefix(part.view().size());
    }
  }
  void give(stream::Direction direction, ByteView bytes, std::uint64_t gap) {
    now_ += Duration(1);
    stage_.on_chunk({&connection_, direction, 0, gap, now_, bytes});
  }
  void on_transaction(http::Transaction& t) override {
    transactions_ += "\n--- " + std::to_string(t.status) + " " + t.host;
    for (const http::Message* m : {&t.request, &t.response})
      transactions_ += "\n<" + m->head + "|" + m->body + "|" + std::to_string(m->body_size) + " " +
                       std::to_string(m->wire_size) + " " + std::to_string(m->first_gap) + ">";
    for (const event::Finding& f : t.findings)
      transactions_ += "\n" + std::string(event::finding_text(f.kind)->name) + " " +
                       std::to_string(static_cast<int>(f.side)) + " " + std::to_string(f.offset) + " " +
                       std::to_string(f.length) + " " + f.detail;
    require(t.method.in(t.request.head).size() + t.target.in(t.request.head).size() <= t.request.head.size(),
            "method and target are in the head");
    t.server_field.in(t.response.head);
  }

  http::HttpStage stage_;
  std::size_t piece_;
  stream::Connection connection_;
  stream::Direction turn_{};
  Timestamp now_{};
  std::string transactions_;
};

}  // namespace webtap::fuzz
