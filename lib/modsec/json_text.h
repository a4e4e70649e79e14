// Writes JSON (RFC 8259) at the end of a string. Commas come by themselves; nesting is the caller's to keep.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>

#include "webtap/base/bytes.h"

namespace webtap::modsec {

class JsonText {
 public:
  explicit JsonText(std::string& out) : out_(out) {}

  void open(char bracket);
  void open(std::string_view name, char bracket);
  void close(char bracket);

  // `name` is plain ASCII that needs no escape.
  void key(std::string_view name);
  // `name` is any bytes: UTF-8, or with `latin1` the bytes as characters.
  void raw_key(ByteView name, bool latin1);
  void raw_string(ByteView bytes, bool latin1);
  void boolean(std::string_view name, bool value);
  template <typename Integer>
  void number(std::string_view name, Integer value) {
    key(name);
    char digits[24];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    first_ = false;
  }

 private:
  void separate();

  std::string& out_;
  bool first_ = true;
};

}  // namespace webtap::modsec
