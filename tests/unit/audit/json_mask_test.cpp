#include "agent/audit/json_mask.h"

#include <gtest/gtest.h>

#include <string>

namespace webtap::audit {
namespace {

struct JsonMaskTest : testing::Test {
  std::string mask(std::string text) {
    const std::size_t size = text.size();
    JsonMask(names, pen).mask(text);
    EXPECT_EQ(text.size(), size);
    return text;
  }

  MaskNames names{{"password", "Token", "caf\xc3\xa9", "\xf0\x9f\x94\x91", "a/\"b"}};
  MaskPen pen{5};
};

TEST_F(JsonMaskTest, MembersAtAnyDepth) {
  EXPECT_EQ(mask(R"({"user": {"Password": "p w", "x": [{"token" : "t"}, "token"]}, "y": "password"})"),
            R"({"user": {"Password": "***", "x": [{"token" : "*"}, "token"]}, "y": "password"})");
  EXPECT_EQ(pen.values(), 2U);
  EXPECT_EQ(mask(R"(["password", {"passwords": "x"}])"), R"(["password", {"passwords": "x"}])");
}

TEST_F(JsonMaskTest, ScalarsOfEveryKindStayValidJson) {
  EXPECT_EQ(mask(R"({"token":-12.5e3,"token":7,"token":true,"token":false,"token":null,"token":""})"),
            R"({"token":"*****","token":0,"token":"**","token":"***","token":"**","token":""})");
  EXPECT_EQ(mask(R"({"token":"a\"b\\"})"), R"({"token":"******"})");
}

TEST_F(JsonMaskTest, EverythingBelowAMember) {
  EXPECT_EQ(mask(R"({"token":{"a":"bc","d":[1,[true,{"password":"e"}],{}],"f":[]},"g":"h"})"),
            R"({"token":{"a":"**","d":[0,["**",{"password":"*"}],{}],"f":[]},"g":"h"})");
  EXPECT_EQ(mask(R"({"a":[{"token":[12]},"z"],"b":"z"})"), R"({"a":[{"token":[""]},"z"],"b":"z"})");
}

TEST_F(JsonMaskTest, EscapedNames) {
  EXPECT_EQ(
      mask(R"({"\u0070assw\u006Frd":"x","caf\u00E9":"x","\ud83d\udd11":"x","a\/\"b":"x","t\oken":"x"})"),
      R"({"\u0070assw\u006Frd":"*","caf\u00E9":"*","\ud83d\udd11":"*","a\/\"b":"*","t\oken":"*"})");
  EXPECT_EQ(mask(R"({"\ud83dpassword":"x","\u12":"x","password\u0000":"x"})"),
            R"({"\ud83dpassword":"x","\u12":"x","password\u0000":"x"})");
}

TEST_F(JsonMaskTest, SeveralTexts) {
  EXPECT_EQ(mask("{\"token\":\"a\"}\n{\"token\":\"b\"}\x1e[{\"token\":\"c\"}] 1"),
            "{\"token\":\"*\"}\n{\"token\":\"*\"}\x1e[{\"token\":\"*\"}] 1");
  EXPECT_EQ(mask("\xef\xbb\xbf{\"token\":\"a\"}"), "\xef\xbb\xbf{\"token\":\"*\"}");
}

TEST_F(JsonMaskTest, TextsThatEndEarly) {
  EXPECT_EQ(mask(R"({"token":"secr)"), R"({"token":"****)");
  EXPECT_EQ(mask(R"({"token":"secr\)"), R"({"token":"*****)");
  EXPECT_EQ(mask(R"({"token":{"a":12)"), R"({"token":{"a":"")");
  EXPECT_EQ(mask(R"({"x":"y","toke)"), R"({"x":"y","toke)");
  for (const char* text :
       {"", "{", "[", "\"", "{\"", "{\"token", "{\"token\"", "{\"token\":", "{\"token\":\"", "[1,"})
    EXPECT_EQ(mask(text), text);
}

TEST_F(JsonMaskTest, WhatFollowsAFaultGoes) {
  EXPECT_EQ(mask(R"({"token":"ab"cd","x":1})"), R"({"token":"**"**********)");
  EXPECT_EQ(mask(R"({"a":"x"y","token":"s"})"), R"({"a":"x"***************)");
  EXPECT_EQ(mask(R"({token:"s"})"), R"({**********)");
  EXPECT_EQ(mask(R"({"token" "s"})"), R"({"token" ****)");
  EXPECT_EQ(mask(R"({"token":'s'})"), R"({"token":****)");
  EXPECT_EQ(mask(R"({"a":1]"token":"s"})"), R"({"a":1*************)");
  EXPECT_EQ(mask("}{\"token\":\"s\"}"), std::string(14, '*'));
  EXPECT_EQ(mask("token=s"), "token**");
  EXPECT_EQ(mask(R"("token":"s")"), R"("token"****)");
  EXPECT_EQ(mask(R"("\{"token":"s"})"), R"("\{"***********)");
  EXPECT_EQ(mask("1 s"), "1 *");
  EXPECT_EQ(mask(R"({"a":1,})"), R"({"a":1,})");
}

TEST_F(JsonMaskTest, DeepNestingIsMasked) {
  const std::string open(kMaxJsonDepth, '[');
  EXPECT_EQ(mask(open + "1"), open + "1");
  EXPECT_EQ(mask(open + "[1"), open + "**");
}

TEST_F(JsonMaskTest, EveryPrefixHidesTheSecret) {
  const std::string text = R"({"a":[1,{"token":"hush\u0041hush"}],"password":{"x":["hush"]},"b":"hus"})";
  for (std::size_t size = 0; size <= text.size(); ++size)
    EXPECT_EQ(mask(text.substr(0, size)).find("hush"), std::string::npos) << size;
}

TEST(LooksLikeJson, ObjectsAndArraysOfThem) {
  for (const char* text : {"{\"", " {\r\n \"a\"", "{}", "[{", " [ {", "\xef\xbb\xbf{\""})
    EXPECT_TRUE(looks_like_json(text));
  for (const char* text : {"", "{", "[", "[1", "[info]", "{a", "x{\"", "a=1"})
    EXPECT_FALSE(looks_like_json(text));
}

}  // namespace
}  // namespace webtap::audit
