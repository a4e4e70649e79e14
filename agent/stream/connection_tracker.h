// Which connections there are: finds the one a segment belongs to, opens and ends them, and leads each
// segment to the fast path or to the Sequencer.
#pragma once

#include <cstdint>
#include <span>

#include "agent/stream/flow_table.h"
#include "agent/stream/handshake.h"
#include "agent/stream/idle_lists.h"
#include "agent/stream/outlet.h"
#include "agent/stream/reassembler.h"
#include "agent/stream/sequencer.h"
#include "agent/stream/source_lists.h"

namespace webtap::stream {

class Reassembler::Impl {
 public:
  Impl(const Limits& limits, ChunkHandler& next);

  void on_segment(const decode::Segment& segment);
  void on_segments(std::span<const decode::Segment> segments);
  void advance(Timestamp now);
  void shed_new(bool shed) { sheds_ = shed; }
  void finish();
  const Counters& counters();

 private:
  std::uint32_t expect(const decode::Segment& segment, std::uint32_t hash);
  void take(const decode::Segment& segment, std::uint32_t hash);
  void on_contradictory(const decode::Segment& segment);
  bool continues(Flow& flow, Direction d, const decode::Segment& segment);

  void open(const decode::Segment& segment);
  Flow& insert(const Endpoint& initiator, const Endpoint& responder, Timestamp time);
  void make_room();
  void reopen(Flow& flow, const decode::Segment& segment);

  void track(Flow& flow, Direction d, const decode::Segment& segment);
  void track_shed(Flow& flow, Direction d, const decode::Segment& segment);
  void track_syn(Flow& flow, Direction d, const decode::Segment& segment);
  void track_rst(Flow& flow, Direction d, const decode::Segment& segment);
  void track_closed(Flow& flow, Direction d, const decode::Segment& segment);
  static bool precedes_handshake(const Flow& flow, Direction d, const decode::Segment& segment);
  void carry(Flow& flow, Direction d, const decode::Segment& segment);
  bool locate(Flow& flow, Direction d, const decode::Segment& segment, std::uint64_t& position);
  std::uint64_t note_ack(Flow& flow, Direction of, const decode::Segment& segment);
  void reclassify(Flow& flow, bool has_data);

  void settle(Flow& flow);
  void conclude(Flow& flow);
  void end(Flow& flow, EndReason reason);
  void remove(Flow& flow);
  void expire();

  Limits limits_;
  Counters counters_;
  Outlet outlet_;
  Sequencer sequencer_;
  FlowTable flows_;
  IdleLists idle_;
  SourceLists sources_;
  Timestamp now_ = Timestamp::min();          // the latest packet's time
  Timestamp next_expiry_ = Timestamp::max();  // no time-out passes before this
  std::uint64_t last_id_ = 0;
  bool sheds_ = false;
};

}  // namespace webtap::stream
