// Writes capture files for tests, in every variant that readers meet: pcap with microseconds or nanoseconds,
// in either byte order, and pcapng (draft-ietf-opsawg-pcapng). Text comes out as it goes in: no checks, so
// that damaged files can be written too.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include "agent/capture/packet.h"
#include "webtap/base/bytes.h"
#include "webtap/base/time.h"

namespace webtap::testing {

// Whole numbers as bytes, in the byte order of the file that is written.
class ByteOrder {
 public:
  explicit ByteOrder(bool big_endian) : big_endian_(big_endian) {}

  std::string u16(std::uint64_t value) const { return number(value, 2); }
  std::string u32(std::uint64_t value) const { return number(value, 4); }

 private:
  std::string number(std::uint64_t value, int size) const {
    std::string bytes;
    for (int i = 0; i < size; ++i) {
      const int shift = 8 * (big_endian_ ? size - 1 - i : i);
      bytes += static_cast<char>(value >> shift & 0xff);
    }
    return bytes;
  }

  bool big_endian_;
};

struct PcapVariant {
  bool nanoseconds = false;
  bool big_endian = false;
  std::uint32_t snaplen = 262144;
};

class PcapWriter {
 public:
  PcapWriter(const std::string& path, capture::LinkType link_type, const PcapVariant& variant = {})
      : variant_(variant), order_(variant.big_endian), file_(path, std::ios::binary) {
    file_ << order_.u32(variant.nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4) << order_.u16(2) << order_.u16(4)
          << order_.u32(0) << order_.u32(0) << order_.u32(variant.snaplen)
          << order_.u32(static_cast<std::uint32_t>(link_type));
  }

  // `wire_length` 0: nothing was cut off.
  PcapWriter& packet(Timestamp time, ByteView bytes, std::uint64_t wire_length = 0) {
    const auto since_epoch = time.time_since_epoch().count();
    return record(static_cast<std::uint64_t>(since_epoch / 1'000'000),
                  static_cast<std::uint64_t>(since_epoch % 1'000'000) * (variant_.nanoseconds ? 1000u : 1u),
                  bytes.size(), wire_length == 0 ? bytes.size() : wire_length, bytes);
  }
  // A record with any numbers in its header.
  PcapWriter& record(std::uint64_t seconds, std::uint64_t fraction, std::uint64_t captured_length,
                     std::uint64_t wire_length, ByteView bytes) {
    file_ << order_.u32(seconds) << order_.u32(fraction) << order_.u32(captured_length)
          << order_.u32(wire_length) << bytes << std::flush;
    return *this;
  }

 private:
  PcapVariant variant_;
  ByteOrder order_;
  std::ofstream file_;
};

// Sections are written in little-endian byte order, times in microseconds.
class PcapngWriter {
 public:
  explicit PcapngWriter(const std::string& path) : file_(path, std::ios::binary) {
    block(0x0a0d0d0a, order_.u32(0x1a2b3c4d) + order_.u16(1) + order_.u16(0) + std::string(8, '\xff'));
  }

  PcapngWriter& interface(capture::LinkType link_type, std::uint32_t snaplen = 262144) {
    return block(1, order_.u16(static_cast<std::uint32_t>(link_type)) + order_.u16(0) + order_.u32(snaplen));
  }
  PcapngWriter& packet(Timestamp time, ByteView bytes, std::uint64_t wire_length = 0,
                       std::uint32_t interface_id = 0) {
    const auto ticks = static_cast<std::uint64_t>(time.time_since_epoch().count());
    std::string body = order_.u32(interface_id) + order_.u32(ticks >> 32) + order_.u32(ticks & 0xffffffff) +
                       order_.u32(bytes.size()) + order_.u32(wire_length == 0 ? bytes.size() : wire_length);
    return block(6, body.append(bytes));
  }
  PcapngWriter& block(std::uint32_t type, std::string body) {
    body.resize((body.size() + 3) / 4 * 4);
    const std::string length = order_.u32(body.size() + 12);
    file_ << order_.u32(type) << length << body << length << std::flush;
    return *this;
  }
  PcapngWriter& raw(ByteView bytes) {
    file_ << bytes << std::flush;
    return *this;
  }

 private:
  ByteOrder order_{false};
  std::ofstream file_;
};

}  // namespace webtap::testing
