#include "webtap/modsec/json_value.h"

#include <gtest/gtest.h>

namespace webtap::modsec {
namespace {

JsonValue parsed(std::string_view text) {
  std::string problem;
  const auto value = parse_json(text, problem);
  EXPECT_TRUE(value) << text << ": " << problem;
  return value.value_or(JsonValue());
}

std::string written(const JsonValue& value, JsonStyle style = JsonStyle::Yajl) {
  std::string text;
  append_json(value, style, text);
  return text;
}

TEST(JsonValue, what_writers_write_is_kept) {
  for (const std::string text :
       {R"({"a":1.1,"b":[true,null,-2e5],"c":{"d":"x"},"e":[],"f":{}})", R"({"a":1,"a":2,"":3})",
        R"({"http_version":,"x":1})", R"({"x":})", R"(["a",,"b",])", "{\"a\xff\":\"\xc3\"}",
        R"("\b\f\n\r\t\"\\\u0000\u001F")", "\"\x7f/\""})
    EXPECT_EQ(written(parsed(text)), text);
}

TEST(JsonValue, strings_are_bytes) {
  EXPECT_EQ(parsed(R"("\u00e9\u20ac\ud83d\ude00\/\u0041")").text, "é€😀/A");
  EXPECT_EQ(parsed(R"("\ud83dx")").text, "\xed\xa0\xbdx");
  EXPECT_EQ(parsed(R"("\ud83d\u0041")").text,
            "\xed\xa0\xbd"
            "A");
  EXPECT_EQ(parsed(R"("\u0000")").text, std::string_view("\0", 1));
  for (const char* text : {R"("\ud83d\ud83d\ude00")", R"("\udc00")"})
    EXPECT_EQ(parsed(written(parsed(text))), parsed(text));
}

TEST(JsonValue, styles_of_escaping) {
  const JsonValue value = parsed("\"<a>&\\u001f\"");
  EXPECT_EQ(written(value, JsonStyle::Yajl), "\"<a>&\\u001F\"");
  EXPECT_EQ(written(value, JsonStyle::Webtap), "\"<a>&\\u001f\"");
  EXPECT_EQ(written(value, JsonStyle::Go), "\"\\u003ca\\u003e\\u0026\\u001f\"");
}

TEST(JsonValue, blanks_may_stand_anywhere) {
  EXPECT_EQ(written(parsed(" {\r\n\t\"a\" : [ 1 , 2 ] , \"b\" : { } } ")), R"({"a":[1,2],"b":{}})");
}

TEST(JsonValue, members_are_found_by_name) {
  const JsonValue value = parsed(R"({"a":{"b":"1"},"a":2})");
  EXPECT_EQ(value.find("a", "b")->text, "1");
  EXPECT_EQ(value.find("x"), nullptr);
  EXPECT_EQ(value.find("x", "b"), nullptr);
  EXPECT_EQ(parsed("[1]").find(""), nullptr);
}

TEST(JsonValue, what_is_no_json_is_refused) {
  for (const char* text : {"",
                           " ",
                           ",",
                           "}",
                           "{",
                           "[",
                           "\"",
                           "\"\\",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "{\"a\"}",
                           "{\"a\":1 \"b\":2}",
                           "{a:1}",
                           "[1 2]",
                           "1 2",
                           "{}}",
                           "[}",
                           "'a'",
                           "\"\\u+123\""}) {
    std::string problem;
    EXPECT_FALSE(parse_json(text, problem)) << text;
    EXPECT_FALSE(problem.empty()) << text;
  }
}

TEST(JsonValue, depth_and_number_of_values_are_bounded) {
  std::string problem;
  EXPECT_TRUE(parse_json(std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']'), problem));
  EXPECT_FALSE(parse_json(std::string(100000, '['), problem));
  EXPECT_EQ(problem, "nested too deeply");
  std::string many = "[";
  for (std::size_t i = 0; i < kMaxJsonValues; ++i) many += "1,";
  EXPECT_FALSE(parse_json(many + "1]", problem));
  EXPECT_EQ(problem, "too many values");
  EXPECT_FALSE(parse_json("[" + std::string(100, '1') + "]", problem));
}

}  // namespace
}  // namespace webtap::modsec
