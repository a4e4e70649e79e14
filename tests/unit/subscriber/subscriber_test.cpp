#include "webtap/subscriber/subscriber.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "../modsec/generated_event.h"
#include "../sink/scratch_directory.h"
#include "fake_sensor.h"
#include "recorder.h"
#include "test_certificates.h"
#include "webtap/wire/event_codec.h"

namespace webtap::subscriber {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Made once: openssl(1) takes a while.
const TestCertificates& certificates() {
  static const sink::ScratchDirectory scratch;
  static const TestCertificates made = [] {
    TestCertificates all(scratch.path());
    all.make("sensor", "serverAuth", "DNS:localhost,IP:127.0.0.1");
    all.make("elsewhere", "serverAuth", "DNS:other.example.test");
    all.make("client", "clientAuth", "DNS:client.example.test");
    all.make_ca("strange");
    all.make("stranger", "clientAuth", "DNS:client.example.test", "strange");
    return all;
  }();
  return made;
}

wire::Welcome welcome(wire::Position start) {
  wire::Welcome welcome;
  welcome.protocol_version = 1;
  welcome.sensor_uuid[0] = 1;
  welcome.start_position = start;
  welcome.window = {8u << 20, 1024};
  welcome.heartbeat_seconds = 1;
  welcome.silence_seconds = 30;
  return welcome;
}

struct SubscriberTest : testing::Test {
  SubscriberTest() {
    std::string problem;
    wire::encode_event(modsec::plain_event(), event, problem);
  }
  ~SubscriberTest() override { finish(); }

  void serve(FakeSensor::Script script, const std::string& certificate = "sensor") {
    sensor.emplace(certificates().options(certificate), std::move(script));
  }
  Options options(const std::string& certificate = "client", const std::string& ca = "ca") const {
    Options made;
    made.host = "localhost";
    made.port = sensor->port();
    made.tls = certificates().options(certificate);
    made.tls.ca = certificates().options("client", ca).ca;
    if (certificate == "stranger") made.tls = certificates().options(certificate, "strange");
    made.checkpoint_interval = std::chrono::milliseconds(10);
    made.shortest_retry = made.longest_retry = std::chrono::milliseconds(20);
    return made;
  }
  void run(Options wanted) {
    subscriber.emplace(std::move(wanted), recorder);
    thread = std::thread([this] {
      try {
        subscriber->run();
      } catch (const std::exception& error) {
        refusal = error.what();
      }
    });
  }
  void finish() {
    if (subscriber) subscriber->stop();
    if (thread.joinable()) thread.join();
  }
  void send(FakeSession& session, wire::Position position) {
    session.send(std::vector<wire::Entry>{{position, event}});
  }

  std::string event;
  Recorder recorder;
  std::optional<FakeSensor> sensor;
  std::optional<Subscriber> subscriber;
  std::thread thread;
  std::string refusal;  // what run() threw
};

TEST_F(SubscriberTest, EventsArriveAndStoppingAcknowledgesThemAndSaysGoodbye) {
  std::vector<wire::Position> acknowledged;
  bool goodbye = false;
  std::string name;
  serve([&](FakeSession& session, int) {
    name = std::get<wire::Subscribe>(session.read()).durable_name;
    session.say(welcome(1));
    for (wire::Position position = 1; position <= 100; ++position) send(session, position);
    for (;;) {
      const wire::Frame frame = session.read_word();
      if (const auto* ack = std::get_if<wire::Ack>(&frame)) acknowledged.push_back(ack->position);
      goodbye = std::holds_alternative<wire::Goodbye>(frame);
      if (!std::holds_alternative<wire::Ack>(frame)) break;
    }
    session.end();
  });
  Options wanted = options();
  wanted.durable_name = "siem";
  wanted.checkpoint_interval = std::chrono::hours(1);
  run(wanted);
  ASSERT_TRUE(recorder.wait([&] { return recorder.positions.size() == 100; }));
  finish();
  sensor.reset();
  EXPECT_EQ(refusal, "");
  EXPECT_EQ(name, "siem");
  ASSERT_FALSE(acknowledged.empty());
  EXPECT_EQ(acknowledged.back(), 100U);
  EXPECT_TRUE(goodbye);
  EXPECT_EQ(recorder.events.back(), modsec::plain_event());
}

TEST_F(SubscriberTest, ALostConnectionIsMadeAgainFromWhereItWas) {
  std::vector<wire::Position> resumed;
  serve([&](FakeSession& session, int number) {
    const auto opening = std::get<wire::Subscribe>(session.read());
    resumed.push_back(opening.resume.position);
    const wire::Position first = opening.resume.position == 0 ? 1 : opening.resume.position;
    session.say(welcome(first));
    send(session, first);
    send(session, first + 1);
    while (number == 3 && !std::holds_alternative<wire::Error>(session.read())) {
    }
    if (number != 3) session.end();
  });
  run(options());
  ASSERT_TRUE(recorder.wait([&] { return recorder.positions.size() == 8; }));
  finish();
  sensor.reset();
  EXPECT_THAT(recorder.positions, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(resumed, ElementsAre(0, 3, 5, 7));
  EXPECT_THAT(recorder.ends[0], HasSubstr("the connection to localhost:"));
}

TEST_F(SubscriberTest, ARefusalThatCannotSucceedEndsIt) {
  serve([](FakeSession& session, int) {
    session.read();
    session.say(wire::Error{wire::ErrorCode::NotPermitted, "no grant for this certificate", 0});
    session.end();
  });
  run(options());
  thread.join();
  EXPECT_EQ(refusal, "the sensor refused (not-permitted): no grant for this certificate");
  EXPECT_TRUE(recorder.ends.empty());
}

TEST_F(SubscriberTest, ARefusalForNowIsTriedAgain) {
  serve([&](FakeSession& session, int number) {
    session.read();
    if (number < 2) {
      session.say(wire::Error{wire::ErrorCode::TooManyConnections, "come back", 30});
      return session.end();
    }
    session.say(welcome(1));
    send(session, 1);
    while (!std::holds_alternative<wire::Error>(session.read())) {
    }
  });
  run(options());
  ASSERT_TRUE(recorder.wait([&] { return recorder.positions.size() == 1; }));
  EXPECT_EQ(recorder.ends.size(), 2U);
}

TEST_F(SubscriberTest, ASensorOfAnotherNameIsNotTrusted) {
  serve([](FakeSession& session, int) { session.read(); }, "elsewhere");
  run(options());
  thread.join();
  EXPECT_THAT(refusal, HasSubstr("cannot subscribe to localhost:"));
  EXPECT_THAT(refusal, HasSubstr("ertificate"));
  EXPECT_TRUE(recorder.welcomes.empty());
}

TEST_F(SubscriberTest, ASensorOfAnotherCaIsNotTrusted) {
  serve([](FakeSession& session, int) { session.read(); });
  run(options("stranger"));
  thread.join();
  EXPECT_THAT(refusal, HasSubstr("cannot subscribe to localhost:"));
}

TEST_F(SubscriberTest, ASilentSensorIsLeft) {
  serve([](FakeSession& session, int number) {
    session.read();
    wire::Welcome quiet = welcome(1);
    quiet.silence_seconds = 1;
    session.say(quiet);
    while (number == 0 && !std::holds_alternative<wire::Error>(session.read())) {
    }
  });
  run(options());
  ASSERT_TRUE(recorder.wait([&] { return !recorder.ends.empty(); }));
  EXPECT_THAT(recorder.ends[0], HasSubstr("for 1 s"));
}

TEST_F(SubscriberTest, HeartbeatsAreSentWhenThereIsNothingToSay) {
  std::atomic<int> heartbeats = 0;
  serve([&](FakeSession& session, int) {
    session.read();
    session.say(welcome(1));
    while (std::holds_alternative<wire::Heartbeat>(session.read())) {
      if (++heartbeats == 2) send(session, 1);
    }
  });
  run(options());
  ASSERT_TRUE(recorder.wait([&] { return !recorder.positions.empty(); }));
  EXPECT_GE(heartbeats, 2);
}

TEST_F(SubscriberTest, AFrameThatIsTooLargeEndsTheConnectionWithoutMemory) {
  std::string said;
  serve([&](FakeSession& session, int number) {
    if (number != 0) return;
    session.read();
    session.say(welcome(1));
    session.send_bytes(std::string("\x7f\xff\xff\xff", 4));
    const wire::Frame frame = session.read_word();
    if (const auto* error = std::get_if<wire::Error>(&frame)) said = wire::name_of(error->code);
    session.end();
  });
  run(options());
  ASSERT_TRUE(recorder.wait([&] { return !recorder.ends.empty(); }));
  finish();
  sensor.reset();
  EXPECT_THAT(recorder.ends[0], HasSubstr("broke the protocol"));
  EXPECT_EQ(said, "frame-too-large");
}

TEST_F(SubscriberTest, WhatTheHandlerThrowsEndsIt) {
  recorder.act = [](wire::Position) { throw std::runtime_error("the disk is full"); };
  serve([&](FakeSession& session, int) {
    session.read();
    session.say(welcome(1));
    send(session, 1);
    session.read();
  });
  run(options());
  thread.join();
  EXPECT_EQ(refusal, "the disk is full");
  EXPECT_TRUE(recorder.checkpoints.empty());
}

TEST_F(SubscriberTest, StopsWhileThereIsNoSensor) {
  serve([](FakeSession&, int) {});
  Options wanted = options();
  sensor.reset();
  run(wanted);
  ASSERT_TRUE(recorder.wait([&] { return recorder.ends.size() >= 3; }));
  finish();
  EXPECT_EQ(refusal, "");
  EXPECT_THAT(recorder.ends[0], HasSubstr("cannot connect to localhost:"));
}

TEST_F(SubscriberTest, FilesThatAreNoCertificatesAreSaidAtOnce) {
  Options wanted;
  wanted.host = "localhost";
  wanted.tls = certificates().options("nobody");
  EXPECT_THROW(Subscriber(wanted, recorder), tls::TlsError);
}

}  // namespace
}  // namespace webtap::subscriber
