// How a session is refused, and how it ends.
#include "session_fixture.h"

namespace webtap::server {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(SessionTest, the_first_frame_must_subscribe) {
  for (const wire::Frame& frame :
       std::vector<wire::Frame>{wire::Ack{1}, wire::Heartbeat{}, wire::Welcome{}, wire::Goodbye{}}) {
    connect();
    line->shake_hands();
    line->say(bytes_of(frame));
    line->settle();
    EXPECT_THAT(said(), ElementsAre("error unexpected")) << frame.index();
    EXPECT_TRUE(line->shut);
    EXPECT_FALSE(line->closed);  // so that the peer reads the error
    line->hang_up();
    EXPECT_TRUE(line->closed);
  }
  EXPECT_EQ(owner.subscribed, 0);
}

TEST_F(SessionTest, before_it_subscribes_nobody_may_say_more_than_four_kilobytes) {
  line->shake_hands();
  line->say(std::string("\x00\x00\x10\x01", 4));  // 4097: refused before they come
  line->settle();
  EXPECT_THAT(said(), ElementsAre("error frame-too-large"));
  finish();
  EXPECT_THAT(owner.ends, ElementsAre(HasSubstr("frame-too-large")));
}

TEST_F(SessionTest, frames_that_cannot_be_read_are_said_to_be_so) {
  line->shake_hands();
  line->say(std::string("\x00\x00\x00\x02\xff\xff", 6));
  line->settle();
  EXPECT_THAT(said(), ElementsAre("error malformed"));
  finish();
  connect();
  line->shake_hands();
  line->say(bytes_of(subscription("no/name")));
  line->settle();
  EXPECT_THAT(said(), ElementsAre("error invalid-subscription"));
}

TEST_F(SessionTest, a_refusal_is_said_and_closes) {
  owner.refusal = wire::Error{wire::ErrorCode::NotPermitted, "not you", 0};
  line->shake_hands();
  line->say(bytes_of(subscription()));
  line->settle();
  EXPECT_THAT(said(), ElementsAre("error not-permitted"));
  EXPECT_FALSE(session->subscribed());
  finish();
  EXPECT_THAT(owner.ends, ElementsAre("not-permitted: not you"));
}

TEST_F(SessionTest, a_second_subscription_and_a_sensors_frames_end_the_session) {
  for (const wire::Frame& frame :
       std::vector<wire::Frame>{subscription(), wire::Welcome{}, wire::Gap{1, 2, 2, {}}, wire::Skip{3}}) {
    connect();
    subscribe();
    line->say(bytes_of(frame));
    line->settle();
    EXPECT_TRUE(session->ending()) << frame.index();
    EXPECT_THAT(said(), ElementsAre(testing::StartsWith("error "))) << frame.index();
  }
}

TEST_F(SessionTest, a_handshake_that_failed_leaves_time_for_the_alert) {
  line->shake_hands(asio::error::access_denied);
  EXPECT_TRUE(line->shut);
  EXPECT_FALSE(line->closed);
  line->say("what the peer still says");
  EXPECT_FALSE(line->closed);
  line->hang_up();
  EXPECT_TRUE(line->closed);
  EXPECT_THAT(owner.ends, ElementsAre("no handshake: certificate expired"));
}

TEST_F(SessionTest, a_peer_that_closes_after_the_goodbye_is_not_waited_for) {
  subscribe();
  session->leave({wire::GoodbyeCode::Shutdown, "the sensor stops", 0});
  line->settle();
  EXPECT_TRUE(line->shut);
  EXPECT_FALSE(line->closed);
  line->hang_up();
  EXPECT_TRUE(line->closed);
  EXPECT_THAT(owner.ends, ElementsAre("the sensor stops"));
}

TEST_F(SessionTest, to_a_peer_that_closed_first_the_goodbye_is_still_sent) {
  subscribe();
  session->leave({wire::GoodbyeCode::Shutdown, "the sensor stops", 0});
  line->hang_up();
  EXPECT_FALSE(line->closed);
  line->settle();
  EXPECT_TRUE(line->closed);
  EXPECT_THAT(said(), ElementsAre(HasSubstr("goodbye")));
}

TEST_F(SessionTest, who_does_not_subscribe_in_time_is_closed) {
  session->tick(in(limits.first_frame - seconds(1)));
  EXPECT_FALSE(line->closed);
  session->tick(in(limits.first_frame + seconds(1)));
  EXPECT_TRUE(line->closed);
  EXPECT_THAT(owner.ends, ElementsAre(HasSubstr("did not subscribe within 10 s")));
  connect();
  line->shake_hands();
  line->say(bytes_of(subscription()).substr(0, 5));
  session->tick(in(limits.first_frame + seconds(1)));
  EXPECT_TRUE(line->closed);
}

TEST_F(SessionTest, the_idle_hear_a_heartbeat_and_the_silent_go) {
  subscribe();
  session->tick(in(limits.heartbeat - seconds(1)));
  line->settle();
  EXPECT_THAT(said(), IsEmpty());
  session->tick(in(limits.heartbeat + seconds(1)));
  line->settle();
  EXPECT_THAT(said(), ElementsAre("heartbeat"));
  session->tick(in(limits.silence + seconds(1)));
  line->settle();
  EXPECT_THAT(said(), ElementsAre("error timed-out"));
}

TEST_F(SessionTest, who_takes_nothing_is_closed_and_nothing_piles_up_until_then) {
  limits.silence = seconds(1000);  // it still talks
  subscribe();
  owner.give(parcel_of(1, 1));
  owner.give(empty_parcel(2, 50));
  session->wake();
  for (int second = 1; second < limits.send_stall.count(); ++second) session->tick(in(seconds(second)));
  EXPECT_FALSE(line->closed);
  line->take();
  line->settle();
  EXPECT_THAT(said(), ElementsAre("1-1"));
  owner.give(parcel_of(51, 51));
  session->wake();
  session->tick(in(limits.send_stall + seconds(1)));
  EXPECT_TRUE(line->closed);
  EXPECT_THAT(owner.ends, ElementsAre("it took nothing for 60 s"));
}

TEST_F(SessionTest, a_peer_that_never_closes_is_closed) {
  subscribe();
  line->say(bytes_of(wire::Goodbye{wire::GoodbyeCode::Done, "", 0}));
  line->settle();
  EXPECT_TRUE(line->shut);
  line->say(std::string(100'000, 'x'));
  EXPECT_FALSE(line->closed);
  session->tick(in(limits.goodbye + seconds(1)));
  EXPECT_TRUE(line->closed);
  EXPECT_THAT(owner.ends, ElementsAre("the subscriber said goodbye: done"));
}

TEST_F(SessionTest, a_goodbye_comes_behind_what_was_being_sent_and_is_the_last) {
  subscribe();
  owner.give(parcel_of(1, 1));
  owner.give(parcel_of(2, 2));
  session->wake();
  session->leave({wire::GoodbyeCode::Shutdown, "the sensor stops", 0});
  session->leave({wire::GoodbyeCode::Shutdown, "again", 0});
  session->wake();
  line->settle();
  EXPECT_THAT(said(), ElementsAre("1-1", "goodbye: the sensor stops"));
  line->say(bytes_of(wire::Ack{1}));
  EXPECT_THAT(owner.acknowledged, IsEmpty());
  line->hang_up();
  EXPECT_THAT(owner.ends, ElementsAre("the sensor stops"));
}

TEST_F(SessionTest, what_is_appended_meanwhile_does_not_disturb_the_end) {
  subscribe();
  session->leave({wire::GoodbyeCode::Shutdown, "the sensor stops", 0});
  line->settle();
  ASSERT_TRUE(line->shut);
  session->wake();  // a second read would be the line's to complain about
  session->wake();
  line->hang_up();
  EXPECT_THAT(owner.ends, ElementsAre("the sensor stops"));
}

TEST_F(SessionTest, who_has_not_shaken_hands_is_told_nothing) {
  session->leave({wire::GoodbyeCode::Shutdown, "the sensor stops", 0});
  EXPECT_TRUE(line->closed);
  EXPECT_EQ(line->taken, "");
}

TEST_F(SessionTest, a_broken_connection_ends_it_once) {
  subscribe();
  owner.give(parcel_of(1, 1));
  session->wake();
  line->break_writing();
  line->hang_up();
  line->turn();
  EXPECT_THAT(owner.ends, ElementsAre(HasSubstr("the connection ended")));
  session->wake();
  session->tick(in(seconds(1000)));
  session->tell_skipped();
  session->refuse({wire::ErrorCode::Internal, "", 0});
  EXPECT_FALSE(line->is_writing());
  EXPECT_EQ(owner.ends.size(), 1U);
}

}  // namespace
}  // namespace webtap::server
