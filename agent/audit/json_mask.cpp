#include "agent/audit/json_mask.h"

#include <algorithm>

namespace webtap::audit {
namespace {

// RFC 8259, section 2; and the record separator of RFC 7464.
constexpr ByteView kWhiteSpace = " \t\r\n\x1e";
constexpr ByteView kByteOrderMark = "\xef\xbb\xbf";

bool is_word_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
         byte == '+' || byte == '-' || byte == '.' || byte == '_';
}

ByteView without_white_space(ByteView text) {
  return text.substr(std::min(text.find_first_not_of(kWhiteSpace), text.size()));
}

}  // namespace

bool looks_like_json(ByteView text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  text = without_white_space(text);
  if (text.starts_with('[')) return without_white_space(text.substr(1)).starts_with('{');
  if (!text.starts_with('{')) return false;
  text = without_white_space(text.substr(1));
  return text.starts_with('"') || text.starts_with('}');
}

void JsonMask::mask(std::span<char> text) {
  text_ = text;
  at_ = view().starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  expected_ = Expected::Value;
  depth_ = 0;
  secret_.reset();
  for (;;) {
    at_ = std::min(view().find_first_not_of(kWhiteSpace, at_), text_.size());
    if (at_ == text_.size()) return;
    if (!read_token()) return pen_.cover(text_.subspan(at_), secret_, Place::Json);
  }
}

// False, and nothing is taken, where the text can no longer be read.
bool JsonMask::read_token() {
  const char byte = text_[at_];
  switch (expected_) {
    case Expected::Member:
      return byte == '}' ? close() : byte == '"' && read_name();
    case Expected::Colon:
      expected_ = Expected::Value;
      return byte == ':' && ++at_ != 0;
    case Expected::Element:
      return byte == ']' ? close() : read_value(byte);
    case Expected::Value:
      return read_value(byte);
    case Expected::Separator:
      return read_separator(byte);
    case Expected::End:
      return false;
  }
  return false;
}

bool JsonMask::read_separator(char byte) {
  const bool in_object = objects_[depth_ - 1];
  if (byte == (in_object ? '}' : ']')) return close();
  if (byte != ',') return false;
  ++at_;
  expected_ = in_object ? Expected::Member : Expected::Element;
  return true;
}

bool JsonMask::read_value(char byte) {
  if (byte == '{' || byte == '[') return open(byte == '{');
  if (byte != '"') return read_word();
  const std::span<char> value = take_string();
  if (secret_) pen_.cover(value, secret_, Place::Json);
  end_value(true);
  return true;
}

bool JsonMask::read_name() {
  const std::span<char> name = take_string();
  if (!secret_) {
    secret_ = names_.find_json({name.data(), name.size()});
    secret_depth_ = depth_;
  }
  expected_ = Expected::Colon;
  return true;
}

bool JsonMask::read_word() {
  const auto begin = text_.begin() + static_cast<std::ptrdiff_t>(at_);
  const auto end = std::find_if_not(begin, text_.end(), is_word_byte);
  if (begin == end) return false;
  const std::span<char> word(begin, end);
  at_ += word.size();
  if (secret_) {
    std::ranges::fill(word, '*');
    if (word.size() == 1) word[0] = '0';
    if (word.size() > 1) word.front() = word.back() = '"';
    pen_.count(secret_, Place::Json);
  }
  end_value(true);
  return true;
}

bool JsonMask::open(bool object) {
  if (depth_ == kMaxJsonDepth) return false;
  ++at_;
  objects_[depth_++] = object;
  expected_ = object ? Expected::Member : Expected::Element;
  return true;
}

bool JsonMask::close() {
  ++at_;
  --depth_;
  end_value(false);
  return true;
}

// Takes a string; gives what stands between its quotes, to the end where there is no second one.
std::span<char> JsonMask::take_string() {
  const std::size_t begin = ++at_;
  while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
  at_ = std::min(at_, text_.size());
  const std::span<char> inside = text_.subspan(begin, at_ - begin);
  at_ = std::min(at_ + 1, text_.size());
  return inside;
}

// What follows a scalar that is a text of its own may be the rest of a string that only seemed to end.
void JsonMask::end_value(bool scalar) {
  const Expected behind = scalar ? Expected::End : Expected::Value;
  expected_ = depth_ == 0 ? behind : Expected::Separator;
  if (secret_ && depth_ == secret_depth_) secret_.reset();
}

}  // namespace webtap::audit
