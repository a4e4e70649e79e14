// The slow path: segments that do not simply continue their direction. Keeps them until what is missing
// before them has come, or is known not to come.
//
// What ends the wait for a hole:
//  - both sides agree that the bytes were sent: the receiver has acknowledged them, and the sender's own
//  sequence
//    numbers are past them. Limits::reorder_tolerance is waited then, as captures are often slightly out of
//    order. The receiver's word alone is not enough: a client could make its server's answer vanish from view
//    by acknowledging it in advance, which servers ignore (RFC 9293, section 3.10.7.4);
//  - bytes wait behind it for Limits::gap_timeout;
//  - a limit on what may be buffered;
//  - the end of the connection.
//
// Cause before effect: bytes that acknowledge what the other direction has not delivered yet are held until
// it has, so that no response overtakes its request; where it never does, for Limits::reorder_tolerance.
//
// A direction has one timer for all of its holes: one that shows up while the timer runs for another may have
// to wait for twice the tolerance.
#pragma once

#include <cstdint>

#include "agent/stream/backlog.h"
#include "agent/stream/flow.h"
#include "agent/stream/outlet.h"
#include "agent/stream/reassembler.h"

namespace webtap::stream {

class Sequencer {
 public:
  Sequencer(const Limits& limits, Counters& counters, Outlet& outlet);

  // What a segment brought. settle() has to follow.
  void accept(Flow& flow, Direction d, Arrival arrival);
  void accept_fin(Flow& flow, Direction d, const Arrival& segment);
  // The sender's sequence numbers are at `position`: it has sent what is before.
  void speak(Flow& flow, Direction d, std::uint64_t position);
  // Something acknowledged may be missing in this direction.
  void await(Flow& flow, Direction d);
  // Gives up, as a gap, what is before `position` in a direction of which nothing was ever buffered.
  void skip(Flow& flow, Direction d, std::uint64_t position, Timestamp time);
  // The connection was reset: nobody will fill its holes any more.
  void hurry(Flow& flow);

  // Passes on what can be, and sets the time until which the rest waits.
  void settle(Flow& flow, Timestamp now);
  // Believes the holes that were waited for long enough.
  void give_up_waiting(Flow& flow, Timestamp now);
  // Lets go of a part of what is buffered, at least.
  void force(Flow& flow, Timestamp now);
  // Passes on all there is, with its gaps.
  void flush(Flow& flow, Timestamp now);

  const Backlog& backlog() const { return backlog_; }

 private:
  Pending& pend(Flow& flow);
  void release(Flow& flow);

  static bool held(const Flow& flow, Direction d, std::uint64_t ack);
  static std::uint64_t believable(const Flow& flow, Direction d);
  static bool ends_with_fin(const Flow& flow, Direction d, std::uint64_t until);
  static std::uint64_t tail_end(const Flow& flow, Direction d);
  static bool has_hole(const Flow& flow, Direction d);
  static bool idle(const Flow& flow, Direction d);
  static bool waits_for_other(const Flow& flow, Direction d);

  void leave_out_behind_fin(Flow& flow, Direction d, Arrival& arrival);
  void hold(Flow& flow, Direction d, const Arrival& arrival);
  static std::uint64_t missing_until(const Flow& flow, Direction d);
  std::uint64_t leave_missing(Flow& flow, Direction d);
  static bool first_may_go(const Flow& flow, Direction d);
  bool believe(Flow& flow, Direction d, Timestamp now);
  bool drain(Flow& flow, Direction d, Timestamp now);
  void drain(Flow& flow, Timestamp now);
  void end_direction_if_reached(Flow& flow, Direction d);
  void give_up_waiting(Flow& flow, Direction d, Timestamp now);
  void pass_tail(Flow& flow, Direction d, std::uint64_t until, Timestamp now);
  void abandon(Flow& flow, Timestamp now);
  void arm(Flow& flow, Direction d, Timestamp now);
  Timestamp deadline(const Waiting& waiting) const;

  Duration reorder_tolerance_;
  Duration gap_timeout_;
  Counters& counters_;
  Outlet& outlet_;
  Backlog backlog_;
};

}  // namespace webtap::stream
