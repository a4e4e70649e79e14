// JSON as audit logs hold it, which is not always JSON: strings are bytes, in whatever encoding; an object
// may have a key twice; a member may lack its value (`"http_version":,`). A tree keeps all of that, in order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "webtap/base/bytes.h"

namespace webtap::modsec {

struct JsonMember;

struct JsonValue {
  enum class Kind : std::uint8_t { Missing, Literal, String, Array, Object };

  Kind kind = Kind::Missing;
  std::string text;  // of a Literal (a number, true, false, null) as it stands; bytes of a String
  std::vector<JsonMember> members;  // of an Object; elements of an Array have no name

  bool operator==(const JsonValue& other) const;

  // The first member with this name; null where there is none, or where this is no object.
  const JsonValue* find(std::string_view name) const;
  // The member of a member: find("request", "headers").
  const JsonValue* find(std::string_view outer, std::string_view inner) const;
};

struct JsonMember {
  std::string name;
  JsonValue value;

  bool operator==(const JsonMember&) const = default;
};

inline constexpr std::size_t kMaxJsonDepth = 32;
inline constexpr std::size_t kMaxJsonValues = 1u << 18;

// The value that all of `text` is. Nothing, and `problem` says why, where it is none, is nested more deeply
// than kMaxJsonDepth, or holds more than kMaxJsonValues values.
std::optional<JsonValue> parse_json(ByteView text, std::string& problem);

// How writers escape strings.
enum class JsonStyle : std::uint8_t {
  Webtap,  // \u001f
  Yajl,    // \u001F: ModSecurity's
  Go,      // \u001f, and `<`, `>` and `&` as \u003c, \u003e and \u0026: Coraza's
};

// Writes the value at the end of `out`, without white space. What is written is read as the same value.
void append_json(const JsonValue& value, JsonStyle style, std::string& out);

}  // namespace webtap::modsec
