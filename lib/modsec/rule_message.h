// What a rule engine said of a transaction: the text of a `Message:` line (ModSecurity 2), of a line of part
// H (ModSecurity 3), or an object of a JSON log, taken apart.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "webtap/base/bytes.h"
#include "webtap/modsec/json_value.h"

namespace webtap::modsec {

// Texts are as they stand in the log, ModSecurity's escapes included (unescape() undoes them); what is not
// there is empty.
struct RuleMessage {
  std::string
      action;  // "Warning", "Access denied with code 403 (phase 2)"; empty where the engine itself speaks
  std::string text;  // what matched: "Operator GE matched 5 at TX:anomaly_score."
  std::string file;
  std::string line;
  std::string id;
  std::string rev;
  std::string msg;
  std::string data;
  std::string severity;  // "CRITICAL", or "2"
  std::string ver;
  std::string maturity;
  std::string accuracy;
  std::vector<std::string> tags;
  // Any other key, and the further values of a key that stands there twice, in order: hostname, uri, ref, …
  std::vector<std::pair<std::string, std::string>> others;
  // Ends within its metadata: ModSecurity 2 cuts at 1,023 bytes, wherever that is. The last value is then the
  // part of it that is there.
  bool cut = false;

  bool operator==(const RuleMessage&) const = default;
};

inline constexpr std::size_t kMaxMetadata = 128;  // of a message; more are left out

// ModSecurity 2's escape a quote within a value, so that a value ends at the first one that is not escaped.
// Metadata may stand before the text, as Atomicorp's builds write it.
RuleMessage parse_rule_message(ByteView text);
// ModSecurity 3's and Coraza's may hold bare quotes: a value ends where `"]` ends the metadata's item.
RuleMessage parse_unescaped_rule_message(ByteView text);
// An object of `messages` of a JSON log of ModSecurity 3 or Coraza.
RuleMessage rule_message(const JsonValue& object);

// The message as ModSecurity 2 would write it, behind `Message: `. Takes texts as they are.
std::string rule_message_text(const RuleMessage& message);

}  // namespace webtap::modsec
