// What subscribers are sent of a spool: batches that fit into frames, and gaps for what does not come.
#include "agent/server/parcels.h"

#include <variant>

#include "tests/unit/spool/spool_fixture.h"
#include "webtap/wire/frame_codec.h"

namespace webtap::server {
namespace {

using spool::GapReason;
using spool::Spool;

std::string event(const std::string& host, std::size_t body = 0) {
  event::AuditEvent event;
  event.host = host;
  event.response.present = true;
  event.response.body.assign(body, 'b');
  event.response.body_size = event.response.wire_size = body;
  std::string bytes, problem;
  if (!wire::encode_event(event, bytes, problem)) std::abort();
  return bytes;
}

// One frame: the positions of a batch, or a gap.
struct Told {
  std::vector<wire::Position> positions;
  std::optional<wire::Gap> gap;
  std::size_t bytes = 0;

  bool operator==(const Told& other) const {
    return positions == other.positions && gap.has_value() == other.gap.has_value() &&
           (!gap || (gap->from == other.gap->from && gap->to == other.gap->to &&
                     gap->count == other.gap->count && gap->reason == other.gap->reason));
  }
};
Told batch(std::vector<wire::Position> positions) { return {std::move(positions), std::nullopt, 0}; }
Told gap(wire::Position from, wire::Position to, std::uint64_t count, wire::GapReason reason) {
  return {{}, wire::Gap{from, to, count, reason}, 0};
}
void PrintTo(const Told& told, std::ostream* out) {
  if (told.gap) *out << "gap " << told.gap->from << "-" << told.gap->to << " (" << told.gap->count << ")";
  for (const wire::Position position : told.positions) *out << position << " ";
}

std::vector<Told> frames_of(const Parcel& parcel) {
  std::vector<Told> told;
  ByteView rest = parcel.frames;
  while (!rest.empty()) {
    std::size_t size = 0;
    for (std::size_t i = 0; i < 4; ++i) size = size << 8 | static_cast<unsigned char>(rest[i]);
    EXPECT_LE(size, wire::kMaxDataFrame);
    wire::Frame frame;
    std::string problem;
    EXPECT_TRUE(wire::decode_frame(rest.substr(4, size), frame, problem)) << problem;
    Told& now = told.emplace_back();
    now.bytes = size;
    if (const auto* gap = std::get_if<wire::Gap>(&frame)) now.gap = *gap;
    if (const auto* batch = std::get_if<wire::Batch>(&frame)) {
      wire::BatchReader reader;
      std::vector<wire::Entry> entries;
      EXPECT_TRUE(reader.read(*batch, entries, problem)) << problem;
      for (const wire::Entry& entry : entries) now.positions.push_back(entry.position);
    }
    rest.remove_prefix(4 + size);
  }
  return told;
}

class ParcelsTest : public spool::SpoolTest {
 protected:
  ParcelsTest() {
    options_.memory_bytes = 64u << 20;
    everything_.bodies = true;
    everything_.hosts = {"*"};
    filtered_ = everything_;
    filtered_.filter.hosts = {"*.test"};
  }

  static std::shared_ptr<const Selection> shared(const Selection& selection) {
    return std::make_shared<const Selection>(selection);
  }
  // All that there is from `from` on, a parcel being a list of frames.
  static std::vector<std::vector<Told>> all(Parcels& parcels, const Selection& selection,
                                            wire::Position from = 1) {
    const auto held = shared(selection);
    std::vector<std::vector<Told>> told;
    while (const SharedParcel parcel = parcels.next(held, from)) {
      EXPECT_EQ(parcel->from, from);
      if (!parcel->frames.empty()) told.push_back(frames_of(*parcel));
      from = parcel->to + 1;
    }
    return told;
  }

  Selection everything_;
  Selection filtered_;
  Limits limits_;
};

TEST_F(ParcelsTest, WhatIsNoEventIsSaidAsDamageInItsPlace) {
  Spool spool(options_);
  for (const char* bytes : {"", "", "x", "y", "", "z"}) append(spool, *bytes == 0 ? event("a.test") : bytes);
  Parcels parcels(spool, limits_);
  EXPECT_THAT(all(parcels, filtered_),
              testing::ElementsAre(std::vector{batch({1, 2}), gap(3, 4, 2, wire::GapReason::Damage)},
                                   std::vector{batch({5}), gap(6, 6, 1, wire::GapReason::Damage)}));
  EXPECT_EQ(parcels.unreadable(), 3u);
  EXPECT_EQ(parcels.too_large(), 0u);
}

// From disk, too: where the reader stands must be right behind what was given back.
TEST_F(ParcelsTest, OrderStaysWhereRecordsComeFromSegments) {
  {
    Spool spool(options_);
    for (int i = 0; i < 30; ++i) append(spool, i % 5 == 3 ? "x" : event("a.test"));
    ASSERT_TRUE(sync(spool));
  }
  Spool spool(options_);
  Parcels parcels(spool, limits_);
  const auto told = all(parcels, filtered_);
  ASSERT_EQ(told.size(), 7u);
  wire::Position at = 1;
  for (std::size_t i = 0; i < 6; ++i, at += 5) {
    const std::vector<wire::Position> first = i == 0
                                                  ? std::vector<wire::Position>{1, 2, 3}
                                                  : std::vector<wire::Position>{at - 1, at, at + 1, at + 2};
    EXPECT_EQ(told[i], (std::vector{batch(first), gap(at + 3, at + 3, 1, wire::GapReason::Damage)})) << i;
  }
  EXPECT_EQ(told[6], std::vector{batch({30})});
}

TEST_F(ParcelsTest, WhatHasNoRoomInAFrameIsSaidAndDoesNotStopTheRest) {
  Spool spool(options_);
  append(spool, event("a.test"));
  append(spool, std::string(wire::kMaxEvent + 1, 'x'));
  spool.leave_out_too_large(Timestamp());
  append(spool, event("a.test"));
  Parcels parcels(spool, limits_);
  for (const Selection& selection : {everything_, filtered_}) {
    EXPECT_THAT(all(parcels, selection),
                testing::ElementsAre(std::vector{batch({1}), gap(2, 3, 2, wire::GapReason::TooLarge)},
                                     std::vector{batch({4})}));
  }
  EXPECT_EQ(parcels.too_large(), 2u);
  EXPECT_EQ(spool.counters().too_large, 1u);
  EXPECT_EQ(spool.counters().refused, 1u);
}

// One that fits alone must not be put behind others into a frame that nobody takes.
TEST_F(ParcelsTest, ALargeEventBehindSmallOnesHasAFrameOfItsOwn) {
  Spool spool(options_);
  append(spool, event("a.test", 100));
  const std::string large = event("a.test", wire::kMaxEvent - 200);
  ASSERT_GT(large.size(), wire::kMaxEvent - 200);
  append(spool, large);
  append(spool, event("a.test", 100));
  Parcels parcels(spool, limits_);
  for (const Selection& selection : {everything_, filtered_}) {
    const auto told = all(parcels, selection);
    ASSERT_EQ(told.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(told[i], std::vector{batch({i + 1})});
  }
}

}  // namespace
}  // namespace webtap::server
