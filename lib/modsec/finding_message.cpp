#include "webtap/modsec/finding_message.h"

#include <algorithm>
#include <array>
#include <utility>

#include "webtap/modsec/decimal.h"
#include "webtap/modsec/escape.h"

namespace webtap::modsec {
namespace {

using event::Finding;
using event::FindingKind;
using event::FindingText;
using event::Severity;
using event::Side;

constexpr std::string_view kUnknownName = "kind-";
constexpr FindingText kUnknownKind{FindingKind{}, Severity::Notice, "",
                                   "A finding of a kind that is not known here"};
constexpr std::array<std::string_view, 3> kSides{"exchange", "request", "response"};
constexpr std::string_view kAction = "Warning. ";
constexpr std::string_view kSource = " [file \"webtap\"] [line \"1\"] [id \"";
constexpr std::string_view kTag = "webtap/";

const FindingText& text_of(FindingKind kind) {
  const FindingText* text = event::finding_text(kind);
  return text != nullptr ? *text : kUnknownKind;
}

std::string_view severity_name(Severity severity) {
  switch (severity) {
    case Severity::Error:
      return "ERROR";
    case Severity::Warning:
      return "WARNING";
    case Severity::Notice:
      return "NOTICE";
    case Severity::Info:
      return "INFO";
  }
  return "NOTICE";
}

bool has_data(const Finding& finding) {
  return finding.side != Side::Exchange || finding.offset != 0 || finding.length != 0 ||
         !finding.detail.empty();
}

// What is not set is left out; detail comes last, as it may hold spaces.
char* put_data(char* out, const Finding& finding) {
  char* const begin = out;
  const auto key = [&](std::string_view name) {
    if (out != begin) *out++ = ' ';
    out = put(out, name);
  };
  if (finding.side != Side::Exchange) key("side="), out = put(out, side_name(finding.side));
  if (finding.offset != 0) key("offset="), out = put_decimal(out, finding.offset);
  if (finding.length != 0) key("length="), out = put_decimal(out, finding.length);
  if (!finding.detail.empty()) key("detail="), out = put_data_text(out, finding.detail);
  return out;
}

// Takes "name=value" off the front, where it is there; `value` then ends at a space or the end.
bool take_value(std::string_view& data, std::string_view name, std::string_view& value) {
  if (!data.starts_with(name)) return false;
  data.remove_prefix(name.size());
  value = data.substr(0, data.find(' '));
  data.remove_prefix(std::min(data.size(), value.size() + 1));
  return true;
}

bool parse_data(std::string_view data, Finding& finding) {
  std::string_view value;
  if (take_value(data, "side=", value)) {
    const auto side = parse_side(value);
    if (!side) return false;
    finding.side = *side;
  }
  for (auto [name, number] : {std::pair{"offset=", &finding.offset}, std::pair{"length=", &finding.length}}) {
    if (!take_value(data, name, value)) continue;
    if (!parse_decimal(value, *number)) return false;
  }
  constexpr std::string_view kDetail = "detail=";
  if (data.starts_with(kDetail)) {
    finding.detail = unescape(data.substr(kDetail.size()));
    return true;
  }
  return data.empty();
}

// Takes ` [key "value"]` off the front; the value stays escaped. An empty key means that there is none.
struct Metadata {
  std::string_view key;
  std::string_view value;
};

Metadata take_metadata(std::string_view& text) {
  if (!text.starts_with(" [")) return {};
  const std::size_t key_end = text.find(" \"", 2);
  if (key_end == std::string_view::npos) return {};
  std::size_t end = key_end + 2;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  if (end + 1 >= text.size() || text[end + 1] != ']') return {};
  const Metadata found{text.substr(2, key_end - 2), text.substr(key_end + 2, end - key_end - 2)};
  text.remove_prefix(end + 2);
  return found;
}

}  // namespace

bool is_message(const Finding& finding) { return text_of(finding.kind).severity != Severity::Info; }

std::string finding_name(FindingKind kind) {
  const FindingText* text = event::finding_text(kind);
  if (text != nullptr) return std::string(text->name);
  return std::string(kUnknownName) + std::to_string(static_cast<unsigned>(kind));
}

std::optional<FindingKind> parse_finding_name(std::string_view name) {
  if (const auto kind = event::finding_kind(name)) return kind;
  if (!name.starts_with(kUnknownName)) return std::nullopt;
  std::uint16_t number = 0;
  if (!parse_decimal(name.substr(kUnknownName.size()), number)) return std::nullopt;
  return static_cast<FindingKind>(number);
}

std::string_view side_name(Side side) {
  const auto index = static_cast<std::size_t>(side);
  return index < kSides.size() ? kSides[index] : kSides[0];
}

std::optional<Side> parse_side(std::string_view name) {
  for (std::size_t index = 0; index < kSides.size(); ++index)
    if (kSides[index] == name) return static_cast<Side>(index);
  return std::nullopt;
}

std::size_t finding_message_bound(const Finding& finding) {
  constexpr std::size_t kFixed = 256;  // the punctuation, the numbers, the longest names of side and severity
  const FindingText& text = text_of(finding.kind);
  return kFixed + 2 * text.sentence.size() + text.name.size() + kMaxEscape * finding.detail.size();
}

char* put_finding_message(char* out, const Finding& finding) {
  const FindingText& text = text_of(finding.kind);
  const auto number = static_cast<std::uint16_t>(finding.kind);
  out = put(put(put(out, kAction), text.sentence), ".");
  out = put_decimal(put(out, kSource), kFirstFindingId + number);
  out = put(put(put(out, "\"] [msg \""), text.sentence), "\"]");
  if (has_data(finding)) out = put(put_data(put(out, " [data \""), finding), "\"]");
  out = put(put(put(out, " [severity \""), severity_name(text.severity)), "\"] [tag \"");
  out = put(out, kTag);
  if (text.name.empty())
    out = put_decimal(put(out, kUnknownName), number);
  else
    out = put(out, text.name);
  return put(out, "\"]");
}

std::string finding_message(const Finding& finding) {
  std::string text(finding_message_bound(finding), '\0');
  text.resize(static_cast<std::size_t>(put_finding_message(text.data(), finding) - text.data()));
  return text;
}

std::optional<Finding> parse_finding_message(std::string_view text) {
  const std::size_t metadata = text.find(" [file \"");
  if (!text.starts_with(kAction) || metadata == std::string_view::npos) return std::nullopt;
  text.remove_prefix(metadata);
  if (!text.starts_with(kSource)) return std::nullopt;
  Finding finding;
  bool tagged = false;
  std::uint32_t id = 0;
  while (!text.empty()) {
    const Metadata found = take_metadata(text);
    if (found.key.empty()) return std::nullopt;
    if (found.key == "id" && !parse_decimal(found.value, id)) return std::nullopt;
    if (found.key == "tag") tagged = found.value.starts_with(kTag);
    if (found.key == "data" && !parse_data(found.value, finding)) return std::nullopt;
  }
  if (!tagged || id < kFirstFindingId || id > kFirstFindingId + 0xffff) return std::nullopt;
  finding.kind = static_cast<FindingKind>(id - kFirstFindingId);
  if (!is_message(finding)) return std::nullopt;
  return finding;
}

}  // namespace webtap::modsec
