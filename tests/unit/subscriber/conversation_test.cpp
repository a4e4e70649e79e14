#include "webtap/subscriber/conversation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../modsec/generated_event.h"
#include "recorder.h"
#include "webtap/event/boundary.h"
#include "webtap/wire/event_codec.h"
#include "webtap/wire/frame_codec.h"

namespace webtap::subscriber {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string serialised(const event::AuditEvent& event) {
  std::string bytes;
  std::string problem;
  EXPECT_TRUE(wire::encode_event(event, bytes, problem)) << problem;
  return bytes;
}

std::string payload_of(const wire::Frame& frame) {
  std::string bytes;
  wire::encode_frame(frame, bytes);
  return bytes.substr(wire::kLengthSize);
}

std::string batch_of(const std::vector<wire::Position>& positions, const std::string& event) {
  std::vector<wire::Entry> entries;
  for (const wire::Position position : positions) entries.push_back({position, event});
  std::string bytes;
  wire::encode_batch(entries, bytes);
  return bytes.substr(wire::kLengthSize);
}

struct ConversationTest : testing::Test {
  ConversationTest() { options.window = {1000, 8}; }

  void begin() { conversation.emplace(options, progress, recorder); }
  bool take(const wire::Frame& frame) { return conversation->take(payload_of(frame), now); }
  bool take_events(const std::vector<wire::Position>& positions) {
    return conversation->take(batch_of(positions, event), now);
  }
  static wire::Welcome welcome(wire::Position start, std::uint8_t sensor = 1) {
    wire::Welcome welcome;
    welcome.protocol_version = 1;
    welcome.sensor_uuid[0] = sensor;
    welcome.start_position = start;
    welcome.window = {1u << 30, 8};
    return welcome;
  }

  Options options;
  Progress progress;
  Recorder recorder;
  std::optional<Conversation> conversation;
  Conversation::Clock::time_point now{std::chrono::hours(1)};
  std::string event = serialised(modsec::plain_event());
};

TEST_F(ConversationTest, OpensWithWhatWasAskedFor) {
  options.durable_name = "siem";
  options.filter.hosts = {"*.example.test"};
  begin();
  const wire::Subscribe opening = conversation->opening();
  EXPECT_EQ(opening.protocol_version, wire::kProtocolVersion);
  EXPECT_EQ(opening.durable_name, "siem");
  EXPECT_THAT(opening.filter.hosts, ElementsAre("*.example.test"));
  EXPECT_THAT(opening.compressions, ElementsAre(wire::Compression::Zstd));
  EXPECT_EQ(opening.resume.position, 0U);
  EXPECT_TRUE(opening.bodies);
}

TEST_F(ConversationTest, EventsComeInOrderAndAreAcknowledgedWhenDurable) {
  begin();
  ASSERT_TRUE(take(welcome(5)));
  ASSERT_TRUE(take_events({5, 7}));
  EXPECT_THAT(recorder.positions, ElementsAre(5, 7));
  EXPECT_EQ(recorder.events[0], modsec::plain_event());
  EXPECT_EQ(conversation->take_ack(), 7U);  // 2 of a window of 8 events: a quarter
  EXPECT_EQ(conversation->take_ack(), 0U);
}

TEST_F(ConversationTest, ASecondIsTheLongestThatAnEventIsNotDurable) {
  begin();
  ASSERT_TRUE(take(welcome(5)));
  ASSERT_TRUE(take_events({5}));
  EXPECT_THAT(recorder.checkpoints, IsEmpty());
  conversation->checkpoint(now += std::chrono::milliseconds(999));
  EXPECT_EQ(conversation->take_ack(), 0U);
  conversation->checkpoint(now += std::chrono::milliseconds(1));
  EXPECT_EQ(conversation->take_ack(), 5U);
}

TEST_F(ConversationTest, AHeartbeatAsksForWhatIsNotDurableButNotAllTheTime) {
  begin();
  take(welcome(1));
  take_events({1});
  take(wire::Heartbeat{2, {}});
  EXPECT_THAT(recorder.checkpoints, IsEmpty());
  now += std::chrono::milliseconds(50);
  take(wire::Heartbeat{2, {}});
  EXPECT_THAT(recorder.checkpoints, ElementsAre(1));
  EXPECT_EQ(conversation->take_ack(), 1U);
  take_events({2});
  now += std::chrono::milliseconds(49);
  take(wire::Heartbeat{3, {}});
  EXPECT_THAT(recorder.checkpoints, ElementsAre(1));
  now += std::chrono::milliseconds(1);
  take(wire::Heartbeat{3, {}});
  take(wire::Heartbeat{3, {}});  // nothing is left
  EXPECT_THAT(recorder.checkpoints, ElementsAre(1, 2));
}

TEST_F(ConversationTest, WhatIsNotDurableYetIsAskedForAgain) {
  wire::Position durable = 5;
  recorder.durable = [&durable](wire::Position) { return durable; };
  begin();
  ASSERT_TRUE(take(welcome(5)));
  ASSERT_TRUE(take_events({5, 6}));
  EXPECT_EQ(conversation->take_ack(), 5U);
  durable = 100;  // more than was given counts for what was given
  conversation->checkpoint(now += std::chrono::seconds(1));
  EXPECT_EQ(conversation->take_ack(), 6U);
}

TEST_F(ConversationTest, GapsAndSkipsMoveThePosition) {
  begin();
  ASSERT_TRUE(take(welcome(5)));
  ASSERT_TRUE(take(wire::Gap{5, 9, 5, wire::GapReason::Retention}));
  ASSERT_TRUE(take(wire::Skip{20}));
  EXPECT_THAT(recorder.gaps, ElementsAre(wire::Gap{5, 9, 5, wire::GapReason::Retention}));
  conversation->checkpoint_now();
  EXPECT_EQ(conversation->take_ack(), 20U);
}

TEST_F(ConversationTest, ANewConnectionGoesOnBehindWhatWasGivenAndGivesNothingTwice) {
  begin();
  ASSERT_TRUE(take(welcome(5)));
  ASSERT_TRUE(take_events({5, 6}));
  begin();
  EXPECT_EQ(conversation->opening().resume.position, 7U);
  EXPECT_EQ(conversation->opening().resume.sensor_uuid[0], 1);
  ASSERT_TRUE(take(welcome(6)));  // it goes back further than asked
  ASSERT_TRUE(take_events({6, 7}));
  EXPECT_THAT(recorder.positions, ElementsAre(5, 6, 7));
}

TEST_F(ConversationTest, NothingIsAcknowledgedThatThisConnectionDidNotSend) {
  begin();
  ASSERT_TRUE(take(welcome(5)));
  ASSERT_TRUE(take_events({5, 6}));
  begin();
  ASSERT_TRUE(take(welcome(7)));
  EXPECT_EQ(conversation->take_ack(), 0U);
}

// What a sensor gives that has lost count is new, though its positions are not.
TEST_F(ConversationTest, ASensorThatHasLostCountIsHeard) {
  begin();
  ASSERT_TRUE(take(welcome(50)));
  ASSERT_TRUE(take_events({50, 51}));
  conversation->checkpoint_now();
  begin();
  wire::Welcome same = welcome(52);
  same.next_position = 52;  // all is told
  ASSERT_TRUE(take(same));
  ASSERT_TRUE(take_events({51, 52}));
  begin();
  wire::Welcome back = welcome(11);
  back.next_position = 11;
  ASSERT_TRUE(take(back));
  ASSERT_TRUE(take_events({11, 12}));
  conversation->checkpoint_now();
  EXPECT_THAT(recorder.positions, ElementsAre(50, 51, 52, 11, 12));
  EXPECT_EQ(conversation->take_ack(), 12U);
}

TEST_F(ConversationTest, AnotherSensorsPositionsBeginAnew) {
  begin();
  ASSERT_TRUE(take(welcome(500)));
  ASSERT_TRUE(take_events({500}));
  conversation->checkpoint_now();
  begin();
  ASSERT_TRUE(take(welcome(1, 2)));
  ASSERT_TRUE(take_events({1, 2}));
  EXPECT_THAT(recorder.positions, ElementsAre(500, 1, 2));
  EXPECT_EQ(conversation->take_ack(), 2U);
}

TEST_F(ConversationTest, ABoundaryThatOccursOrIsNoneIsDrawnAgain) {
  event::AuditEvent forged = modsec::plain_event();
  forged.response.body = "x\n--" + forged.boundary + "-Z--\n";
  event::AuditEvent none = modsec::plain_event();
  none.boundary = "\n--oops";
  begin();
  ASSERT_TRUE(take(welcome(1)));
  ASSERT_TRUE(conversation->take(batch_of({1}, serialised(forged)), now));
  ASSERT_TRUE(conversation->take(batch_of({2}, serialised(none)), now));
  ASSERT_EQ(recorder.events.size(), 2U);
  for (event::AuditEvent& got : recorder.events) {
    EXPECT_EQ(got.boundary.size(), 8U);
    EXPECT_EQ(got.boundary.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_FALSE(event::occurs(got.boundary, got));
  }
}

TEST_F(ConversationTest, AnEventThatCannotBeReadIsHandedOverAndPassed) {
  begin();
  ASSERT_TRUE(take(welcome(1)));
  ASSERT_TRUE(conversation->take(batch_of({1}, "\xff\xff\xff"), now));
  ASSERT_TRUE(take_events({2}));
  EXPECT_THAT(recorder.unreadable, ElementsAre(1));
  EXPECT_THAT(recorder.positions, ElementsAre(2));
  EXPECT_EQ(conversation->take_ack(), 2U);
}

TEST_F(ConversationTest, ASensorThatBreaksTheProtocolIsTold) {
  const std::vector<wire::Frame> first{wire::Gap{1, 2, 2, wire::GapReason::Damage}, wire::Skip{4},
                                       wire::Ack{3}, wire::Subscribe{}};
  for (const wire::Frame& frame : first) {
    begin();
    EXPECT_FALSE(take(frame)) << frame.index();
    EXPECT_TRUE(std::holds_alternative<wire::Error>(conversation->farewell())) << frame.index();
    EXPECT_FALSE(conversation->end().hopeless);
  }
  const std::vector<wire::Frame> later{welcome(1), wire::Skip{~std::uint64_t{0}},
                                       wire::Gap{1, ~std::uint64_t{0}, 1, wire::GapReason::Damage}};
  for (const wire::Frame& frame : later) {
    progress = {};
    begin();
    ASSERT_TRUE(take(welcome(1)));
    EXPECT_FALSE(take(frame)) << frame.index();
    EXPECT_THAT(conversation->end().why, HasSubstr("broke the protocol"));
  }
  begin();
  EXPECT_FALSE(take(welcome(0)));
  begin();
  EXPECT_FALSE(conversation->take("\xff\xff", now));
}

TEST_F(ConversationTest, RandomBytesDoNoHarm) {
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    progress = {};
    begin();
    ASSERT_TRUE(take(welcome(1)));
    std::string bytes = i % 2 == 0 ? batch_of({1, 2}, event) : payload_of(wire::Gap{1, 2, 2, {}});
    for (std::uint32_t change = 0; change < 1 + i % 4U; ++change) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    bytes.resize(bytes.size() - random() % 2);
    conversation->take(bytes, now);
    conversation->checkpoint_now();
    recorder.events.clear();
  }
}

TEST_F(ConversationTest, HopelessIsWhatTheSameAgainWouldNotChange) {
  using Code = wire::ErrorCode;
  const auto hopeless = [this](const wire::Frame& frame) {
    begin();
    EXPECT_FALSE(take(frame));
    return conversation->end().hopeless;
  };
  EXPECT_TRUE(hopeless(wire::Error{Code::NotPermitted, "no", 0}));
  EXPECT_TRUE(hopeless(wire::Error{Code::Version, "no", 0}));
  EXPECT_TRUE(hopeless(wire::Error{Code::InvalidSubscription, "no", 0}));
  EXPECT_FALSE(hopeless(wire::Error{Code::NotPermitted, "later", 1000}));
  EXPECT_FALSE(hopeless(wire::Error{Code::TooManyConnections, "full", 0}));
  EXPECT_TRUE(hopeless(wire::Goodbye{wire::GoodbyeCode::Replaced, "", 0}));
  EXPECT_FALSE(hopeless(wire::Goodbye{wire::GoodbyeCode::Shutdown, "", 2500}));
  EXPECT_EQ(conversation->end().retry_after.count(), 2500);
  wire::Welcome newer = welcome(1);
  newer.protocol_version = 2;
  EXPECT_TRUE(hopeless(newer));
}

}  // namespace
}  // namespace webtap::subscriber
