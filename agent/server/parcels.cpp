#include "agent/server/parcels.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <string>

#include "webtap/event/head.h"
#include "webtap/wire/frame_codec.h"

namespace webtap::server {
namespace {

constexpr std::size_t kIdleReaders = 8;
// Of entries, so that they fit into a frame; one event always does.
constexpr std::size_t kMostEntryBytes = wire::kMaxUncompressedBatch - wire::kBatchOverhead;
static_assert(wire::kMaxEvent + wire::kEntryOverhead <= kMostEntryBytes);

wire::GapReason reason_of(spool::GapReason reason) {
  switch (reason) {
    case spool::GapReason::Retention:
      return wire::GapReason::Retention;
    case spool::GapReason::Damage:
      return wire::GapReason::Damage;
    case spool::GapReason::DiskFull:
      return wire::GapReason::DiskFull;
    case spool::GapReason::WriteError:
      return wire::GapReason::WriteError;
    case spool::GapReason::Overload:
      return wire::GapReason::Overload;
    case spool::GapReason::TooLarge:
      return wire::GapReason::TooLarge;
    case spool::GapReason::Restart:
      return wire::GapReason::Restart;
  }
  return wire::GapReason::Unspecified;
}

// Line ends stay, so that the head still has its lines.
void cover(std::string& event, ByteView whole, ByteView part) {
  const auto at = static_cast<std::size_t>(part.data() - whole.data());
  for (std::size_t i = at; i < at + part.size(); ++i) {
    if (event[i] != '\r' && event[i] != '\n') event[i] = '*';
  }
}

bool quotes_fields(event::FindingKind kind) {
  return kind == event::FindingKind::InterimResponse || kind == event::FindingKind::TrailerSection;
}

}  // namespace

// A parcel in the making.
struct Parcels::Draft {
  Parcel parcel;
  std::vector<wire::Entry> entries;
  std::vector<std::shared_ptr<const void>> owners;  // of the entries' bytes
  std::deque<std::string> masked;                   // or they are here
  std::optional<spool::Gap> gap;                    // behind the entries
  wire::Position end = 0;  // what was read from here on is not part of it; 0 = nothing
  std::size_t looked_at = 0;
  bool searching = false;  // there is more, which takes another look
};

Parcels::Parcels(spool::Spool& spool, const Limits& limits, Sharers sharers)
    : spool_(spool), limits_(limits), sharers_(std::move(sharers)) {}

SharedParcel Parcels::next(const std::shared_ptr<const Selection>& selection, wire::Position from) {
  const Key key{selection.get(), from};
  if (const auto found = by_key_.find(key); found != by_key_.end()) return found->second->parcel;
  const SharedParcel parcel = make(*selection, from);
  if (parcel != nullptr && parcel->to >= from) keep(key, selection, parcel);
  return parcel;
}

std::shared_ptr<const Selection> Parcels::shared(Selection selection) {
  std::erase_if(selections_, [](const std::weak_ptr<const Selection>& known) { return known.expired(); });
  for (const auto& known : selections_) {
    const auto held = known.lock();
    if (held != nullptr && *held == selection) return held;
  }
  auto made = std::make_shared<const Selection>(std::move(selection));
  selections_.push_back(made);
  return made;
}

SharedParcel Parcels::make(const Selection& selection, wire::Position from) {
  std::unique_ptr<spool::Reader> reader = reader_at(from);
  Draft draft;
  draft.parcel.from = from;
  while (fill(selection, *reader, draft)) {
  }
  const wire::Position next = draft.end != 0 ? draft.end : reader->position();
  if (draft.end == 0) readers_.push_back(std::move(reader));
  if (readers_.size() > kIdleReaders) readers_.pop_front();
  if (next <= from && !draft.searching) return nullptr;
  draft.parcel.to = next - 1;
  finish(selection, draft);
  return std::make_shared<const Parcel>(std::move(draft.parcel));
}

// Adds what one reading gives. False: the parcel is complete, or there is nothing more.
bool Parcels::fill(const Selection& selection, spool::Reader& reader, Draft& draft) {
  const std::size_t room =
      limits_.parcel_bytes - std::min<std::size_t>(draft.parcel.bytes, limits_.parcel_bytes - 1);
  using Result = spool::Reader::Result;
  // Behind a gap only one more is looked at: whether it is missing too.
  const Result result = reader.read(draft.gap ? 1 : room, spool::Reader::Until::Appended, batch_);
  draft.searching = result == Result::Again;
  if (result == Result::CaughtUp || result == Result::Again) return false;
  if (result == Result::Gap) return add_gap(*batch_.gap, draft);
  const std::size_t before = draft.entries.size();
  const auto left = std::ranges::find_if_not(
      batch_.records, [&](const spool::RecordView& record) { return add(selection, record, draft); });
  if (draft.entries.size() != before) draft.owners.push_back(batch_.owner);
  draft.looked_at += batch_.records.size();
  if (left != batch_.records.end()) {
    if (batch_.records.size() == 1) {
      reader.give_back(*left);
    } else {
      draft.end = left->position;
    }
    return false;
  }
  return draft.parcel.bytes < limits_.parcel_bytes && draft.entries.size() < limits_.parcel_events &&
         draft.looked_at < limits_.looked_at;
}

// A gap ends the parcel, but for what goes on being missing for the same reason.
bool Parcels::add_gap(const spool::Gap& gap, Draft& draft) {
  if (!draft.gap) {
    draft.gap = gap;
    return true;
  }
  if (gap.reason != draft.gap->reason || gap.from != draft.gap->to + 1) {
    draft.end = gap.from;
    return false;
  }
  draft.gap->to = gap.to;
  const bool known = draft.gap->count != 0 && gap.count != 0;
  draft.gap->count = known ? draft.gap->count + gap.count : 0;
  return true;
}

// False: the record is for the next parcel.
bool Parcels::add(const Selection& selection, const spool::RecordView& record, Draft& draft) {
  const auto missing = [&](spool::GapReason reason, std::uint64_t& counter) {
    const bool added = add_gap({record.position, record.position, 1, reason}, draft);
    counter += added ? 1 : 0;
    return added;
  };
  if (record.time < selection.since) return !draft.gap;
  if (record.bytes.size() > wire::kMaxEvent) return missing(spool::GapReason::TooLarge, too_large_);
  ByteView event = record.bytes;
  std::string covered;
  if (!selection.is_everything()) {
    std::string problem;
    if (!wire::view_event(event, view_, problem)) return missing(spool::GapReason::Damage, unreadable_);
    if (!passes(selection, view_)) return !draft.gap;
    if (!selection.bodies) event = wire::without_bodies(event);
    if (mask(selection, event, covered)) event = covered;
  }
  const std::size_t size = event.size() + wire::kEntryOverhead;
  if (draft.gap || draft.parcel.bytes + size > kMostEntryBytes) return false;
  if (!covered.empty()) event = draft.masked.emplace_back(std::move(covered));
  draft.entries.push_back({record.position, event});
  draft.parcel.bytes += size;
  return true;
}

// The event with the values of fields that this subscriber may not see covered; false where there are none.
// `view_` is of an event that begins with `event`.
bool Parcels::mask(const Selection& selection, ByteView event, std::string& out) {
  if (selection.masked_fields.empty()) return false;
  out = event;
  bool any = false;
  for (const ByteView head : {view_.request.head, view_.response.head}) {
    event::FieldLines lines(head);
    for (event::FieldLine line; lines.next(line);) {
      const bool wanted = std::ranges::any_of(selection.masked_fields, [&](const std::string& name) {
        return event::equal_ignoring_case(event::trim(line.name), name);
      });
      if (wanted) cover(out, event, line.value);
      any = any || wanted;
    }
  }
  for (const wire::FindingView& finding : view_.findings) {
    if (!quotes_fields(finding.kind)) continue;
    cover(out, event, finding.detail);
    any = true;
  }
  return any;
}

// On one machine it costs more to compress than to encrypt what compressing would save, unless that is done
// for several.
bool Parcels::compresses(const Selection& selection) const {
  return selection.compression == wire::Compression::Zstd &&
         (!selection.local || sharers_(selection) >= limits_.local_compression);
}

void Parcels::finish(const Selection& selection, Draft& draft) {
  Parcel& parcel = draft.parcel;
  if (!draft.entries.empty()) {
    if (compresses(selection)) {
      compressor_.encode(draft.entries, parcel.frames);
    } else {
      wire::encode_batch(draft.entries, parcel.frames);
    }
    parcel.told = draft.entries.back().position;
    parcel.events = draft.entries.size();
  }
  if (draft.gap) {
    const spool::Gap& gap = *draft.gap;
    wire::encode_frame(wire::Gap{gap.from, gap.to, gap.count, reason_of(gap.reason)}, parcel.frames);
    parcel.told = gap.to;
    parcel.gap = true;
  }
}

// One that stands where it is wanted, or a new one.
std::unique_ptr<spool::Reader> Parcels::reader_at(wire::Position position) {
  const auto found = std::ranges::find_if(
      readers_, [position](const auto& reader) { return reader->position() == position; });
  if (found == readers_.end())
    return std::unique_ptr<spool::Reader>(new spool::Reader(spool_.reader(position)));
  std::unique_ptr<spool::Reader> reader = std::move(*found);
  readers_.erase(found);
  return reader;
}

void Parcels::keep(Key key, const std::shared_ptr<const Selection>& selection, const SharedParcel& parcel) {
  made_.push_back({key, selection, parcel});
  by_key_[key] = std::prev(made_.end());
  made_bytes_ += parcel->frames.size();
  while ((made_bytes_ > limits_.cached_bytes || made_.size() > limits_.cached_parcels) && made_.size() > 1) {
    made_bytes_ -= made_.front().parcel->frames.size();
    by_key_.erase(made_.front().key);
    made_.pop_front();
  }
}

}  // namespace webtap::server
