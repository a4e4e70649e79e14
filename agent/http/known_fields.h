// The fields of a head that are looked at: most fields of a message are none of them, and are told apart by
// length and first letter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "agent/http/text.h"

namespace webtap::http {

enum class KnownField : std::uint8_t {
  None,
  Expect,
  Host,
  Server,
  Upgrade,
  Connection,
  ContentLength,
  ContentEncoding,
  TransferEncoding
};

template <typename Word>
bool same_word(const char* name, const char* known) {
  Word a, b;
  std::memcpy(&a, name, sizeof a);
  std::memcpy(&b, known, sizeof b);
  return (a | static_cast<Word>(0x2020202020202020)) == b;
}

// Whether `name`, of the same length and of at least four bytes, is `known` in any case. Bit 0x20 tells upper
// from lower case letters, and `-` from CR, which no name holds.
inline bool same_name(ByteView name, ByteView known) {
  const std::size_t size = known.size();
  if (size < 8)
    return same_word<std::uint32_t>(name.data(), known.data()) &&
           same_word<std::uint32_t>(name.data() + size - 4, known.data() + size - 4);
  for (std::size_t at = 0; at + 8 < size; at += 8)
    if (!same_word<std::uint64_t>(name.data() + at, known.data() + at)) return false;
  return same_word<std::uint64_t>(name.data() + size - 8, known.data() + size - 8);
}

// What is looked at first: most names differ in this from all that are known.
constexpr std::size_t name_key(ByteView name) {
  return name.size() << 8 | (static_cast<unsigned char>(name[0]) | 0x20u);
}

// Of a name that holds no CR.
inline KnownField known_field(ByteView name) {
  const auto field_if = [&](ByteView known, KnownField field) {
    return same_name(name, known) ? field : KnownField::None;
  };
  switch (name.empty() ? 0 : name_key(name)) {
    case name_key("expect"):
      return field_if("expect", KnownField::Expect);
    case name_key("host"):
      return field_if("host", KnownField::Host);
    case name_key("server"):
      return field_if("server", KnownField::Server);
    case name_key("upgrade"):
      return field_if("upgrade", KnownField::Upgrade);
    case name_key("connection"):
      return field_if("connection", KnownField::Connection);
    case name_key("content-length"):
      return field_if("content-length", KnownField::ContentLength);
    case name_key("content-encoding"):
      return field_if("content-encoding", KnownField::ContentEncoding);
    case name_key("transfer-encoding"):
      return field_if("transfer-encoding", KnownField::TransferEncoding);
    default:
      return KnownField::None;
  }
}

}  // namespace webtap::http
