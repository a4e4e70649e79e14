// Bodies that are not what their label says: cut, damaged, mislabelled, hostile.
#include <gtest/gtest.h>

#include "coding_fixture.h"
#include "encoders.h"

namespace webtap::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const std::string kText = "Hello, content codings. " + sample_text(300);

struct Body {
  std::string label;
  std::string bytes;
};

std::vector<Body> bodies() {
  return {{"gzip", gzip(kText)},
          {"deflate", zlib(kText)},
          {"deflate", raw_deflate(kText)},
          {"br", brotli(kText)},
          {"zstd", zstd(kText)},
          {"zstd, gzip", gzip(zstd(kText))},
          {"gzip, br", brotli(gzip(kText))}};
}

TEST(ContentDamage, a_body_cut_at_every_byte) {
  for (const Body& body : bodies()) {
    for (std::size_t size = 1; size < body.bytes.size(); ++size) {
      const std::string cut = body.bytes.substr(0, size);
      const Decoded whole = decode(body.label, cut, true);
      EXPECT_FALSE(whole.findings.empty()) << body.label << " cut at " << size;
      const Decoded part = decode(body.label, cut, false);
      EXPECT_THAT(said(part), IsEmpty()) << body.label << " cut at " << size;
      if (part.result.decoded) {
        EXPECT_THAT(kText, StartsWith(part.body)) << body.label << " cut at " << size;
        EXPECT_EQ(part.result.total_bytes, part.body.size());
      } else {
        EXPECT_EQ(part.body, cut);
      }
    }
  }
}

TEST(ContentDamage, a_gzip_trailer_cut_at_every_byte_costs_no_data) {
  const std::string body = gzip(kText);
  for (std::size_t missing = 1; missing <= 8; ++missing) {
    const Decoded decoded = decode("gzip", body.substr(0, body.size() - missing));
    EXPECT_EQ(decoded.body, kText);
    const std::string what = missing == 8 ? "the trailer is missing" : "the trailer is cut short";
    EXPECT_THAT(said(decoded), ElementsAre("undecodable gzip: " + what));
  }
  EXPECT_THAT(said(decode("gzip", body.substr(0, body.size() - 9))),
              ElementsAre("undecodable gzip: unexpected end"));
}

TEST(ContentDamage, a_wrong_checksum_or_length_costs_no_data) {
  std::string checksum = gzip(kText);
  checksum[checksum.size() - 8] ^= 1;
  EXPECT_EQ(decode("gzip", checksum).body, kText);
  EXPECT_THAT(said(decode("gzip", checksum)), ElementsAre("undecodable gzip: the checksum is wrong"));
  EXPECT_EQ(decode("gzip", checksum + gzip("more")).body, kText + "more")
      << "the next member is read all the same";

  std::string length = gzip(kText);
  length.back() = 1;
  EXPECT_EQ(decode("gzip", length).body, kText);
  EXPECT_THAT(said(decode("gzip", length)), ElementsAre("undecodable gzip: the length is wrong"));

  std::string adler = zlib(kText);
  adler.back() ^= 1;
  EXPECT_EQ(decode("deflate", adler).body, kText);
  EXPECT_THAT(said(decode("deflate", adler)), ElementsAre("undecodable deflate: incorrect data check"));
}

TEST(ContentDamage, damage_in_the_middle_keeps_what_came_before) {
  const std::string text = sample_text(1'000'000);
  for (const Body& body : std::vector<Body>{{"gzip", gzip(text)},
                                            {"deflate", zlib(text)},
                                            {"br", brotli(text)},
                                            {"zstd", zstd(text)},
                                            {"gzip, gzip", gzip(gzip(text))}}) {
    std::string bytes = body.bytes;
    bytes.replace(bytes.size() / 2, 300, std::string(300, '\xff'));
    const Decoded decoded = decode(body.label, bytes);
    ASSERT_TRUE(decoded.result.decoded) << body.label;
    EXPECT_EQ(decoded.body.substr(0, 1000), text.substr(0, 1000)) << body.label;
    ASSERT_FALSE(decoded.findings.empty());
    EXPECT_EQ(decoded.findings.front().kind, event::FindingKind::ContentUndecodable) << body.label;
    const std::string innermost = body.label.substr(0, body.label.find(','));
    EXPECT_THAT(decoded.findings.front().detail, StartsWith(innermost + ": ")) << body.label;
  }
}

TEST(ContentDamage, several_members_and_frames) {
  const std::string second = sample_text(70'000);
  EXPECT_EQ(decode("gzip", gzip("one, ") + gzip("") + gzip(second)).body, "one, " + second);
  EXPECT_EQ(decode("zstd", zstd("one, ") + zstd(second)).body, "one, " + second);
  const std::string skippable = std::string("\x50\x2a\x4d\x18\x03\0\0\0abc", 11);
  const Decoded decoded = decode("zstd", skippable + zstd("one, ") + skippable + zstd("two") + skippable);
  EXPECT_EQ(decoded.body, "one, two");
  EXPECT_THAT(said(decoded), IsEmpty());
  // Members whose borders fall anywhere in an outer coding's blocks.
  std::string members;
  std::string text;
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::string part = sample_text(i % 50);
    members += gzip(part);
    text += part;
  }
  EXPECT_EQ(decode("gzip, br", brotli(members)).body, text);
}

TEST(ContentDamage, trailing_data_is_counted) {
  for (const Body& body : bodies()) {
    for (const std::string& extra :
         {std::string("x"), std::string("\x1f"), std::string("\x1f\x1f\x8b\x08"), std::string(100, '\0')}) {
      const Decoded decoded = decode(body.label, body.bytes + extra);
      EXPECT_EQ(decoded.body, kText) << body.label;
      if (body.label.ends_with("gzip") && extra == "\x1f") continue;  // may be the start of a member
      ASSERT_EQ(decoded.findings.size(), 1u) << body.label;
      EXPECT_EQ(decoded.findings[0].kind, event::FindingKind::ContentTrailingData);
      EXPECT_EQ(decoded.findings[0].length, extra.size()) << body.label;
    }
  }
}

TEST(ContentDamage, optional_gzip_header_fields) {
  const std::string extra = std::string("\x03\0abc", 5);
  const Decoded decoded =
      decode("gzip", gzip_with_header(kText, 4 | 8 | 16, extra + std::string("a name\0a comment\0", 17)));
  EXPECT_EQ(decoded.body, kText);
  EXPECT_THAT(said(decoded), IsEmpty());
  EXPECT_EQ(decode("gzip", gzip_with_header(kText, 4, std::string("\0\0", 2))).body, kText);

  std::string header = gzip_with_header(kText, 2, "");
  const auto crc = static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(header.data()), 10));
  header.insert(10, {static_cast<char>(crc & 0xff), static_cast<char>(crc >> 8 & 0xff)});
  EXPECT_EQ(decode("gzip", header).body, kText);
  EXPECT_THAT(said(decode("gzip", header)), IsEmpty());
}

TEST(ContentDamage, odd_gzip_headers_cost_no_data) {
  const Decoded checksum = decode("gzip", gzip_with_header(kText, 2, std::string("\0\0", 2)));
  EXPECT_EQ(checksum.body, kText);
  EXPECT_THAT(said(checksum), ElementsAre("mislabelled gzip: the header's checksum is wrong"));
  const Decoded reserved = decode("gzip", gzip_with_header(kText, 0x20, ""));
  EXPECT_EQ(reserved.body, kText);
  EXPECT_THAT(said(reserved), ElementsAre("mislabelled gzip: reserved header flags are set"));
}

TEST(ContentDamage, another_coding_than_the_label_says) {
  const std::vector<std::pair<std::string, std::string>> content = {
      {"gzip", gzip(kText)}, {"deflate", zlib(kText)}, {"zstd", zstd(kText)}};
  for (const std::string label : {"gzip", "deflate", "br", "zstd"}) {
    for (const auto& [is, bytes] : content) {
      if (is == label) continue;
      const Decoded decoded = decode(label, bytes);
      EXPECT_EQ(decoded.body, kText) << label << " is " << is;
      EXPECT_THAT(said(decoded), ElementsAre("mislabelled " + label + ": body is " + is)) << label;
    }
  }
  EXPECT_EQ(decode("gzip", raw_deflate(kText)).body, kText);
}

TEST(ContentDamage, a_label_on_plain_text) {
  for (const std::string label : {"gzip", "deflate", "br", "zstd", "x-gzip"}) {
    for (const std::string& text :
         {kText, std::string("{}"), std::string("{\"key\": [1, 2, 3], \"other\": null}"), std::string("K"),
          std::string("<html><body>x</body></html>"),
          std::string("bcjkrsz23\"#:JKRSZ[CB: fixed Huffman codes"),
          std::string("x\x9c is no zlib header here, but it looks like one"),
          std::string("Gr\xc3\xbc\xc3\x9f"
                      "e, Welt")}) {
      const Decoded decoded = decode(label, text);
      EXPECT_FALSE(decoded.result.decoded) << label << " on " << text;
      EXPECT_EQ(decoded.body, text);
      EXPECT_EQ(decoded.findings.size(), 1u) << label << " on " << text;
    }
  }
  EXPECT_THAT(said(decode("x-gzip", kText)), ElementsAre("mislabelled gzip: body is not compressed"));
  EXPECT_THAT(said(decode("deflate, gzip, br", kText)), ElementsAre("mislabelled br: body is not compressed"))
      << "that the other labels are wrong too is no news";
}

TEST(ContentDamage, one_label_too_many) {
  const Decoded decoded = decode("gzip, gzip", gzip(kText));
  EXPECT_EQ(decoded.body, kText);
  EXPECT_THAT(said(decoded), ElementsAre("mislabelled gzip: body is not compressed"));
  const Decoded other = decode("deflate, gzip", raw_deflate(kText));
  EXPECT_EQ(other.body, kText);
  EXPECT_THAT(said(other), ElementsAre("mislabelled gzip: body is deflate",
                                       "mislabelled deflate: body is not compressed"));
}

TEST(ContentDamage, bytes_in_no_coding_stay_as_they_came) {
  const std::string bytes =
      std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe\xfd", 19) + std::string(200, '\xee');
  for (const std::string label : {"gzip", "deflate", "zstd"}) {
    const Decoded decoded = decode(label, bytes);
    EXPECT_FALSE(decoded.result.decoded) << label;
    ASSERT_EQ(decoded.findings.size(), 1u) << label;
    EXPECT_EQ(decoded.findings[0].kind, event::FindingKind::ContentUndecodable) << label;
  }
  EXPECT_THAT(said(decode("zstd", bytes)), ElementsAre("undecodable zstd: no zstd header"));
}

TEST(ContentLimits, output_beyond_what_is_kept_is_counted) {
  const std::string text = sample_text(500'000);
  for (const std::size_t kept : {0, 1, 1000, 32768, 499'999, 500'000, 500'001}) {
    DecodeLimits limits;
    limits.output_bytes = kept;
    const Decoded decoded = decode("gzip", gzip(text), true, limits);
    EXPECT_TRUE(decoded.result.decoded);
    EXPECT_EQ(decoded.body, text.substr(0, kept));
    EXPECT_EQ(decoded.result.total_bytes, text.size());
    EXPECT_THAT(said(decoded), IsEmpty());
  }
}

TEST(ContentLimits, a_bomb_is_stopped_by_the_ratio) {
  const std::string zeros(10'000'000, '\0');
  const std::string bomb = gzip(gzip(zeros));
  ASSERT_LT(bomb.size(), 1000u);
  const Decoded decoded = decode("gzip, gzip", bomb);
  EXPECT_TRUE(decoded.result.decoded);
  EXPECT_EQ(decoded.body, zeros.substr(0, 1u << 20));
  EXPECT_LE(decoded.result.total_bytes, (1u << 20) + (64u << 10));
  ASSERT_EQ(decoded.findings.size(), 1u);
  EXPECT_THAT(
      said(decoded)[0],
      ::testing::MatchesRegex("limit gzip: stopped after [0-9]+ bytes, more than 1000 times the coded body"));
}

TEST(ContentLimits, a_bomb_in_every_coding) {
  const std::string zeros(20'000'000, '\0');
  for (const Body& bomb : std::vector<Body>{{"gzip", gzip(zeros)},
                                            {"deflate", raw_deflate(zeros)},
                                            {"br", brotli(zeros)},
                                            {"zstd", zstd(zeros)}}) {
    const Decoded decoded = decode(bomb.label, bomb.bytes);
    EXPECT_LE(decoded.result.total_bytes,
              std::max(bomb.bytes.size() * 1000, std::size_t{1} << 20) + (64u << 10));
    EXPECT_EQ(decoded.findings.size(), 1u) << bomb.label;
    EXPECT_EQ(decoded.findings[0].kind, event::FindingKind::ContentLimit) << bomb.label;
  }
}

TEST(ContentLimits, the_work_of_all_layers_is_bounded) {
  DecodeLimits limits;
  limits.work_bytes = 1'000'000;
  const std::string text = sample_text(800'000);
  EXPECT_THAT(said(decode("gzip", gzip(text), true, limits)), IsEmpty());
  const Decoded decoded = decode("gzip, gzip, gzip", gzip(gzip(gzip(text))), true, limits);
  ASSERT_EQ(decoded.findings.size(), 1u);
  EXPECT_THAT(said(decoded)[0], ::testing::HasSubstr("all codings together made more than 1000000"));
  EXPECT_LT(decoded.result.total_bytes, text.size());
  EXPECT_EQ(decoded.body, text.substr(0, decoded.body.size()));
}

TEST(ContentLimits, a_window_larger_than_http_allows) {
  // A frame header that asks for 2^27 bytes: descriptor 0, window descriptor (27 - 10) << 3.
  const std::string frame("\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00", 9);
  EXPECT_THAT(said(decode("zstd", frame)), ElementsAre("undecodable zstd: the window is larger than 8 MiB"));
}

TEST(ContentLimits, random_damage_ends_within_the_limits) {
  std::mt19937 random(99);
  std::vector<Body> seeds = bodies();
  seeds.push_back({"gzip", gzip(std::string(50'000, 'a'))});
  const std::vector<std::string> labels = {"gzip", "deflate",       "br",
                                           "zstd", "gzip, deflate", "br, zstd, gzip"};
  DecodeLimits limits;
  limits.output_bytes = 100'000;
  for (int round = 0; round < 5000; ++round) {
    const Body& seed = seeds[random() % seeds.size()];
    std::string bytes = seed.bytes;
    for (auto changes = random() % 5 + 1; changes > 0; --changes) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    if (random() % 3 == 0) bytes.resize(random() % bytes.size());
    const std::string& label = random() % 4 == 0 ? labels[random() % labels.size()] : seed.label;
    const Decoded decoded = decode(label, bytes, random() % 2 == 0, limits);
    EXPECT_LE(decoded.findings.size(), 20u);
    EXPECT_LE(decoded.body.size(), std::max(limits.output_bytes, bytes.size()));
    EXPECT_GE(decoded.result.total_bytes, decoded.result.decoded ? decoded.body.size() : 0);
  }
}

}  // namespace
}  // namespace webtap::http
