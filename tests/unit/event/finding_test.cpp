#include "webtap/event/finding.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace webtap::event {
namespace {

TEST(Finding, every_kind_has_its_own_name_and_is_found_by_it) {
  std::set<std::string_view> names;
  for (unsigned number = 0; number <= 0xffff; ++number) {
    const auto kind = static_cast<FindingKind>(number);
    const FindingText* text = finding_text(kind);
    if (text == nullptr) continue;
    EXPECT_TRUE(names.insert(text->name).second) << text->name;
    EXPECT_EQ(finding_kind(text->name), kind);
    EXPECT_EQ(text->sentence.find_first_of("\"\\[]"), std::string_view::npos) << text->sentence;
  }
  EXPECT_EQ(names.size(), 55u);
  EXPECT_FALSE(finding_kind("no-such-kind"));
}

}  // namespace
}  // namespace webtap::event
