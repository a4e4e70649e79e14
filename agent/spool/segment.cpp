#include "agent/spool/segment.h"

#include <charconv>
#include <cstring>
#include <string_view>

#include "agent/spool/crc32c.h"
#include "agent/spool/little_endian.h"

namespace webtap::spool {
namespace {

constexpr std::string_view kMagic = "WTSPOOL\n";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kChecksumAt = 12;
constexpr std::size_t kDigits = 20;

std::uint32_t checksum(ByteView header) {
  return ~crc32c(crc32c(~0u, header.substr(0, kChecksumAt)),
                 header.substr(kChecksumAt + 4, kSegmentHeader - kChecksumAt - 4));
}

constexpr std::string_view suffix(SegmentKind kind) {
  return kind == SegmentKind::Open ? ".open" : kind == SegmentKind::Sealed ? ".seg" : ".damaged";
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string to_string(const SensorUuid& uuid) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += kHex[uuid[i] >> 4];
    text += kHex[uuid[i] & 15];
  }
  return text;
}

void write_header(char* out, const SegmentHeader& header) {
  std::memset(out, 0, kSegmentHeader);
  std::memcpy(out, kMagic.data(), kMagic.size());
  store(out + 8, kVersion);
  std::memcpy(out + 16, header.sensor.data(), header.sensor.size());
  store(out + 32, header.epoch);
  store(out + 40, header.first);
  store(out + 48, header.salt);
  store(out + kChecksumAt, checksum({out, kSegmentHeader}));
}

std::optional<SegmentHeader> read_header(ByteView bytes) {
  if (bytes.size() < kSegmentHeader || bytes.substr(0, kMagic.size()) != kMagic) return std::nullopt;
  const char* at = bytes.data();
  if (load<std::uint32_t>(at + 8) != kVersion) return std::nullopt;
  if (load<std::uint32_t>(at + kChecksumAt) != checksum(bytes.substr(0, kSegmentHeader))) return std::nullopt;
  SegmentHeader header;
  std::memcpy(header.sensor.data(), at + 16, header.sensor.size());
  header.epoch = load<std::uint64_t>(at + 32);
  header.first = load<std::uint64_t>(at + 40);
  header.salt = load<std::uint32_t>(at + 48);
  return header;
}

std::string SegmentName::file() const {
  std::string digits = std::to_string(first);
  digits.insert(0, kDigits - digits.size(), '0');
  return digits + std::string(suffix(kind));
}

std::optional<SegmentName> parse_segment_name(std::uint64_t epoch, const std::string& file) {
  if (file.size() <= kDigits) return std::nullopt;
  const auto first = parse_number(std::string_view(file).substr(0, kDigits));
  if (!first || *first == 0) return std::nullopt;
  for (const SegmentKind kind : {SegmentKind::Open, SegmentKind::Sealed, SegmentKind::Damaged}) {
    if (std::string_view(file).substr(kDigits) == suffix(kind)) return SegmentName{epoch, *first, kind};
  }
  return std::nullopt;
}

std::optional<std::uint64_t> parse_epoch(const std::string& folder) {
  const auto epoch = parse_number(folder);
  if (!epoch || folder != std::to_string(*epoch)) return std::nullopt;  // "01" would be another folder
  return epoch;
}

}  // namespace webtap::spool
