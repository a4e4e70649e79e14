// Findings as the text of a `Message:` line, in the shape of ModSecurity's own messages, so that what reads
// those shows them:
//   Warning. SENTENCE. [file "webtap"] [line "1"] [id "9900002"] [msg "SENTENCE"]
//   [data "side=response offset=12 length=40 detail=…"] [severity "ERROR"] [tag "webtap/body-gap"]
// (one line). Never cut, unlike ModSecurity's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "webtap/event/finding.h"

namespace webtap::modsec {

// The rule id of a finding is this number plus its FindingKind: 9,900,000 to 9,965,535.
inline constexpr std::uint32_t kFirstFindingId = 9'900'000;

// Whether the finding is a Message: it is not where its severity is Info. A kind that is not known here (from
// a newer sensor) is one.
bool is_message(const event::Finding& finding);
// "body-gap"; "kind-N" for a number that is no kind.
std::string finding_name(event::FindingKind kind);
std::optional<event::FindingKind> parse_finding_name(std::string_view name);
// "exchange", "request" or "response".
std::string_view side_name(event::Side side);
std::optional<event::Side> parse_side(std::string_view name);

// The most bytes that put_finding_message() can write.
std::size_t finding_message_bound(const event::Finding& finding);
// Writes the text behind `Message: `.
char* put_finding_message(char* out, const event::Finding& finding);
std::string finding_message(const event::Finding& finding);
// The finding that such a text says; nothing where it is another message.
std::optional<event::Finding> parse_finding_message(std::string_view text);

}  // namespace webtap::modsec
