#include "agent/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace webtap::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<KnownKey> kKeys{{KnownKey::Kind::Value, "max-body", "BYTES"},
                                  {KnownKey::Kind::Value, "output", "DIR"},
                                  {KnownKey::Kind::List, "mask", "NAME,..."},
                                  {KnownKey::Kind::Flag, "promiscuous", ""}};

std::vector<FileEntry> entries(const std::string& text) {
  return ConfigFile::from_text(text, "agent.yaml", kKeys).entries();
}

std::string complaint(const std::string& text) {
  try {
    entries(text);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(ConfigFile, keys_values_and_their_lines) {
  const auto found = entries("output: /logs   # where\n\nmask: [a, b]\npromiscuous: true\nmax-body: 0x1\n");
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].key, "output");
  EXPECT_THAT(found[0].values, ElementsAre("/logs"));
  EXPECT_EQ(found[0].line, 1);
  EXPECT_THAT(found[1].values, ElementsAre("a", "b"));
  EXPECT_EQ(found[1].line, 3);
  EXPECT_THAT(found[3].values, ElementsAre("0x1"));  // what it means is the option's to say
}

TEST(ConfigFile, an_empty_file_says_nothing) {
  EXPECT_TRUE(entries("").empty());
  EXPECT_TRUE(entries("# nothing\n---\n").empty());
}

TEST(ConfigFile, what_is_wrong_is_said_with_its_line) {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"output: x\nmax-bdy: 1\n", "line 2: unknown key 'max-bdy', did you mean 'max-body'?"},
      {"max_body: 1\n", "line 1: unknown key 'max_body', did you mean 'max-body'?"},
      {"promiscous: true\n", "did you mean 'promiscuous'?"},
      {"output:\n  directory: x\n", "line 1: 'output' takes a value (DIR)"},
      {"\noutput: [a, b]\n", "line 2: 'output' takes a value (DIR)"},
      {"output:\n", "line 1: 'output' takes a value (DIR)"},
      {"output: ''\n", "'output' takes a value (DIR), not ''"},
      {"mask: []\n", "line 1: 'mask' takes a list, as [a, b], or one value (NAME,...)"},
      {"mask:\n - a\n - [b]\n", "line 3: 'mask' takes a list"},
      {"promiscuous: yes\n", "line 1: 'promiscuous' takes true or false, not 'yes'"},
      {"output: a\nmask: b\noutput: c\n", "line 3: the key 'output' stands in line 1 already"},
      {"- output\n", "line 1: expected lines of the form 'key: value'"},
      {"output\n", "expected lines of the form 'key: value'"},
      {"[a]: b\n", "line 1: expected a key"},
      {"output: x\nmask: [a\n", "line 3: "},
      {"output: a: b\n", "line 1: "},
      {"output: *nobody\n", "line 1: "},
  };
  for (const auto& [text, part] : wrong) {
    EXPECT_THAT(complaint(text), HasSubstr("configuration 'agent.yaml': ")) << text;
    EXPECT_THAT(complaint(text), HasSubstr(part)) << text;
  }
}

TEST(ConfigFile, no_key_is_suggested_for_what_resembles_none) {
  EXPECT_EQ(complaint("colour: red\n"), "configuration 'agent.yaml': line 1: unknown key 'colour'");
  EXPECT_EQ(complaint(std::string(100'000, 'x') + ": 1\n").find("did you mean"), std::string::npos);
}

TEST(ConfigFile, hostile_text_ends_in_a_sentence) {
  EXPECT_NE(complaint(std::string(100'000, '[')), "");
  EXPECT_NE(complaint("mask: " + std::string(100'000, '{')), "");
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 30; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + "," + before + "]\n";
  }
  EXPECT_THAT(complaint(bomb), HasSubstr("unknown key 'a0'"));
  EXPECT_THAT(complaint("mask: &m\n  - *m\n"), HasSubstr("line"));
}

TEST(ConfigFile, a_file_that_cannot_be_read) {
  for (const char* path : {"/does/not/exist", "/"}) {
    try {
      ConfigFile::read(path, kKeys);
      FAIL();
    } catch (const UsageError& error) {
      EXPECT_THAT(error.what(), HasSubstr(std::string("cannot read configuration '") + path + "': "));
    }
  }
}

}  // namespace
}  // namespace webtap::agent
