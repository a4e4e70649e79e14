#include "webtap/modsec/rule_message.h"

#include <algorithm>
#include <array>

namespace webtap::modsec {
namespace {

constexpr std::string_view kFile = "[file \"";

struct Key {
  std::string_view name;
  std::string RuleMessage::*value;
};
constexpr std::array<Key, 10> kKeys{{{"file", &RuleMessage::file},
                                     {"line", &RuleMessage::line},
                                     {"id", &RuleMessage::id},
                                     {"rev", &RuleMessage::rev},
                                     {"msg", &RuleMessage::msg},
                                     {"data", &RuleMessage::data},
                                     {"severity", &RuleMessage::severity},
                                     {"ver", &RuleMessage::ver},
                                     {"maturity", &RuleMessage::maturity},
                                     {"accuracy", &RuleMessage::accuracy}}};

// How long the rule's own part of a text is: all of it that begins with an action.
std::size_t action_size(ByteView text) {
  // ". " ends an action, and no action holds it; but a URL that was redirected to may.
  if (text.starts_with("Warning. ")) return 7;
  if (text == "Warning.") return 7;
  if (!text.starts_with("Access ")) return 0;
  const std::size_t phase = text.find("(phase ");
  const std::size_t end = phase == ByteView::npos ? phase : text.find(". ", phase);
  if (end != ByteView::npos) return end;
  return phase != ByteView::npos && text.ends_with('.') ? text.size() - 1 : 0;
}

void set_text(ByteView text, RuleMessage& message) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  const std::size_t size = action_size(text);
  message.action = text.substr(0, size);
  text.remove_prefix(std::min(text.size(), size == 0 ? 0 : size + 1));
  while (text.starts_with(' ')) text.remove_prefix(1);
  message.text = text;
}

void set_value(ByteView name, ByteView value, RuleMessage& message, std::size_t count) {
  if (count > kMaxMetadata) return;
  const auto* key = std::ranges::find(kKeys, name, &Key::name);
  if (name == "tag")
    message.tags.emplace_back(value);
  else if (key != kKeys.end() && (message.*key->value).empty())
    message.*key->value = value;
  else
    message.others.emplace_back(name, value);
}

// Where a value ends that begins at `begin`: at its closing quote, or at the end of the text.
using FindEnd = std::size_t (*)(ByteView text, std::size_t begin);

std::size_t escaped_end(ByteView text, std::size_t begin) {
  std::size_t at = begin;
  while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
  return std::min(at, text.size());
}

std::size_t unescaped_end(ByteView text, std::size_t begin) {
  for (std::size_t at = begin;; ++at) {
    at = text.find("\"]", at);
    if (at == ByteView::npos) return text.size();
    const ByteView rest = text.substr(at + 2);
    if (rest.empty() || rest == " " || rest.starts_with(" [")) return at;
  }
}

// Takes the items `[key "value"]` off the front, with one space before each; false where the text ends within
// one.
bool take_metadata(ByteView& text, FindEnd find_end, RuleMessage& message) {
  for (std::size_t count = 1;; ++count) {
    ByteView rest = text;
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    if (!rest.starts_with('[')) return true;
    const std::size_t name_end = rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz_", 1);
    if (name_end == ByteView::npos) return text = {}, false;
    const ByteView name = rest.substr(1, name_end - 1);
    if (rest.substr(name_end) == " ") return text = {}, false;
    if (name.empty() || rest.substr(name_end, 2) != " \"") return true;
    const std::size_t begin = name_end + 2;
    const std::size_t end = find_end(rest, begin);
    set_value(name, rest.substr(begin, end - begin), message, count);
    if (end + 1 >= rest.size()) return text = {}, false;
    if (rest[end + 1] != ']') return text = rest.substr(end + 1), true;
    text = rest.substr(end + 2);
  }
}

RuleMessage parse_with(ByteView text, FindEnd find_end) {
  RuleMessage message;
  const std::size_t blanks = std::min(text.find_first_not_of(' '), text.size());
  if (text.substr(blanks).starts_with(kFile)) {  // Atomicorp's order
    text.remove_prefix(blanks);
    message.cut = !take_metadata(text, find_end, message);
    set_text(text, message);
    return message;
  }
  const std::size_t file = text.find(" [file \"");
  set_text(text.substr(0, file), message);
  if (file == ByteView::npos) return message;
  text.remove_prefix(file);
  message.cut = !take_metadata(text, find_end, message);
  if (text.find_first_not_of(' ') != ByteView::npos) message.others.emplace_back("", text);
  return message;
}

std::string text_of(const JsonValue* value) { return value == nullptr ? std::string() : value->text; }

}  // namespace

RuleMessage parse_rule_message(ByteView text) { return parse_with(text, escaped_end); }

RuleMessage parse_unescaped_rule_message(ByteView text) { return parse_with(text, unescaped_end); }

RuleMessage rule_message(const JsonValue& object) {
  RuleMessage message;
  message.msg = text_of(object.find("message"));
  message.text = text_of(object.find("error_message"));
  const JsonValue* details = object.find("details");
  if (details == nullptr) details = object.find("data");
  if (details == nullptr) return message;
  std::size_t count = 0;
  for (const JsonMember& member : details->members) {
    const std::string& value = member.value.text;
    if (member.name == "ruleId")
      message.id = value;
    else if (member.name == "lineNumber")
      message.line = value;
    else if (member.name == "match")
      message.text = value;
    else if (member.name == "reference")
      set_value("ref", value, message, ++count);
    else if (member.name == "tags")
      for (const JsonMember& tag : member.value.members) set_value("tag", tag.value.text, message, ++count);
    else if (member.name != "msg" || message.msg.empty())
      set_value(member.name, value, message, ++count);
  }
  return message;
}

std::string rule_message_text(const RuleMessage& message) {
  std::string text = message.action.empty() ? "" : message.action + ".";
  if (!message.text.empty()) text.append(text.empty() ? "" : " ").append(message.text);
  const auto item = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) text.append(" [").append(name).append(" \"").append(value).append("\"]");
  };
  for (const Key& key : kKeys) item(key.name, message.*key.value);
  for (const std::string& tag : message.tags) item("tag", tag);
  for (const auto& [name, value] : message.others)
    if (!name.empty()) item(name, value);
  return text;
}

}  // namespace webtap::modsec
