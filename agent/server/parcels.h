// Makes parcels from the spool, and keeps those it made last: subscriptions that are level with each other
// cost one reading, one filtering and one compression.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "agent/server/limits.h"
#include "agent/server/parcel.h"
#include "agent/server/selection.h"
#include "agent/spool/spool.h"
#include "webtap/wire/batch_codec.h"

namespace webtap::server {

class Parcels {
 public:
  // How many subscriptions have this selection now.
  using Sharers = std::function<std::size_t(const Selection&)>;

  Parcels(spool::Spool& spool, const Limits& limits, Sharers sharers = {});

  // What comes at `from` of this selection; null while there is nothing. A parcel that has come to
  // `looked_at` events without one that passes is given as it is, so that others have their turn; so is one
  // that ends before `from`, where the place is still being searched for. It holds one gap at most, as its
  // end.
  SharedParcel next(const std::shared_ptr<const Selection>& selection, wire::Position from);

  // The one object for all equal selections.
  std::shared_ptr<const Selection> shared(Selection selection);

  // Events that could not be read back, and those that had no room in a frame: they were said as gaps. Each
  // counts once for each selection and reading.
  std::uint64_t unreadable() const { return unreadable_; }
  std::uint64_t too_large() const { return too_large_; }

 private:
  using Key = std::pair<const Selection*, wire::Position>;
  struct Made {
    Key key;
    std::shared_ptr<const Selection> selection;  // so that its address stays its own
    SharedParcel parcel;
  };
  struct Draft;

  SharedParcel make(const Selection& selection, wire::Position from);
  bool compresses(const Selection& selection) const;
  bool fill(const Selection& selection, spool::Reader& reader, Draft& draft);
  bool add(const Selection& selection, const spool::RecordView& record, Draft& draft);
  static bool add_gap(const spool::Gap& gap, Draft& draft);
  void finish(const Selection& selection, Draft& draft);
  bool mask(const Selection& selection, ByteView event, std::string& out);
  std::unique_ptr<spool::Reader> reader_at(wire::Position position);
  void keep(Key key, const std::shared_ptr<const Selection>& selection, const SharedParcel& parcel);

  spool::Spool& spool_;
  const Limits limits_;
  const Sharers sharers_;
  wire::BatchCompressor compressor_;
  wire::EventView view_;
  spool::ReadBatch batch_;
  std::list<std::unique_ptr<spool::Reader>> readers_;  // idle; the most recently used last
  std::list<Made> made_;                               // the oldest first
  std::map<Key, std::list<Made>::iterator> by_key_;
  std::size_t made_bytes_ = 0;
  std::vector<std::weak_ptr<const Selection>> selections_;
  std::uint64_t unreadable_ = 0;
  std::uint64_t too_large_ = 0;
};

}  // namespace webtap::server
