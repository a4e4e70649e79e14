// Batches: as libprotobuf reads them, compressed or not; and those that lie about their size.
#include "webtap/wire/batch_codec.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include "webtap/v1/stream.pb.h"
#include "webtap/wire/frame_codec.h"

namespace webtap::wire {
namespace {

std::vector<Entry> entries_of(const std::vector<std::string>& events) {
  std::vector<Entry> made;
  for (const std::string& event : events) made.push_back({10 + 3 * made.size(), event});
  return made;
}

Batch batch_in(ByteView frame) {
  Frame read;
  std::string problem;
  EXPECT_TRUE(decode_frame(frame.substr(kLengthSize), read, problem)) << problem;
  return std::get<Batch>(read);
}

std::string problem_of(const v1::Batch& message) {
  const std::string bytes = message.SerializeAsString();
  std::vector<Entry> entries;
  std::string problem;
  EXPECT_FALSE(BatchReader().read({bytes}, entries, problem));
  return problem;
}

TEST(BatchCodec, comes_back_plain_and_compressed) {
  const std::vector<std::string> events{"one", std::string(100000, 'x'), "", "two"};
  const std::vector<Entry> entries = entries_of(events);
  BatchCompressor compressor;
  BatchReader reader;
  std::vector<Entry> read;
  std::string problem;
  for (int round = 0; round < 3; ++round) {
    std::string plain;
    std::string packed;
    encode_batch(entries, plain);
    compressor.encode(entries, packed);
    EXPECT_LT(packed.size(), plain.size() / 10);
    ASSERT_TRUE(reader.read(batch_in(plain), read, problem)) << problem;
    EXPECT_EQ(read, entries);
    ASSERT_TRUE(reader.read(batch_in(packed), read, problem)) << problem;
    EXPECT_EQ(read, entries);
  }
}

TEST(BatchCodec, libprotobuf_reads_and_writes_the_same_bytes) {
  const std::vector<std::string> events{"one", "two", std::string(300, 'y')};
  const std::vector<Entry> entries = entries_of(events);
  std::string frame;
  encode_batch(entries, frame);
  v1::Frame message;
  ASSERT_TRUE(message.ParseFromString(frame.substr(kLengthSize)));
  EXPECT_EQ(message.SerializeAsString(), frame.substr(kLengthSize));
  ASSERT_EQ(message.batch().entries().entries_size(), 3);
  EXPECT_EQ(message.batch().entries().entries(1).position(), 13u);
  EXPECT_EQ(message.batch().entries().entries(1).event(), "two");
  EXPECT_EQ(message.batch().entries().ByteSizeLong(), serialised_size(entries));
  frame.clear();
  BatchCompressor().encode(entries, frame);
  ASSERT_TRUE(message.ParseFromString(frame.substr(kLengthSize)));
  EXPECT_EQ(message.SerializeAsString(), frame.substr(kLengthSize));
  EXPECT_EQ(message.batch().compressed().uncompressed_size(), serialised_size(entries));
}

TEST(BatchCodec, what_does_not_shrink_is_sent_as_it_is) {
  const std::vector<std::string> events{"x"};
  std::string plain;
  std::string packed;
  encode_batch(entries_of(events), plain);
  BatchCompressor().encode(entries_of(events), packed);
  EXPECT_EQ(packed, plain);
}

std::string zstd(std::string_view plain) {
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3));
  return packed;
}

v1::Batch compressed(std::uint32_t size, std::string data) {
  v1::Batch batch;
  batch.mutable_compressed()->set_compression(v1::COMPRESSION_ZSTD);
  batch.mutable_compressed()->set_uncompressed_size(size);
  batch.mutable_compressed()->set_data(std::move(data));
  return batch;
}

TEST(BatchCodec, a_bomb_is_refused) {
  const std::string bomb = zstd(std::string(64u << 20, '\0'));
  EXPECT_EQ(problem_of(compressed(64u << 20, bomb)), "a compressed batch that declares an impossible size");
  EXPECT_EQ(problem_of(compressed(~0u, bomb)), "a compressed batch that declares an impossible size");
  const std::string wide = problem_of(compressed(100, bomb));
  EXPECT_TRUE(wide.starts_with("a batch that")) << wide;
  EXPECT_EQ(problem_of(compressed(100, zstd(std::string(101, 'x')))),
            "a batch that does not have the size it declares");
  EXPECT_EQ(problem_of(compressed(100, zstd(std::string(99, 'x')))),
            "a batch that does not have the size it declares");
  EXPECT_EQ(problem_of(compressed(100, zstd(std::string(100, 'x')) + "y")),
            "a batch that does not have the size it declares");
  EXPECT_EQ(problem_of(compressed(100, "no zstd")), "a batch that zstd cannot undo");
}

TEST(BatchCodec, says_what_is_wrong) {
  EXPECT_EQ(problem_of({}), "a batch without entries");
  v1::Batch batch;
  batch.mutable_entries();
  EXPECT_EQ(problem_of(batch), "a batch without entries");
  batch.mutable_entries()->add_entries()->set_position(5);
  batch.mutable_entries()->add_entries()->set_position(5);
  EXPECT_EQ(problem_of(batch), "positions that do not increase");
  batch.mutable_compressed()->set_compression(static_cast<v1::Compression>(9));
  EXPECT_EQ(problem_of(batch), "a batch in a compression that is not known here");
}

}  // namespace
}  // namespace webtap::wire
