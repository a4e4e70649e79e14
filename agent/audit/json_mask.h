// Masks members of JSON texts (RFC 8259) by their names, at any depth. What was valid JSON stays so: of a
// string what stands between its quotes becomes `*`, another scalar becomes a string of `*` of the same
// length, or 0 where it has one character. Names stay. Several objects and arrays may follow one another
// (NDJSON, RFC 7464). From where a text can no longer be read as JSON, or is nested too deeply, all of it is
// masked: what follows may be anything's value.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <span>

#include "agent/audit/mask_names.h"
#include "agent/audit/mask_pen.h"

namespace webtap::audit {

inline constexpr std::size_t kMaxJsonDepth = 512;

class JsonMask {
 public:
  JsonMask(MaskNames& names, MaskPen& pen) : names_(names), pen_(pen) {}

  void mask(std::span<char> text);

 private:
  enum class Expected : std::uint8_t { Value, Element, Member, Colon, Separator, End };

  ByteView view() const { return {text_.data(), text_.size()}; }
  bool read_token();
  bool read_separator(char byte);
  bool read_value(char byte);
  bool read_name();
  bool read_word();
  bool open(bool object);
  bool close();
  std::span<char> take_string();
  void end_value(bool scalar);

  MaskNames& names_;
  MaskPen& pen_;
  std::span<char> text_;
  std::size_t at_ = 0;
  Expected expected_ = Expected::Value;
  std::bitset<kMaxJsonDepth> objects_;  // of the open brackets, whether they are braces
  std::size_t depth_ = 0;
  MaskNames::Number secret_;  // the name of the member whose value is being masked
  std::size_t secret_depth_ = 0;
};

// Whether a text that is not said to be JSON begins as an object, or as an array of objects.
bool looks_like_json(ByteView text);

}  // namespace webtap::audit
