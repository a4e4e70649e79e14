// Frames of every kind come back as they were; what cannot be is refused; texts of a peer become printable.
#include "webtap/wire/frame_codec.h"

#include <gtest/gtest.h>

#include "webtap/v1/stream.pb.h"

namespace webtap::wire {
namespace {

std::string payload_of(const Frame& frame) {
  std::string bytes;
  encode_frame(frame, bytes);
  EXPECT_EQ(static_cast<std::uint8_t>(bytes[2]) * 256u + static_cast<std::uint8_t>(bytes[3]),
            bytes.size() - 4);
  return bytes.substr(kLengthSize);
}

Frame back(const Frame& frame) {
  Frame read;
  std::string problem;
  EXPECT_TRUE(decode_frame(payload_of(frame), read, problem)) << problem;
  return read;
}

Subscribe full_subscription() {
  Subscribe made;
  made.protocol_version = 1;
  made.client_name = "siem-1";
  made.client_software = "webtap-client/0.1.0";
  made.durable_name = "siem";
  made.start = {Start::At::Timed, 0, Timestamp(Duration(1'795'319'000'000'000))};
  made.resume.sensor_uuid.fill(7);
  made.resume.position = 42;
  made.filter.hosts = {"*.example.test", "\xff"};
  made.filter.methods = {"GET"};
  made.filter.statuses = {{400, 599}};
  made.filter.paths = {"/api/*"};
  made.filter.clients = {{*parse_address("10.0.0.0"), 8}, {*parse_address("2001:db8::"), 32}};
  made.filter.alerts = true;
  made.bodies = true;
  made.compressions = {Compression::Zstd};
  made.window = {1 << 20, 1000};
  return made;
}

TEST(FrameCodec, every_kind_comes_back_as_it_was) {
  Subscribe resumed = full_subscription();
  for (const Start start : {Start{}, Start{Start::At::Earliest, 0, {}}, Start{Start::At::Numbered, 9, {}}}) {
    resumed.start = start;
    EXPECT_EQ(back(resumed), Frame(resumed));
  }
  Welcome welcome{1,       "edge-1", {}, "webtap-agent/0.1.0", 5, 6, 7, 8, {{"*"}, true}, Compression::Zstd,
                  {9, 10}, 15,       45};
  welcome.sensor_uuid.fill(3);
  const std::vector<Frame> frames{full_subscription(),
                                  Subscribe{},
                                  welcome,
                                  Ack{~std::uint64_t{0}},
                                  Gap{1, 5, 5, GapReason::DiskFull},
                                  Skip{9},
                                  Heartbeat{3, Timestamp(Duration(4))},
                                  Goodbye{GoodbyeCode::Shutdown, "the sensor ends", 1000},
                                  Error{ErrorCode::NotPermitted, "no such host for caf\xc3\xa9", 0}};
  for (const Frame& frame : frames) EXPECT_EQ(back(frame), frame) << frame.index();
}

TEST(FrameCodec, what_a_newer_peer_may_send_is_ignored_or_unspecified) {
  Frame frame;
  std::string problem;
  ASSERT_TRUE(decode_frame(std::string("\xa2\x06\x01x", 4), frame, problem)) << problem;
  EXPECT_EQ(frame, Frame(UnknownFrame{}));
  v1::Frame newer;
  newer.mutable_error()->set_code(static_cast<v1::ErrorCode>(77));
  ASSERT_TRUE(decode_frame(newer.SerializeAsString(), frame, problem)) << problem;
  EXPECT_EQ(frame, Frame(Error{}));
}

TEST(FrameCodec, sentences_are_made_printable_and_cut) {
  const Frame read = back(Error{ErrorCode::Internal, "a\x1b[2J\n\xc2\x9b" + std::string(600, 'x'), 0});
  const std::string& sentence = std::get<Error>(read).sentence;
  EXPECT_TRUE(sentence.starts_with("a?[2J??xxx")) << sentence;
  EXPECT_LE(sentence.size(), kMaxSentence);
  v1::Frame hostile;
  hostile.mutable_goodbye()->set_sentence("\x1b]0;owned\x07");
  Frame frame;
  std::string problem;
  ASSERT_TRUE(decode_frame(hostile.SerializeAsString(), frame, problem));
  EXPECT_EQ(std::get<Goodbye>(frame).sentence, "?]0;owned?");
}

std::string refusal(const std::function<void(v1::Frame&)>& spoil) {
  v1::Frame message;
  message.mutable_subscribe();
  spoil(message);
  Frame frame;
  std::string problem;
  EXPECT_FALSE(decode_frame(message.SerializeAsString(), frame, problem));
  return problem;
}

TEST(FrameCodec, says_why_a_subscription_cannot_be) {
  const auto filter = [](v1::Frame& frame) { return frame.mutable_subscribe()->mutable_filter(); };
  EXPECT_EQ(refusal([](auto& f) { f.mutable_subscribe()->set_durable_name("../x"); }),
            "a durable name that is none");
  EXPECT_EQ(refusal([](auto& f) { f.mutable_subscribe()->set_client_name(std::string(129, 'x')); }),
            "a client's name is too long");
  EXPECT_EQ(refusal([](auto& f) { f.mutable_subscribe()->mutable_start()->set_position(0); }),
            "a start at position 0");
  EXPECT_EQ(refusal([](auto& f) { f.mutable_subscribe()->mutable_resume()->set_position(1); }),
            "a sensor UUID that does not have 16 bytes");
  EXPECT_EQ(refusal([&](auto& f) { filter(f)->add_hosts(std::string(257, 'x')); }),
            "a filter's text is too long");
  EXPECT_EQ(refusal([&](auto& f) {
              for (int i = 0; i < 257; ++i) filter(f)->add_methods("GET");
            }),
            "a filter with too many members");
  EXPECT_EQ(refusal([&](auto& f) { filter(f)->add_statuses()->set_first(2); }),
            "a status range that is none");
  EXPECT_EQ(refusal([&](auto& f) { filter(f)->add_clients()->set_address("abc"); }),
            "a network's address that has neither 4 nor 16 bytes");
  EXPECT_EQ(refusal([&](auto& f) {
              auto* network = filter(f)->add_clients();
              network->set_address("\x0a\x01\x01\x01");
              network->set_prefix_length(8);
            }),
            "a network's address with bits behind its prefix");
  EXPECT_EQ(refusal([](auto& f) { f.mutable_gap()->set_from(3); }), "a gap that is none");
}

TEST(FrameCodec, every_cut_of_a_frame_is_survived) {
  const std::string payload = payload_of(full_subscription());
  Frame frame;
  std::string problem;
  for (std::size_t size = 1; size < payload.size(); ++size)
    EXPECT_FALSE(decode_frame(payload.substr(0, size), frame, problem)) << size;
  EXPECT_EQ(problem, "a malformed frame");
}

TEST(FrameCodec, a_text_that_is_no_utf8_is_refused_without_a_word_on_standard_error) {
  v1::Frame goodbye;
  goodbye.mutable_goodbye()->set_sentence("x");
  v1::Frame error;
  error.mutable_error()->set_sentence("x");
  v1::Frame subscribe;
  subscribe.mutable_subscribe()->set_client_name("x");
  v1::Frame welcome;
  welcome.mutable_welcome()->set_sensor_name("x");
  testing::internal::CaptureStderr();
  for (const v1::Frame* valid : {&goodbye, &error, &subscribe, &welcome}) {
    std::string payload = valid->SerializeAsString();
    payload.back() = '\xff';
    Frame frame;
    std::string problem;
    EXPECT_FALSE(decode_frame(payload, frame, problem));
    EXPECT_EQ(problem, "a malformed frame");
  }
  std::string encoded;
  encode_frame(Error{ErrorCode::Malformed, "\xff", 0}, encoded);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace webtap::wire
