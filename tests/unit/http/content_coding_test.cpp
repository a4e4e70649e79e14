#include "agent/http/content_coding.h"

#include <gtest/gtest.h>

#include "coding_fixture.h"
#include "encoders.h"

namespace webtap::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string kText = "Hello, content codings. " + sample_text(300);

struct Coding {
  std::string label;
  std::function<std::string(ByteView)> encode;
};

const std::vector<Coding>& codings() {
  static const std::vector<Coding> all = {{"gzip", gzip},
                                          {"deflate", zlib},
                                          {"deflate", raw_deflate},
                                          {"br", [](ByteView text) { return brotli(text); }},
                                          {"zstd", [](ByteView text) { return zstd(text); }}};
  return all;
}

TEST(ContentCoding, every_coding_is_undone) {
  for (const Coding& coding : codings()) {
    for (const std::size_t size : {0, 1, 5, 100, 32767, 32768, 32769, 300'000}) {
      const std::string text = sample_text(size);
      const Decoded decoded = decode(coding.label, coding.encode(text));
      EXPECT_TRUE(decoded.result.decoded) << coding.label << " of " << size;
      EXPECT_EQ(decoded.body, text) << coding.label << " of " << size;
      EXPECT_EQ(decoded.result.total_bytes, size);
      EXPECT_THAT(said(decoded), IsEmpty()) << coding.label << " of " << size;
    }
  }
}

TEST(ContentCoding, bytes_that_do_not_compress) {
  std::mt19937 random(1);
  std::string noise(200'000, '\0');
  for (char& byte : noise) byte = static_cast<char>(random());
  for (const Coding& coding : codings()) {
    const Decoded decoded = decode(coding.label, coding.encode(noise));
    EXPECT_EQ(decoded.body, noise) << coding.label;
    EXPECT_THAT(said(decoded), IsEmpty()) << coding.label;
  }
}

TEST(ContentCoding, stacks_are_undone_from_the_last_to_the_first) {
  for (const std::size_t size : {50, 100'000}) {
    const std::string text = sample_text(size);
    for (const Coding& inner : codings()) {
      for (const Coding& outer : codings()) {
        const Decoded decoded = decode(inner.label + ", " + outer.label, outer.encode(inner.encode(text)));
        EXPECT_EQ(decoded.body, text) << inner.label << ", " << outer.label << " of " << size;
        EXPECT_THAT(said(decoded), IsEmpty()) << inner.label << ", " << outer.label;
      }
    }
  }
}

TEST(ContentCoding, as_many_codings_as_the_limit_allows) {
  std::string body = kText;
  std::string labels;
  for (int i = 0; i < 8; ++i) {
    body = gzip(body);
    labels += i == 0 ? "gzip" : ",gzip";
  }
  EXPECT_EQ(decode(labels, body).body, kText);

  const Decoded beyond = decode(labels + ",gzip", gzip(body));
  EXPECT_EQ(beyond.body, gzip(kText)) << "what is left of the stack stays coded";
  EXPECT_THAT(said(beyond), ElementsAre("limit more than 8 codings"));
}

TEST(ContentCoding, names_are_read_leniently) {
  const std::string body = gzip(kText);
  for (const char* label :
       {"gzip", "GZIP", "x-gzip", " gzip ", "\tgzip\t", ",gzip", "gzip,,", "identity, gzip",
        "gzip , identity", "\r\n gzip\r\n ", "identity,,identity,gzip,identity,"}) {
    const Decoded decoded = decode(label, body);
    EXPECT_EQ(decoded.body, kText) << label;
    EXPECT_THAT(said(decoded), IsEmpty()) << label;
  }
  EXPECT_EQ(decode("x-deflate", zlib(kText)).body, kText);
}

TEST(ContentCoding, a_name_with_stray_bytes_is_read_and_said) {
  const std::string body = gzip(kText);
  for (const std::string& label :
       {std::string("gz\0ip", 5), std::string("gzip\0", 5), std::string("\x0cgzip"), std::string("\xa0gzip"),
        std::string("gzip\x0b"), std::string(": gzip"), std::string("gzip;q=1")}) {
    const Decoded decoded = decode(label, body);
    EXPECT_EQ(decoded.body, kText) << label;
    EXPECT_THAT(said(decoded), ElementsAre("mislabelled " + label + ": read as gzip"));
  }
}

TEST(ContentCoding, no_coding_is_nothing_to_do) {
  for (const char* label : {"", "identity", " , ,", "identity, identity"}) {
    const Decoded decoded = decode(label, kText);
    EXPECT_FALSE(decoded.result.decoded) << label;
    EXPECT_THAT(said(decoded), IsEmpty()) << label;
  }
}

TEST(ContentCoding, an_empty_body_is_nothing_to_do) {
  for (const char* label : {"gzip", "deflate", "br", "zstd", "compress"}) {
    EXPECT_FALSE(decode(label, "").result.decoded);
    EXPECT_THAT(said(decode(label, "")), IsEmpty()) << "as a response to HEAD has none";
  }
}

TEST(ContentCoding, an_unknown_coding_is_said_once) {
  const Decoded decoded = decode("compress, x-compress", "\x1f\x9d\x90(lzw)");
  EXPECT_FALSE(decoded.result.decoded);
  EXPECT_THAT(said(decoded), ElementsAre("unknown x-compress"));
}

TEST(ContentCoding, what_stands_behind_an_unknown_coding_is_undone) {
  const Decoded decoded = decode("lzma, gzip", gzip("an lzma stream"));
  EXPECT_EQ(decoded.body, "an lzma stream");
  EXPECT_THAT(said(decoded), ElementsAre("unknown lzma"));
}

TEST(ContentCoding, an_unknown_coding_that_was_not_applied) {
  for (const Coding& coding : codings()) {
    const Decoded decoded = decode(coding.label + ", gzip x", coding.encode(kText));
    EXPECT_EQ(decoded.body, kText) << coding.label;
    EXPECT_THAT(said(decoded), ElementsAre("unknown gzip x")) << coding.label;
  }
}

TEST(ContentCoding, an_unknown_coding_that_was_applied) {
  std::mt19937 random(2);
  std::string noise(5000, '\0');
  for (char& byte : noise) byte = static_cast<char>(random() | 0x80);
  for (const char* label : {"gzip, foo", "deflate, foo", "br, foo", "zstd, foo"}) {
    const Decoded decoded = decode(label, noise);
    EXPECT_FALSE(decoded.result.decoded) << label;
    EXPECT_THAT(said(decoded), ElementsAre("unknown foo")) << label;
  }
}

TEST(ContentCoding, a_kept_decoder_remembers_nothing) {
  for (int round = 0; round < 3; ++round) {
    for (const Coding& coding : codings()) {
      const std::string body = coding.encode(kText);
      decode(coding.label, body.substr(0, body.size() / 2));
      decode(coding.label, "nonsense" + body);
      const Decoded decoded = decode(coding.label, body);
      EXPECT_EQ(decoded.body, kText);
      EXPECT_THAT(said(decoded), IsEmpty());
    }
  }
}

}  // namespace
}  // namespace webtap::http
