// Frames in a stream of bytes, in pieces of any size, and lengths that lie.
#include "webtap/wire/frame_reader.h"

#include <gtest/gtest.h>

#include "webtap/wire/frame_codec.h"

namespace webtap::wire {
namespace {

using Next = FrameReader::Next;

std::string framed(std::string_view payload) {
  std::string bytes;
  for (unsigned shift = 32; shift > 0; shift -= 8) bytes += static_cast<char>(payload.size() >> (shift - 8));
  return bytes.append(payload);
}

// Gives the reader as much of `bytes` as it has room for, and takes it off them.
void feed(FrameReader& reader, ByteView& bytes, std::size_t most) {
  const auto room = reader.room();
  ASSERT_FALSE(room.empty());
  const std::size_t size = std::min({room.size(), bytes.size(), most});
  std::copy_n(bytes.begin(), size, room.begin());
  reader.committed(size);
  bytes.remove_prefix(size);
}

TEST(FrameReader, finds_frames_in_pieces_of_any_size) {
  const std::vector<std::string> payloads{"a", std::string(70000, 'b'), "ccc", std::string(4096, 'd')};
  std::string stream;
  for (const std::string& payload : payloads) stream += framed(payload);
  for (const std::size_t step : {1u, 2u, 3u, 5u, 4096u, 1000000u}) {
    FrameReader reader;
    std::vector<std::string> found;
    for (ByteView rest = stream; !rest.empty();) {
      feed(reader, rest, step);
      for (ByteView payload; reader.next(payload) == Next::Whole;) found.emplace_back(payload);
    }
    EXPECT_EQ(found, payloads) << step;
    EXPECT_EQ(reader.pending(), 0u);
  }
}

TEST(FrameReader, a_length_takes_no_memory_until_its_bytes_are_there) {
  FrameReader reader;
  std::string claim = framed(std::string(1, '\x1a'));
  claim.replace(0, 4, std::string("\x00\x80\x00\x00", 4));  // 8 MiB
  std::size_t came = 0;
  ByteView payload;
  for (ByteView rest = claim; !rest.empty(); came += 1) feed(reader, rest, 1);
  const std::string more(16384, 'x');
  for (int i = 0; i < 100; ++i) {
    ByteView rest = more;
    feed(reader, rest, more.size());
    came += more.size() - rest.size();
    EXPECT_EQ(reader.next(payload), Next::More);
    ASSERT_LE(reader.capacity(), came + (64u << 10));
  }
}

std::string reason_for(FrameLimits limits, std::string bytes) {
  FrameReader reader(limits);
  ByteView rest = bytes;
  feed(reader, rest, bytes.size());
  ByteView payload;
  EXPECT_EQ(reader.next(payload), Next::Refused);
  EXPECT_EQ(reader.next(payload), Next::Refused);
  return std::string(reader.reason());
}

TEST(FrameReader, refuses_what_is_too_long_by_its_length_alone) {
  EXPECT_EQ(reason_for({}, std::string("\xff\xff\xff\xff", 4)), "a frame longer than any may be here");
  EXPECT_EQ(reason_for(kFirstFrameLimits, std::string("\x00\x00\x10\x01", 4)),
            "a frame longer than any may be here");
  EXPECT_EQ(reason_for({}, std::string("\x00\x10\x00\x01\x0a", 5)),
            "a frame longer than one that is no batch may be");
  EXPECT_EQ(reason_for({}, std::string(4, '\0')), "an empty frame");
}

TEST(FrameReader, takes_no_more_than_the_first_frame_may_have) {
  FrameReader reader(kFirstFrameLimits);
  const std::string bytes = framed(std::string(kMaxFirstFrame, 'x'));
  ByteView payload;
  for (ByteView rest = bytes; !rest.empty();) feed(reader, rest, bytes.size());
  EXPECT_LE(reader.capacity(), kMaxFirstFrame + kLengthSize);
  EXPECT_EQ(reader.next(payload), Next::Whole);
}

}  // namespace
}  // namespace webtap::wire
