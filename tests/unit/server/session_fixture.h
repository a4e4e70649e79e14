// A session whose connection and server are the test's.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/server/session.h"
#include "tests/support/fake_channel.h"
#include "webtap/wire/batch_codec.h"
#include "webtap/wire/frame_codec.h"

namespace webtap::server {

inline std::string bytes_of(const wire::Frame& frame) {
  std::string bytes;
  wire::encode_frame(frame, bytes);
  return bytes;
}

inline wire::Subscribe subscription(const std::string& durable_name = {}) {
  wire::Subscribe made;
  made.protocol_version = 1;
  made.durable_name = durable_name;
  return made;
}

inline const std::string kOfAnUnknownKind("\x00\x00\x00\x03\xfa\x01\x00", 7);

inline SharedParcel parcel_of(wire::Position from, wire::Position to, std::uint64_t bytes = 100) {
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

inline SharedParcel empty_parcel(wire::Position from, wire::Position to) {
  Parcel parcel;
  parcel.from = from;
  parcel.to = to;
  return std::make_shared<const Parcel>(std::move(parcel));
}

inline SharedParcel gap_parcel(wire::Position from, wire::Position to) {
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
  Session::Clock::time_point in(std::chrono::seconds time) { return Session::Clock::now() + time; }

  Limits limits;
  Owner owner;
  std::shared_ptr<FakeLine> line;
  std::shared_ptr<Session> session;
};

}  // namespace webtap::server
