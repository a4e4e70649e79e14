// What a subscriber is sent, and when.
#include "session_fixture.h"

namespace webtap::server {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(SessionTest, a_subscriber_is_welcomed_and_sent_what_there_is) {
  owner.give(parcel_of(1, 3));
  owner.give(parcel_of(4, 4));
  line->shake_hands();
  EXPECT_FALSE(session->subscribed());
  line->say(bytes_of(subscription("siem")));
  line->settle();
  EXPECT_EQ(owner.asked.durable_name, "siem");
  EXPECT_EQ(owner.subscribed, 1);
  EXPECT_THAT(said(), ElementsAre("welcome", "1-3", "4-4"));
  owner.give(parcel_of(5, 6));
  session->wake();
  line->settle();
  EXPECT_THAT(said(), ElementsAre("5-6"));
}

TEST_F(SessionTest, cuts_anywhere_make_no_difference) {
  owner.give(parcel_of(1, 3));
  const std::string bytes = bytes_of(subscription()) + bytes_of(wire::Heartbeat{}) + kOfAnUnknownKind +
                            bytes_of(wire::Goodbye{wire::GoodbyeCode::Done, "", 0});
  std::optional<std::vector<std::string>> whole;
  for (std::size_t piece = bytes.size(); piece > 0; --piece) {
    connect();
    line->shake_hands();
    line->say(bytes, piece);
    line->settle();
    if (!whole)
      whole = said();
    else
      EXPECT_EQ(said(), *whole) << piece;
    EXPECT_THAT(*whole, testing::Contains("welcome"));
    EXPECT_TRUE(line->shut);
  }
}

TEST_F(SessionTest, nothing_is_written_while_something_is_being_written) {
  subscribe();
  owner.give(parcel_of(1, 1));
  session->wake();
  ASSERT_TRUE(line->is_writing());
  owner.give(parcel_of(2, 2));
  session->wake();
  session->wake();
  line->take();
  EXPECT_THAT(said(), ElementsAre("1-1"));
  line->take();
  EXPECT_THAT(said(), ElementsAre("2-2"));
}

TEST_F(SessionTest, the_window_is_not_exceeded_in_events) {
  for (wire::Position at = 1; at < 20; at += 4) owner.give(parcel_of(at, at + 3, 0));
  subscribe();
  session->wake();
  line->settle();
  line->say(bytes_of(wire::Ack{3}));  // of the first batch, but not all
  line->settle();
  EXPECT_THAT(said(), IsEmpty());
  line->say(bytes_of(wire::Ack{4}));
  line->settle();
  EXPECT_THAT(said(), ElementsAre("9-12"));
  line->say(bytes_of(wire::Ack{12}));
  line->settle();
  EXPECT_THAT(said(), ElementsAre("13-16", "17-20"));
  EXPECT_THAT(owner.acknowledged, ElementsAre(3, 4, 12));
}

TEST_F(SessionTest, the_window_is_not_exceeded_in_bytes_but_for_one_batch) {
  owner.give(parcel_of(1, 1, 5000));  // larger than the window
  owner.give(parcel_of(2, 2, 600));
  owner.give(parcel_of(3, 3, 500));
  line->shake_hands();
  line->say(bytes_of(subscription()));
  line->settle();
  EXPECT_THAT(said(), ElementsAre("welcome", "1-1"));
  line->say(bytes_of(wire::Ack{1}));
  line->settle();
  EXPECT_THAT(said(), ElementsAre("2-2"));
}

TEST_F(SessionTest, gaps_count_so_that_a_subscriber_who_acknowledges_nothing_makes_nothing_grow) {
  limits.gap_interval = {};
  for (wire::Position at = 1; at < 100; ++at) owner.give(gap_parcel(at, at));
  line->shake_hands();
  line->say(bytes_of(subscription()));
  line->settle();
  const auto texts = said();
  EXPECT_EQ(texts.size(), 11U);  // the Welcome, and the window
  EXPECT_EQ(texts.back(), "gap to 10");
}

TEST_F(SessionTest, a_gap_waits_for_the_one_before_and_holds_its_order) {
  for (const bool waits : {true, false}) {
    limits.gap_interval = std::chrono::hours(waits ? 1 : 0);
    owner.give(parcel_of(1, 2));
    owner.give(gap_parcel(3, 3));
    owner.give(parcel_of(4, 4));
    owner.give(gap_parcel(5, 6));
    owner.give(parcel_of(7, 7));
    connect();
    line->shake_hands();
    line->say(bytes_of(subscription()));
    line->settle();
    session->wake();
    line->settle();
    if (waits) {
      EXPECT_THAT(said(), ElementsAre("welcome", "1-2", "gap to 3", "4-4"));
      EXPECT_FALSE(session->has_sent_everything());
    } else {
      EXPECT_THAT(said(), ElementsAre("welcome", "1-2", "gap to 3", "4-4", "gap to 6", "7-7"));
    }
  }
}

TEST_F(SessionTest, what_was_not_sent_or_was_acknowledged_before_cannot_be_acknowledged) {
  owner.give(parcel_of(1, 3));
  for (const wire::Position position :
       {wire::Position{4}, wire::Position{1}, ~wire::Position{0}, wire::Position{0}}) {
    connect();
    subscribe();
    line->say(bytes_of(wire::Ack{2}));
    line->say(bytes_of(wire::Ack{2}));  // the same again is none
    EXPECT_FALSE(session->ending());
    line->say(bytes_of(wire::Ack{position}));
    line->settle();
    EXPECT_THAT(said(), ElementsAre("error invalid-ack")) << position;
    finish();
    EXPECT_THAT(owner.ends.back(), HasSubstr("invalid-ack"));
  }
}

TEST_F(SessionTest, what_a_filter_leaves_out_is_told_with_the_next_tick_and_may_be_acknowledged) {
  owner.give(empty_parcel(1, 50));
  owner.give(empty_parcel(51, 99));
  subscribe();
  EXPECT_THAT(said(), IsEmpty());
  session->tick(in(seconds(1)));
  line->settle();
  EXPECT_THAT(said(), ElementsAre("skip to 99"));
  line->say(bytes_of(wire::Ack{99}));
  EXPECT_THAT(owner.acknowledged, ElementsAre(99));
  session->tick(in(seconds(2)));
  line->settle();
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(SessionTest, who_looks_through_what_is_not_for_him_gives_others_their_turn) {
  owner.give(empty_parcel(1, 50));
  owner.give(empty_parcel(51, 60));
  owner.give(parcel_of(61, 61));
  subscribe();
  connect();
  line->shake_hands();
  line->say(bytes_of(subscription()));
  line->take();
  EXPECT_FALSE(line->is_writing());
  EXPECT_TRUE(line->turn());
  line->take();
  EXPECT_THAT(said(), ElementsAre("welcome", "61-61"));
}

TEST_F(SessionTest, a_new_grant_holds_for_what_waits_too) {
  owner.give(parcel_of(1, 8));
  owner.give(parcel_of(9, 16));
  owner.others[9] = parcel_of(10, 10);
  line->shake_hands();
  line->say(bytes_of(subscription()));
  line->settle();
  EXPECT_THAT(said(), ElementsAre("welcome", "1-8"));  // the next waits for the window
  session->regrant({}, owner.other);
  line->say(bytes_of(wire::Ack{8}));
  line->settle();
  EXPECT_THAT(said(), ElementsAre("10-10"));
}

TEST_F(SessionTest, a_start_at_a_time_matters_until_the_first_event_only) {
  owner.granted.then = owner.other;
  owner.give(empty_parcel(1, 5));
  owner.give(parcel_of(6, 6));
  owner.others[7] = parcel_of(7, 7);
  line->shake_hands();
  line->say(bytes_of(subscription()));
  line->settle();
  EXPECT_THAT(said(), ElementsAre("welcome", "6-6", "7-7"));
}

}  // namespace
}  // namespace webtap::server
