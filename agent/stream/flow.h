// What is kept of a connection while nothing of it is buffered: 256 bytes.
//
// A position is a sequence number unwrapped to 64 bits: its low 32 bits are the sequence number, the higher
// ones begin at an arbitrary value and count how often the number wrapped. Offset = position - origin.
#pragma once

#include <cstdint>
#include <memory>

#include "agent/stream/backlog.h"
#include "agent/stream/chunk.h"

namespace webtap::stream {

// Data and acknowledgments further than this from what is expected are of no window that a connection can
// have (RFC 7323, section 2.3).
constexpr std::int64_t kLargestWindow = std::int64_t{1} << 30;

constexpr std::uint64_t first_position(std::uint32_t sequence) { return std::uint64_t{1} << 40 | sequence; }

struct Half {
  std::uint64_t next = 0;            // first byte not yet passed on
  std::uint64_t origin = 0;          // offset 0
  std::uint64_t acked = 0;           // the other side has acknowledged what is before this; 0: nothing
  std::uint64_t excused = 0;         // the other direction no longer waits for what is before this
  std::uint64_t fin = 0;             // of FIN, if has_fin
  std::uint32_t isn = 0;             // sequence number of SYN, if has_syn
  std::uint32_t history = 0;         // of HistoryPool; 0: none
  std::uint32_t history_length = 0;  // bytes before `next` that are in `history`
  bool known : 1 = false;            // next and origin mean something
  bool seen : 1 = false;             // this side has sent a segment, else it is known from acknowledgments
  bool has_syn : 1 = false;
  bool has_fin : 1 = false;
  bool ended : 1 = false;      // FIN was reached
  bool delivered : 1 = false;  // a chunk was passed on: origin is fixed

  std::uint64_t position_of(std::uint32_t sequence) const {
    const auto distance = static_cast<std::int32_t>(sequence - static_cast<std::uint32_t>(next));
    return next + static_cast<std::uint64_t>(static_cast<std::int64_t>(distance));
  }
  std::int64_t distance(std::uint64_t position) const { return static_cast<std::int64_t>(position - next); }
  bool in_window(std::uint64_t position) const {
    return distance(position) <= kLargestWindow && distance(position) >= -kLargestWindow;
  }
  bool answered() const { return delivered && acked > origin; }
  // Where acknowledgments of all that was passed on stand: FIN takes a sequence number too.
  std::uint64_t consumed() const { return ended ? fin + 1 : next; }

  void begin_at(std::uint64_t position) {
    known = true;
    next = origin = position;
  }
};

// Which time-out applies, and in which order connections are given up when there are too many.
enum class IdleClass : std::uint8_t {
  Embryonic,    // no data
  Closing,      // FIN or RST was seen
  Unanswered,   // data that nobody has acknowledged: whoever sent it may have forged its address
  Established,  // data that the other side has acknowledged
};
constexpr std::size_t kIdleClasses = 4;

constexpr std::uint32_t kNoSlot = ~std::uint32_t{0};

// Aligned so that a look-up touches no cache line but its own four.
struct alignas(64) Flow {
  Connection connection;

  std::unique_ptr<Pending> pending;  // while something is buffered or waited for
  Timestamp last;                    // time of the latest segment
  Timestamp listed;                  // time of its place in the idle list
  std::uint32_t previous = kNoSlot;  // idle list
  std::uint32_t following = kNoSlot;
  std::uint32_t hash = 0;
  std::uint32_t source = 0;                 // of the initiator: SourceShares
  std::uint32_t source_previous = kNoSlot;  // the connections of the same source
  std::uint32_t source_following = kNoSlot;
  std::uint32_t rival_isn = 0;  // of a SYN that would begin another connection, if has_rival
  IdleClass idle_class = IdleClass::Embryonic;
  Direction rival_direction{};
  bool has_rival : 1 = false;
  bool rival_is_likely : 1 = false;  // the old connection seems to be over
  bool reset : 1 = false;            // a plausible RST was seen
  bool reset_exact : 1 = false;      // RST had the very sequence number expected
  bool closed : 1 = false;           // on_end was called; kept to absorb retransmissions
  bool shed : 1 = false;             // nothing of it is passed on: see Reassembler::shed_new()
  bool steady : 1 = false;           // both sides seen, established, nothing closing

  Half halves[2];

  // Data of one side was acknowledged by the other: neither side's address is forged.
  bool answered() const { return halves[0].answered() || halves[1].answered(); }

  Half& half(Direction d) { return halves[static_cast<std::size_t>(d)]; }
  const Half& half(Direction d) const { return halves[static_cast<std::size_t>(d)]; }
};
static_assert(sizeof(Flow) == 256);

}  // namespace webtap::stream
