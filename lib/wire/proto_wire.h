// The encoding of Protocol Buffers, as far as events and batches need it: their fields are written and read
// where they stand, without a copy and without objects in between.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "webtap/base/bytes.h"

namespace webtap::wire {

enum class WireType : std::uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

constexpr std::size_t varint_size(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}
constexpr std::uint64_t tag(unsigned field, WireType type) {
  return std::uint64_t{field} << 3 | static_cast<unsigned>(type);
}

// Sizes of fields with their tags; a field with its default value is left out, as proto3 has it.
constexpr std::size_t number_size(unsigned field, std::uint64_t value) {
  return value == 0 ? 0 : varint_size(tag(field, WireType::Varint)) + varint_size(value);
}
// Of what is written even when it is empty: a message, a member of a list.
constexpr std::size_t block_size(unsigned field, std::size_t size) {
  return varint_size(tag(field, WireType::Bytes)) + varint_size(size) + size;
}
constexpr std::size_t bytes_size(unsigned field, std::size_t size) {
  return size == 0 ? 0 : block_size(field, size);
}

// Writes into room that the sizes above have measured.
class ProtoWriter {
 public:
  explicit ProtoWriter(char* out) : out_(out) {}

  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) *out_++ = static_cast<char>(value | 0x80);
    *out_++ = static_cast<char>(value);
  }
  void number(unsigned field, std::uint64_t value) {
    if (value == 0) return;
    varint(tag(field, WireType::Varint));
    varint(value);
  }
  // The beginning of a block of `size` bytes, which follow.
  void block(unsigned field, std::size_t size) {
    varint(tag(field, WireType::Bytes));
    varint(size);
  }
  void block(unsigned field, ByteView content) {
    block(field, content.size());
    raw(content);
  }
  void bytes(unsigned field, ByteView content) {
    if (!content.empty()) block(field, content);
  }
  void raw(ByteView content) {
    if (content.empty()) return;
    std::memcpy(out_, content.data(), content.size());
    out_ += content.size();
  }
  char* end() const { return out_; }

 private:
  char* out_;
};

// Walks over the fields of a message. Every claim is checked against the bytes that are there.
class ProtoReader {
 public:
  explicit ProtoReader(ByteView message) : at_(message.data()), end_(message.data() + message.size()) {}

  // Goes to the next field: false at the end, or where the message is malformed.
  bool next();
  bool ok() const { return ok_; }
  // Bytes not yet read, from behind the current field on.
  ByteView rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }

  unsigned field() const { return field_; }
  bool is(WireType type) const { return type_ == type; }
  std::uint64_t number() const { return number_; }  // of a Varint
  ByteView bytes() const { return bytes_; }         // of Bytes

 private:
  bool fail() { return ok_ = false; }
  bool varint(std::uint64_t& value);
  bool long_varint(std::uint64_t& value);
  bool take(std::uint64_t size);

  const char* at_;
  const char* end_;
  unsigned field_ = 0;
  WireType type_{};
  std::uint64_t number_ = 0;
  ByteView bytes_;
  bool ok_ = true;
};

// Most tags, lengths and numbers have one byte.
inline bool ProtoReader::varint(std::uint64_t& value) {
  if (at_ == end_ || static_cast<signed char>(*at_) < 0) return long_varint(value);
  value = static_cast<unsigned char>(*at_++);
  return true;
}

inline bool ProtoReader::take(std::uint64_t size) {
  if (size > static_cast<std::size_t>(end_ - at_)) return fail();
  bytes_ = {at_, static_cast<std::size_t>(size)};
  at_ += size;
  return true;
}

inline bool ProtoReader::next() {
  constexpr std::uint64_t kMaxTag = 0xffffffff;
  if (!ok_ || at_ == end_) return false;
  std::uint64_t tag = 0;
  if (!varint(tag) || tag > kMaxTag || tag >> 3 == 0) return fail();
  field_ = static_cast<unsigned>(tag >> 3);
  type_ = static_cast<WireType>(tag & 7);
  std::uint64_t size = 0;
  switch (type_) {
    case WireType::Varint:
      return varint(number_) || fail();
    case WireType::Bytes:
      return varint(size) ? take(size) : fail();
    case WireType::Fixed64:
      return take(8);
    case WireType::Fixed32:
      return take(4);
  }
  return fail();  // groups, which proto3 does not have
}

}  // namespace webtap::wire
