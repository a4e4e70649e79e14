#include "webtap/modsec/json_value.h"

#include <algorithm>
#include <charconv>

namespace webtap::modsec {
namespace {

using Kind = JsonValue::Kind;

constexpr std::size_t kMaxLiteral = 64;
constexpr std::string_view kEscapes = "\"\\/bfnrt";
constexpr std::string_view kEscaped = "\"\\/\b\f\n\r\t";

bool is_literal_byte(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         byte == '+' || byte == '-' || byte == '.';
}

// A code point as UTF-8; a surrogate without its other half as if it were a character.
void append_utf8(std::string& out, std::uint32_t point) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xc0 | point >> 6), put(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    put(0xe0 | point >> 12), put(0x80 | (point >> 6 & 0x3f)), put(0x80 | (point & 0x3f));
  } else {
    put(0xf0 | point >> 18), put(0x80 | (point >> 12 & 0x3f));
    put(0x80 | (point >> 6 & 0x3f)), put(0x80 | (point & 0x3f));
  }
}

class JsonParser {
 public:
  explicit JsonParser(ByteView text) : text_(text) {}

  bool parse_all(JsonValue& value) {
    if (!parse_value(value, 0)) return false;
    skip_blanks();
    return at_ == text_.size() && value.kind != Kind::Missing;
  }
  std::string problem() const {
    return problem_.empty() ? "no JSON from byte " + std::to_string(at_) + " on" : problem_;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char byte) {
    if (at_ == text_.size() || text_[at_] != byte) return false;
    ++at_;
    return true;
  }
  void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }
  bool refuse(std::string_view why) {
    problem_ = why;
    return false;
  }

  // A value may be missing where something ends or goes on.
  bool parse_value(JsonValue& value, std::size_t depth) {
    if (depth > kMaxJsonDepth) return refuse("nested too deeply");
    if (++values_ > kMaxJsonValues) return refuse("too many values");
    skip_blanks();
    if (take('{')) return parse_members(value, Kind::Object, '}', depth);
    if (take('[')) return parse_members(value, Kind::Array, ']', depth);
    if (take('"')) {
      value.kind = Kind::String;
      return parse_string(value.text);
    }
    if (peek() == ',' || peek() == '}' || peek() == ']') return true;
    return parse_literal(value);
  }

  bool parse_members(JsonValue& value, Kind kind, char end, std::size_t depth) {
    value.kind = kind;
    skip_blanks();
    if (take(end)) return true;
    do {
      JsonMember& member = value.members.emplace_back();
      skip_blanks();
      if (kind == Kind::Object) {
        if (!take('"') || !parse_string(member.name)) return false;
        skip_blanks();
        if (!take(':')) return false;
      }
      if (!parse_value(member.value, depth + 1)) return false;
      skip_blanks();
    } while (take(','));
    return take(end);
  }

  bool parse_literal(JsonValue& value) {
    std::size_t end = at_;
    while (end < text_.size() && is_literal_byte(text_[end])) ++end;
    if (end == at_ || end - at_ > kMaxLiteral) return false;
    value.kind = Kind::Literal;
    value.text = text_.substr(at_, end - at_);
    at_ = end;
    return true;
  }

  bool parse_string(std::string& bytes) {
    for (;;) {
      const std::size_t end = text_.find_first_of("\"\\", at_);
      if (end == ByteView::npos) return false;
      bytes.append(text_.substr(at_, end - at_));
      at_ = end + 1;
      if (text_[end] == '"') return true;
      if (!parse_escape(bytes)) return false;
    }
  }

  bool parse_escape(std::string& bytes) {
    if (take('u')) return parse_unicode_escape(bytes);
    const std::size_t which = at_ < text_.size() ? kEscapes.find(text_[at_]) : std::string_view::npos;
    if (which == std::string_view::npos) return false;
    bytes += kEscaped[which];
    ++at_;
    return true;
  }

  bool parse_unicode_escape(std::string& bytes) {
    std::uint32_t point = 0;
    if (!parse_unit(point)) return false;
    const bool high = point >= 0xd800 && point < 0xdc00;
    if (high && text_.substr(at_, 2) == "\\u") {
      const std::size_t before = at_;
      std::uint32_t low = 0;
      at_ += 2;
      if (!parse_unit(low)) return false;
      if (low >= 0xdc00 && low < 0xe000)
        point = 0x10000 + ((point - 0xd800) << 10 | (low - 0xdc00));
      else
        at_ = before;
    }
    append_utf8(bytes, point);
    return true;
  }

  bool parse_unit(std::uint32_t& unit) {
    const ByteView digits = text_.substr(at_, 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    if (error != std::errc{} || digits.size() != 4 || end != digits.data() + 4) return false;
    at_ += 4;
    return true;
  }

  ByteView text_;
  std::size_t at_ = 0;
  std::size_t values_ = 0;
  std::string problem_;
};

void append_unicode_escape(std::string& out, unsigned char value, bool upper_case) {
  const std::string_view digits = upper_case ? "0123456789ABCDEF" : "0123456789abcdef";
  out.append("\\u00").append({digits[value >> 4], digits[value & 15]});
}

void append_string(ByteView bytes, JsonStyle style, std::string& out) {
  out += '"';
  for (const char byte : bytes) {
    const std::size_t which = kEscaped.find(byte);
    const bool html = style == JsonStyle::Go && (byte == '<' || byte == '>' || byte == '&');
    if (which != std::string_view::npos && byte != '/')
      out.append({'\\', kEscapes[which]});
    else if (static_cast<unsigned char>(byte) < 0x20 || html)
      append_unicode_escape(out, static_cast<unsigned char>(byte), style == JsonStyle::Yajl);
    else
      out += byte;
  }
  out += '"';
}

}  // namespace

bool JsonValue::operator==(const JsonValue& other) const {
  return kind == other.kind && text == other.text && members == other.members;
}

const JsonValue* JsonValue::find(std::string_view name) const {
  if (kind != Kind::Object) return nullptr;
  const auto found = std::ranges::find(members, name, &JsonMember::name);
  return found == members.end() ? nullptr : &found->value;
}

const JsonValue* JsonValue::find(std::string_view outer, std::string_view inner) const {
  const JsonValue* value = find(outer);
  return value == nullptr ? nullptr : value->find(inner);
}

std::optional<JsonValue> parse_json(ByteView text, std::string& problem) {
  JsonParser parser(text);
  JsonValue value;
  if (parser.parse_all(value)) return value;
  problem = parser.problem();
  return std::nullopt;
}

void append_json(const JsonValue& value, JsonStyle style, std::string& out) {
  switch (value.kind) {
    case Kind::Missing:
      return;
    case Kind::Literal:
      out += value.text;
      return;
    case Kind::String:
      append_string(value.text, style, out);
      return;
    case Kind::Array:
    case Kind::Object:
      break;
  }
  const bool object = value.kind == Kind::Object;
  out += object ? '{' : '[';
  for (const JsonMember& member : value.members) {
    if (&member != value.members.data()) out += ',';
    if (object) append_string(member.name, style, out), out += ':';
    append_json(member.value, style, out);
  }
  out += object ? '}' : ']';
}

}  // namespace webtap::modsec
