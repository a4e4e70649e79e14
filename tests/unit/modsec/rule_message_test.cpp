#include "webtap/modsec/rule_message.h"

#include <gtest/gtest.h>

namespace webtap::modsec {
namespace {

constexpr std::string_view kFull =
    "Access denied with code 403 (phase 2). String match \"attack\" at ARGS:evil. [file \"/etc/r.conf\"] "
    "[line "
    "\"34\"] [id \"1001\"] [rev \"2\"] [msg \"Lab attack\"] [data \"a\\x22[b\\\"]\"] [severity \"CRITICAL\"] "
    "[ver "
    "\"LAB/1\"] [maturity \"9\"] [accuracy \"8\"] [tag \"one\"] [tag \"two\"]";

TEST(RuleMessage, everything_it_says_is_read) {
  const RuleMessage message = parse_rule_message(kFull);
  EXPECT_EQ(message.action, "Access denied with code 403 (phase 2)");
  EXPECT_EQ(message.text, "String match \"attack\" at ARGS:evil.");
  EXPECT_EQ(message.file, "/etc/r.conf");
  EXPECT_EQ(message.line, "34");
  EXPECT_EQ(message.id, "1001");
  EXPECT_EQ(message.rev, "2");
  EXPECT_EQ(message.msg, "Lab attack");
  EXPECT_EQ(message.data, "a\\x22[b\\\"]");
  EXPECT_EQ(message.severity, "CRITICAL");
  EXPECT_EQ(message.ver, "LAB/1");
  EXPECT_EQ(message.maturity, "9");
  EXPECT_EQ(message.accuracy, "8");
  EXPECT_EQ(message.tags, (std::vector<std::string>{"one", "two"}));
  EXPECT_TRUE(message.others.empty());
  EXPECT_FALSE(message.cut);
  EXPECT_EQ(rule_message_text(message), kFull);
}

TEST(RuleMessage, actions_of_every_kind_are_told_from_the_text) {
  for (const char* action :
       {"Warning", "Access denied with code 403 (phase 2)", "Access denied with connection close (phase 1)",
        "Access denied with redirection to http://a.example/x. y using status 302 (phase 2)",
        "Access allowed (phase 1)", "Access to phase allowed (phase 1)",
        "Access to request allowed (phase 1)"}) {
    const RuleMessage message =
        parse_rule_message(std::string(action) + ". What matched. [file \"f\"] [line \"1\"]");
    EXPECT_EQ(message.action, action);
    EXPECT_EQ(message.text, "What matched.");
  }
  for (const char* notice :
       {"Failed to access DBM file \"/x\": Permission denied", "Audit log: Failed to lock global mutex: x",
        "Rule 1f2e [id \"9\"][file \"f\"][line \"1\"] - Execution error - PCRE limits exceeded (-8): "
        "(null)."}) {
    const RuleMessage message = parse_rule_message(notice);
    EXPECT_EQ(message.action, "");
    EXPECT_EQ(message.text, notice);
    EXPECT_EQ(message.id, "");
  }
}

// ModSecurity cuts at 1,023 bytes, wherever that is: what is whole before the cut is kept.
TEST(RuleMessage, cut_at_any_byte_keeps_what_is_before) {
  const RuleMessage whole = parse_rule_message(kFull);
  const std::size_t metadata = kFull.find(" [file");
  for (std::size_t size = metadata + 8; size < kFull.size(); ++size) {
    const RuleMessage message = parse_rule_message(kFull.substr(0, size));
    const bool between_items =
        kFull[size - 1] == ']' && kFull[size - 2] == '"' && kFull[size] == ' ' && !(kFull[size - 3] == '\\');
    ASSERT_EQ(message.text, whole.text);
    ASSERT_EQ(message.cut, !between_items && !(kFull[size - 1] == ' ' && kFull[size] == '['))
        << kFull.substr(0, size);
    ASSERT_TRUE(whole.file.starts_with(message.file));
    ASSERT_TRUE(whole.id.starts_with(message.id));
    ASSERT_TRUE(whole.data.starts_with(message.data));
    ASSERT_LE(message.tags.size(), 2u);
  }
}

TEST(RuleMessage, metadata_before_the_text_is_read) {
  const RuleMessage message = parse_rule_message(
      " [file \"f\"] [line \"1\"] [id \"5\"] [tag \"t\"] Warning. Match of \"x\" [file \"fake\"]");
  EXPECT_EQ(message.id, "5");
  EXPECT_EQ(message.file, "f");
  EXPECT_EQ(message.action, "Warning");
  EXPECT_EQ(message.text, "Match of \"x\" [file \"fake\"]");
}

TEST(RuleMessage, version_3_may_hold_bare_quotes) {
  const RuleMessage message = parse_unescaped_rule_message(
      "Warning. Matched \"Operator `Rx'\" (Value: `a' ) [file \"f\"] [line \"1\"] [id \"7\"] [rev \"\"] [msg "
      "\"a \"b\" "
      "c\"] [data \"xmlns:d=\"dav:\">[x]\"] [severity \"2\"] [tag \"t\"] [hostname \"h\"] [uri \"/\"] "
      "[unique_id "
      "\"1.2\"] [ref \"o0,6v21,17\"]");
  EXPECT_EQ(message.action, "Warning");
  EXPECT_EQ(message.msg, "a \"b\" c");
  EXPECT_EQ(message.data, "xmlns:d=\"dav:\">[x]");
  EXPECT_EQ(message.severity, "2");
  ASSERT_EQ(message.others.size(), 4u);
  EXPECT_EQ(message.others[3], (std::pair<std::string, std::string>{"ref", "o0,6v21,17"}));
  EXPECT_FALSE(message.cut);
}

// The first of a key is the rule's: what follows may be a client's.
TEST(RuleMessage, a_key_that_comes_twice_does_not_replace_the_first) {
  const RuleMessage message = parse_rule_message("Warning. x [file \"f\"] [id \"1\"] [id \"2\"]");
  EXPECT_EQ(message.id, "1");
  EXPECT_EQ(message.others, (std::vector<std::pair<std::string, std::string>>{{"id", "2"}}));
}

TEST(RuleMessage, of_json_objects) {
  std::string problem;
  const auto version3 = parse_json(
      R"({"message":"m","details":{"match":"Matched x","reference":"o0","ruleId":"7","file":"f","lineNumber":"9",)"
      R"("data":"d","severity":"2","ver":"v","rev":"r","tags":["a","b"],"maturity":"1","accuracy":"3"}})",
      problem);
  const RuleMessage message = rule_message(*version3);
  EXPECT_EQ(rule_message_text(message),
            "Matched x [file \"f\"] [line \"9\"] [id \"7\"] [rev \"r\"] [msg \"m\"] [data \"d\"] [severity "
            "\"2\"] [ver "
            "\"v\"] [maturity \"1\"] [accuracy \"3\"] [tag \"a\"] [tag \"b\"] [ref \"o0\"]");
  const auto coraza = parse_json(
      R"({"message":"m","error_message":"e","data":{"file":"f","line":9,"id":7,"msg":"m","tags":["a"],"raw":"SecRule"}})",
      problem);
  EXPECT_EQ(rule_message_text(rule_message(*coraza)),
            "e [file \"f\"] [line \"9\"] [id \"7\"] [msg \"m\"] [tag \"a\"] [raw \"SecRule\"]");
  EXPECT_EQ(rule_message(*parse_json("[]", problem)), RuleMessage());
}

TEST(RuleMessage, more_metadata_than_is_kept_takes_no_room) {
  std::string text = "Warning. x [file \"f\"]";
  for (int i = 0; i < 5000; ++i) text += " [tag \"t\"]";
  EXPECT_EQ(parse_rule_message(text).tags.size(), kMaxMetadata - 1);
}

}  // namespace
}  // namespace webtap::modsec
