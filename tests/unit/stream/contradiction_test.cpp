// Segments whose IP datagram had fragments that overlapped and differed.
#include <gtest/gtest.h>

#include "tests/unit/stream/conversation.h"

namespace webtap::stream {
namespace {

void give(Conversation& c, std::string_view payload, std::uint32_t offset, std::uint32_t conflicting_bytes,
          std::uint8_t flags = decode::kAck) {
  decode::Segment segment;
  segment.time = c.now;
  segment.source = c.client.endpoint;
  segment.destination = c.server.endpoint;
  segment.sequence = c.client.isn + 1 + offset;
  segment.acknowledgment = c.server.isn + 1;
  segment.flags = flags;
  segment.payload = payload;
  segment.payload_length = static_cast<std::uint32_t>(payload.size());
  segment.conflicting_bytes = conflicting_bytes;
  c.give(segment);
}

TEST(Contradiction, is_said_amid_the_bytes_of_the_segment) {
  Conversation c;
  c.handshake();
  give(c, "GET /", 0, 3);
  EXPECT_EQ(c.log(), "c0:GET  c!0+3 c4:/");
  EXPECT_EQ(c.counters().conflicting_bytes, 3u);
  give(c, "x", 5, 1);
  EXPECT_EQ(c.log(), "c!5+1 c5:x");
}

TEST(Contradiction, is_said_before_the_direction_ends) {
  Conversation c;
  c.handshake();
  give(c, "ab", 0, 1, decode::kAck | decode::kFin);
  EXPECT_EQ(c.log(), "c0:a c!0+1 c1:b cFIN");
  give(c, "ab", 0, 1, decode::kAck | decode::kFin);
  EXPECT_EQ(c.log(), "c!0+1") << "retransmitted: no byte twice";
}

TEST(Contradiction, of_the_first_segment_of_all) {
  Conversation c;
  give(c, "fast open", static_cast<std::uint32_t>(-1), 2, decode::kSyn);
  c.finish();
  EXPECT_EQ(c.log(), "c0:fast ope c!0+2 c8:n end:EndOfCapture");
}

TEST(Contradiction, without_bytes_or_connection) {
  Conversation c;
  give(c, "", 0, 4);  // opens no connection
  EXPECT_EQ(c.log(), "");
  c.handshake();
  give(c, "", 0, 4);
  EXPECT_EQ(c.log(), "c!0+4");
}

TEST(Contradiction, out_of_order) {
  Conversation c;
  c.handshake();
  give(c, "def", 3, 1);
  EXPECT_EQ(c.log(), "c!3+1");
  give(c, "abc", 0, 0);
  EXPECT_EQ(c.log(), "c0:abc c3:de c5:f");
}

}  // namespace
}  // namespace webtap::stream
