#include "agent/server/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/support/fake_channel.h"
#include "webtap/wire/batch_codec.h"
#include "webtap/wire/frame_codec.h"

namespace webtap::server {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string bytes_of(const wire::Frame& frame) {
  std::string bytes;
  wire::encode_frame(frame, bytes);
  return bytes;
}

wire::Subscribe subscription(const std::string& durable_name = {}) {
  wire::Subscribe made;
  made.protocol_version = 1;
  made.durable_name = durable_name;
  return made;
}

const std::string kOfAnUnknownKind("\x00\x00\x00\x03\xfa\x01\x00", 7);

SharedParcel parcel_of(wire::Position from, wire::Position to, std::uint64_t bytes = 100) {
  Parcel parcel;
  std::vector<wire::Entry> entries;
  for (wire::Position at = from; at <= to; ++at) entries.push_back({at, "event"});
  wire::encode_batch(entries, parcel.frames);
  parcel.from = from;
  parcel.to = parcel.told = to;
  parcel.events = to - from + 1;
  parcel.bytes = bytes;
  return std::make_shared<const Parcel>(std::move(parcel));
}

SharedParcel empty_parcel(wire::Position from, wire::Position to) {
  Parcel parcel;
  parcel.from = from;
  parcel.to = to;
  return std::make_shared<const Parcel>(std::move(parcel));
}

SharedParcel gap_parcel(wire::Position from, wire::Position to) {
  Parcel parcel;
  wire::encode_frame(wire::Gap{from, to, 0, wire::GapReason::Damage}, parcel.frames);
  parcel.from = from;
  parcel.to = parcel.told = to;
  parcel.gap = true;
  return std::make_shared<const Parcel>(std::move(parcel));
}

// Lets in whom it is told to, and gives the parcels it was given, by selection and position.
struct Owner final : SessionOwner {
  std::optional<wire::Error> admit(Session&, const wire::Subscribe& wanted, Admission& admission) override {
    asked = wanted;
    admission = granted;
    return refusal;
  }
  void on_subscribed(const Session&) override { ++subscribed; }
  SharedParcel next(const std::shared_ptr<const Selection>& selection, wire::Position from) override {
    const auto& parcels = selection == other ? others : all;
    const auto found = parcels.find(from);
    return found == parcels.end() ? nullptr : found->second;
  }
  wire::Position next_position() const override { return 100; }
  void on_acknowledged(const Session&, wire::Position position) override { acknowledged.push_back(position); }
  void on_closed(Session&, const std::string& why) override { ends.push_back(why); }

  void give(const SharedParcel& parcel) { all[parcel->from] = parcel; }

  Admission granted;
  std::optional<wire::Error> refusal;
  std::shared_ptr<const Selection> other = std::make_shared<const Selection>();
  std::map<wire::Position, SharedParcel> all;
  std::map<wire::Position, SharedParcel> others;

  wire::Subscribe asked;
  int subscribed = 0;
  std::vector<wire::Position> acknowledged;
  std::vector<std::string> ends;
};

struct SessionTest : testing::Test {
  SessionTest() {
    owner.granted.grant.identity = "dns:client.example.test";
    owner.granted.selection = std::make_shared<const Selection>();
    owner.granted.welcome.protocol_version = 1;
    owner.granted.welcome.start_position = 1;
    owner.granted.welcome.window = {1000, 10};
    connect();
  }
  ~SessionTest() override {
    disconnect();
    const std::weak_ptr<Session> left = session;
    session.reset();
    EXPECT_TRUE(left.expired()) << "something still holds the session";
  }

  void connect() {
    if (session != nullptr) disconnect();
    line = std::make_shared<FakeLine>();
    session = std::make_shared<Session>(std::make_unique<FakeChannel>(line), limits, owner);
    session->start();
  }
  void disconnect() {
    session->close("the test is over");
    line->settle();
  }
  void subscribe() {
    line->shake_hands();
    line->say(bytes_of(subscription()));
    line->settle();
    said();
  }
  // The frames that were taken since this was asked last; batches as "1-3".
  std::vector<wire::Frame> frames() {
    std::vector<wire::Frame> found;
    for (ByteView rest = line->taken; !rest.empty();) {
      std::size_t size = 0;
      for (int i = 0; i < 4; ++i)
        size = size << 8 | static_cast<std::uint8_t>(rest[static_cast<std::size_t>(i)]);
      std::string problem;
      EXPECT_TRUE(wire::decode_frame(rest.substr(wire::kLengthSize, size), found.emplace_back(), problem))
          << problem;
      rest.remove_prefix(wire::kLengthSize + size);
    }
    return found;
  }
  std::vector<std::string> said() {
    std::vector<std::string> texts;
    for (const wire::Frame& frame : frames()) texts.push_back(text_of(frame));
    line->taken.clear();
    return texts;
  }
  static std::string text_of(const wire::Frame& frame) {
    if (std::holds_alternative<wire::Welcome>(frame)) return "welcome";
    if (std::holds_alternative<wire::Heartbeat>(frame)) return "heartbeat";
    if (const auto* gap = std::get_if<wire::Gap>(&frame)) return "gap to " + std::to_string(gap->to);
    if (const auto* skip = std::get_if<wire::Skip>(&frame)) return "skip to " + std::to_string(skip->to);
    if (const auto* goodbye = std::get_if<wire::Goodbye>(&frame)) return "goodbye: " + goodbye->sentence;
    if (const auto* error = std::get_if<wire::Error>(&frame))
      return "error " + std::string(wire::name_of(error->code));
    std::vector<wire::Entry> entries;
    std::string problem;
    const auto* batch = std::get_if<wire::Batch>(&frame);
    if (batch == nullptr || !wire::BatchReader().read(*batch, entries, problem)) return "? " + problem;
    return std::to_string(entries.front().position) + "-" + std::to_string(entries.back().position);
  }
  // The peer has closed, having taken everything.
  void finish() {
    line->settle();
    line->hang_up();
  }
  Session::Clock::time_point in(seconds time) { return Session::Clock::now() + time; }

  Limits limits;
  Owner owner;
  std::shared_ptr<FakeLine> line;
  std::shared_ptr<Session> session;
};

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
