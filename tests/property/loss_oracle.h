// Knows a capture before it was damaged, and says what the sensor may, must, and must not make of the rest.
//
// Where a capture does not tell, neither does the oracle; the exceptions stand where they are made:
//  - a connection whose SYN is not in the capture, or whose ports are used more than once, has no positions;
//  - a handshake that comes behind what it opens is mid-stream, or nothing, to who cannot look ahead; nor
//  does
//    anything come before what came first, where there is no handshake;
//  - one sequence number at the end may be FIN or a byte, where FIN was not captured;
//  - bytes that were lost and came again are missing for who did not wait for them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/property/damage.h"
#include "tests/property/replay.h"

namespace webtap::property {

// One direction, as the packets of a capture show it. Offsets count from the byte after SYN.
struct Truth {
  std::optional<std::uint32_t> isn;
  bool ambiguous = false;      // SYN with different sequence numbers
  std::vector<bool> has;       // the byte is in a packet
  std::vector<bool> lost;      // the byte was in a packet that was lost or cut
  std::uint64_t data_end = 0;  // behind the last byte that a packet holds, or was cut off
  std::uint64_t sent = 0;      // so much was sent, by the sequence numbers of this side's own packets
  std::uint64_t acked = 0;     // by the other side's acknowledgments
  std::optional<std::uint64_t> fin;
};

// By the source and the destination.
using Way = std::pair<Endpoint, Endpoint>;
using Truths = std::map<Way, Truth>;

// The connections that the damage touched, and those of them that lost something.
struct Touched {
  std::set<Ends> any;
  std::set<Ends> lossy;
  std::set<Ends> opening;  // of which SYN was moved, or what comes first of a side
};

class LossOracle {
 public:
  explicit LossOracle(const Capture& capture);

  // What is wrong with the outcome of the damaged capture, in words; empty where all is as it must be.
  std::vector<std::string> complaints(const Damage& damage, const Outcome& outcome) const;

  const Outcome& original() const { return original_; }
  const std::vector<SentSegment>& segments() const { return segments_; }

 private:
  // A connection of which both runs know the positions of all bytes.
  struct Pair {
    const SeenConnection* before;
    const SeenConnection* after;
  };

  void check_bytes(const Pair& pair, const Truths& truths, std::vector<std::string>& wrong) const;
  std::map<Ends, Pair> comparable(const Truths& truths, const Outcome& outcome, const Touched& touched) const;

  Outcome original_;
  std::vector<SentSegment> segments_;
  Truths truths_;
};

Truths truths_of(const std::vector<SentSegment>& segments);
Touched touched(const std::vector<SentSegment>& before, const std::vector<SentSegment>& after,
                const Damage& damage);

// What happened to the transactions: http_oracle.cpp.
void check_untouched(const Outcome& before, const Outcome& after, const Touched& touched,
                     std::vector<std::string>& wrong);
void check_complete(const Outcome& before, const Outcome& after, std::vector<std::string>& wrong);
void check_seen(const SeenConnection& before, const SeenConnection& after, const Outcome& original,
                const Outcome& outcome, std::vector<std::string>& wrong);

}  // namespace webtap::property
