// Events as bytes: what libprotobuf would write, read back as they were, and refused where they are none.
#include "webtap/wire/event_codec.h"

#include <gtest/gtest.h>

#include "tests/unit/modsec/generated_event.h"
#include "webtap/v1/event.pb.h"

namespace webtap::wire {
namespace {

using event::AuditEvent;
using modsec::EventGenerator;
using modsec::plain_event;

constexpr int kEvents = 2000;

std::string encoded(const AuditEvent& event) {
  std::string bytes;
  std::string problem;
  EXPECT_TRUE(encode_event(event, bytes, problem)) << problem;
  return bytes;
}

std::string problem_of(ByteView bytes) {
  AuditEvent event;
  std::string problem;
  const bool read = decode_event(bytes, event, problem);
  EXPECT_EQ(read, problem.empty());
  return problem;
}

TEST(EventCodec, generated_events_come_back_as_they_were) {
  EventGenerator generate(1);
  AuditEvent back;
  std::string problem;
  for (int i = 0; i < kEvents; ++i) {
    const AuditEvent event = generate.next();
    ASSERT_TRUE(decode_event(encoded(event), back, problem)) << problem;
    ASSERT_EQ(back, event) << i;
  }
}

TEST(EventCodec, libprotobuf_reads_and_writes_the_same_bytes) {
  EventGenerator generate(2);
  for (int i = 0; i < kEvents; ++i) {
    const AuditEvent event = generate.next();
    const std::string bytes = encoded(event);
    v1::Event message;
    ASSERT_TRUE(message.ParseFromString(bytes));
    ASSERT_EQ(message.SerializeAsString(), bytes) << i;
    ASSERT_EQ(message.response_body(), event.response.body);
    ASSERT_EQ(message.findings_size(), static_cast<int>(event.findings.size()));
    ASSERT_EQ(message.name().sequence(), event.name.sequence);
    ASSERT_EQ(message.started_us(), event.started.time_since_epoch().count());
  }
}

TEST(EventCodec, the_schema_has_every_kind_of_finding_under_its_name) {
  for (int number = 1; number < 1000; ++number) {
    const auto* text = event::finding_text(static_cast<event::FindingKind>(number));
    ASSERT_EQ(text != nullptr, v1::FindingKind_IsValid(number)) << number;
    if (text == nullptr) continue;
    std::string name = "FINDING_KIND_";
    for (const char letter : text->name)
      name += letter == '-' || letter == '.'
                  ? '_'
                  : static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    EXPECT_EQ(v1::FindingKind_Name(static_cast<v1::FindingKind>(number)), name);
  }
}

TEST(EventCodec, without_bodies_it_is_the_beginning) {
  EventGenerator generate(3);
  for (int i = 0; i < kEvents / 4; ++i) {
    AuditEvent event = generate.next();
    const std::string bytes = encoded(event);
    event.request.body.clear();
    event.response.body.clear();
    ASSERT_EQ(without_bodies(bytes), encoded(event)) << i;
  }
}

TEST(EventCodec, cut_off_anywhere_it_is_refused_or_lacks_whole_fields) {
  const AuditEvent event = plain_event();
  const std::string bytes = encoded(event);
  std::size_t refused = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    AuditEvent back;
    std::string problem;
    const std::string cut = bytes.substr(0, size);
    if (decode_event(cut, back, problem)) {
      EXPECT_EQ(encoded(back).substr(0, size), cut) << size;
    } else {
      ++refused;
    }
  }
  EXPECT_GT(refused, bytes.size() - 20);
}

TEST(EventCodec, says_what_is_wrong) {
  const std::string good = encoded(plain_event());
  EXPECT_EQ(problem_of(good), "");
  EXPECT_EQ(problem_of(""), "the event's name or an endpoint is missing");
  EXPECT_EQ(problem_of(good + std::string("\x68\x80\x80\x04", 4)), "a number out of its range");  // status
  EXPECT_EQ(problem_of(good + std::string("\x62\x7f", 2)), "a malformed event");                  // host, cut
  EXPECT_EQ(problem_of(good + std::string("\x60\x01", 2)), "a field of the wrong type");          // host
  EXPECT_EQ(problem_of(good + std::string("\x42\x03\x0a\x01x", 5)),
            "an address that has neither 4 nor 16 bytes");
  EXPECT_EQ(problem_of(good + std::string("\x0a\x03\x0a\x01x", 5)),
            "a sensor UUID that does not have 16 bytes");
  EXPECT_EQ(problem_of(good + std::string("\x7a\x02\x10\x03", 4)), "a number out of its range");  // side
  EXPECT_EQ(problem_of(good + std::string("\x7a\x04\x08\x80\x80\x04", 6)), "a number out of its range");
  EXPECT_EQ(problem_of(good + std::string("\x7b", 1)), "a malformed event");  // a group
  EXPECT_EQ(problem_of(good + std::string("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10)),
            "a malformed event");
  std::string many = good;
  for (std::size_t i = 0; i <= kMaxFindings; ++i) many += std::string("\x7a\x00", 2);
  EXPECT_EQ(problem_of(many), "too many findings");
  EXPECT_EQ(problem_of(std::string(kMaxEvent + 1, 'x')), "the event is too large");
}

TEST(EventCodec, unknown_fields_are_passed_over) {
  AuditEvent back;
  std::string problem;
  const std::string more =
      encoded(plain_event()) + std::string("\xb0\x06\x01\xba\x06\x01x\xc5\x06\1\2\3\4", 13);
  ASSERT_TRUE(decode_event(more, back, problem)) << problem;
  EXPECT_EQ(back, plain_event());
}

TEST(EventCodec, one_that_is_too_large_loses_the_end_of_the_larger_body) {
  AuditEvent event = plain_event();
  event.response.body.assign(kMaxEvent, 'x');
  event.response.body_size = event.response.body.size();
  AuditEvent back;
  std::string problem;
  const std::string bytes = encoded(event);
  EXPECT_LE(bytes.size(), kMaxEvent);
  EXPECT_GT(bytes.size(), kMaxEvent - 100);
  ASSERT_TRUE(decode_event(bytes, back, problem)) << problem;
  EXPECT_EQ(back.request, event.request);
  ASSERT_EQ(back.findings.size(), 1u);
  EXPECT_EQ(back.findings[0].kind, event::FindingKind::BodyTruncated);
  EXPECT_EQ(back.findings[0].side, event::Side::Response);
  EXPECT_EQ(back.findings[0].offset, back.response.body.size());
  EXPECT_EQ(back.findings[0].offset + back.findings[0].length, event.response.body.size());
}

TEST(EventCodec, two_bodies_that_are_too_large_share_the_room) {
  AuditEvent event = plain_event();
  event.request.body.assign(kMaxEvent, 'x');
  event.response.body.assign(kMaxEvent, 'y');
  AuditEvent back;
  std::string problem;
  const std::string bytes = encoded(event);
  EXPECT_LE(bytes.size(), kMaxEvent);
  ASSERT_TRUE(decode_event(bytes, back, problem)) << problem;
  EXPECT_EQ(back.request.body.size(), back.response.body.size());
  EXPECT_EQ(back.findings.size(), 2u);
}

TEST(EventCodec, refuses_to_write_what_it_would_not_read) {
  std::string out;
  std::string problem;
  AuditEvent event = plain_event();
  event.request.head.assign(kMaxEvent, 'x');
  EXPECT_FALSE(encode_event(event, out, problem));
  EXPECT_EQ(problem, "the event is too large even without bodies");
  event = plain_event();
  event.messages.resize(kMaxMessages + 1);
  EXPECT_FALSE(encode_event(event, out, problem));
  EXPECT_EQ(problem, "too many messages");
  EXPECT_EQ(out, "");
}

}  // namespace
}  // namespace webtap::wire
