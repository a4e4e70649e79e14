// Makes an audit event of each transaction: names it, undoes content codings, masks, draws its boundary.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "agent/audit/event_handler.h"
#include "agent/audit/masker.h"
#include "agent/audit/transaction_id.h"
#include "agent/http/content_coding.h"
#include "agent/http/transaction.h"

namespace webtap::audit {

enum class Bodies : std::uint8_t {
  Decoded,  // content codings undone
  Wire,     // as they came, with their transfer framing (http::Limits::keep_framing)
};

struct Options {
  std::string sensor;
  std::array<std::uint8_t, 16> sensor_uuid{};
  std::uint64_t boot_epoch = 0;  // microseconds since 1970
  // Of the events' sequence numbers: several auditors of one run share them out.
  std::uint64_t first_sequence = 1;
  std::uint64_t sequence_step = 1;
  std::string producer;
  Bodies bodies = Bodies::Decoded;
  http::DecodeLimits decode;
  std::vector<std::string> masked_names;  // of header fields, cookies, parameters, form fields, JSON members
};

// Findings are counted by the number of their kind; numbers that do not fit are counted as 0.
inline constexpr std::size_t kFindingNumbers = 128;

struct Counters {
  std::uint64_t events = 0;
  std::uint64_t bodies_decoded = 0;
  std::uint64_t boundaries_redrawn = 0;
  std::array<std::uint64_t, kFindingNumbers> findings{};
};

class Auditor final : public http::TransactionHandler {
 public:
  using RandomWords = std::function<std::uint32_t()>;

  // Draws boundaries from the system's random source.
  Auditor(Options options, EventHandler& next);
  // Draws them from `random`, whose words must be unpredictable to those who send HTTP.
  Auditor(Options options, EventHandler& next, RandomWords random);

  void on_transaction(http::Transaction& transaction) override;
  const Counters& counters() const { return counters_; }
  const Masker& masker() const { return masker_; }

 private:
  void name(event::AuditEvent& event);
  // Moves the message over and undoes its content coding; gives what masking must know of the body.
  BodyForm take(http::Message& message, event::Side side, event::HttpMessage& out,
                std::vector<event::Finding>& findings);
  bool decode(const http::Message& message, event::Side side, event::HttpMessage& out,
              std::vector<event::Finding>& findings);
  void draw_boundary(event::AuditEvent& event);
  void count(const event::AuditEvent& event);

  const Options options_;
  EventHandler& next_;
  RandomWords random_;
  TransactionIds ids_;
  Masker masker_;
  std::uint64_t next_sequence_;
  std::string decoded_;
  Counters counters_;
};

}  // namespace webtap::audit
