// What is kept of the parcels that were made last.
#include "agent/server/parcels.h"
#include "tests/unit/spool/spool_fixture.h"
#include "webtap/event/audit_event.h"
#include "webtap/wire/event_codec.h"

namespace webtap::server {
namespace {

class ParcelsCache : public spool::SpoolTest {};

TEST_F(ParcelsCache, parcels_of_which_a_filter_leaves_nothing_are_let_go_too) {
  spool::Spool spool(options_);
  Limits limits;
  limits.cached_parcels = 4;
  Parcels parcels(spool, limits);
  Selection selection;
  selection.hosts = {"*"};
  selection.filter.methods = {"NONE"};
  const auto shared = parcels.shared(selection);
  std::string event;
  std::string problem;
  ASSERT_TRUE(wire::encode_event(event::AuditEvent(), event, problem)) << problem;
  std::vector<std::weak_ptr<const Parcel>> made;
  for (wire::Position at = 1; at <= 20; ++at) {
    append(spool, event);
    const SharedParcel parcel = parcels.next(shared, at);
    ASSERT_NE(parcel, nullptr);
    EXPECT_EQ(parcel->frames, "");
    EXPECT_EQ(parcels.next(shared, at), parcel) << "it is made once";
    made.emplace_back(parcel);
  }
  const auto held = std::ranges::count_if(made, [](const auto& parcel) { return !parcel.expired(); });
  EXPECT_EQ(held, 4);
}

}  // namespace
}  // namespace webtap::server
