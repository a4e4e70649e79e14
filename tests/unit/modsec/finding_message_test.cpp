#include "webtap/modsec/finding_message.h"

#include <gtest/gtest.h>

namespace webtap::modsec {
namespace {

using event::Finding;
using event::FindingKind;
using event::Side;

TEST(FindingMessage, every_kind_is_read_back) {
  for (unsigned number = 0; number <= 200; ++number) {
    const Finding finding{static_cast<FindingKind>(number), Side::Request, 1, 2, "why"};
    const auto read = parse_finding_message(finding_message(finding));
    if (is_message(finding))
      EXPECT_EQ(read, finding) << number;
    else
      EXPECT_FALSE(read) << number;
    EXPECT_EQ(parse_finding_name(finding_name(finding.kind)), finding.kind);
  }
}

TEST(FindingMessage, any_byte_may_stand_in_the_detail) {
  Finding finding{FindingKind::InvalidChunkSize, Side::Response, ~std::uint64_t{0}, 0, {}};
  for (int byte = 0; byte < 256; ++byte) finding.detail += static_cast<char>(byte);
  finding.detail += " side=request length=9\"] [tag \"x\"]\\x41\\";
  const std::string text = finding_message(finding);
  for (const char byte : text) ASSERT_TRUE(byte >= 0x20 && byte < 0x7f);
  EXPECT_EQ(parse_finding_message(text), finding);
}

TEST(FindingMessage, what_is_not_set_is_left_out) {
  const Finding finding{FindingKind::NoResponse, Side::Exchange, 0, 0, {}};
  EXPECT_EQ(finding_message(finding),
            "Warning. A request without a response. [file \"webtap\"] [line \"1\"] [id \"9900008\"] "
            "[msg \"A request without a response\"] [severity \"ERROR\"] [tag \"webtap/no-response\"]");
}

TEST(FindingMessage, a_sentence_may_change_from_version_to_version) {
  const auto finding = parse_finding_message(
      "Warning. Other words. [file \"webtap\"] [line \"1\"] [id \"9900002\"] [msg \"Other\"] [data "
      "\"length=7\"] "
      "[severity \"NOTICE\"] [tag \"webtap/body-gap\"]");
  EXPECT_EQ(finding, (Finding{FindingKind::BodyGap, Side::Exchange, 0, 7, {}}));
}

TEST(FindingMessage, other_messages_are_none) {
  const std::string good = finding_message({FindingKind::BodyGap, Side::Request, 3, 4, "x"});
  for (std::size_t cut = 0; cut < good.size(); ++cut)
    EXPECT_FALSE(parse_finding_message(good.substr(0, cut))) << cut;
  for (const char* other :
       {"Warning. Pattern match \"x\" at ARGS:a. [file \"/etc/crs/x.conf\"] [line \"45\"] [id \"942100\"]",
        "Warning. x. [file \"webtap\"] [line \"1\"] [id \"1\"] [tag \"webtap/x\"]",
        "Warning. x. [file \"webtap\"] [line \"1\"] [id \"9900002\"] [data \"side=both\"] [tag \"webtap/x\"]",
        "Warning. x. [file \"webtap\"] [line \"1\"] [id \"9900002\"] [data \"offset=-1\"] [tag \"webtap/x\"]",
        "Warning. x. [file \"webtap\"] [line \"1\"] [id \"9900002\"] [tag \"other\"]"})
    EXPECT_FALSE(parse_finding_message(other)) << other;
}

}  // namespace
}  // namespace webtap::modsec
