#include "agent/http/gzip_decoder.h"

#include <zlib.h>

namespace webtap::http {
namespace {

constexpr std::uint8_t kMagic1 = 0x1f;
constexpr std::uint8_t kMagic2 = 0x8b;
constexpr std::uint8_t kDeflate = 8;
enum Flag : std::uint8_t { kHeaderChecksum = 2, kExtra = 4, kName = 8, kComment = 16, kReserved = 0xe0 };

std::uint32_t crc_with(std::uint32_t crc, const void* bytes, std::size_t size) {
  return static_cast<std::uint32_t>(crc32_z(crc, static_cast<const Bytef*>(bytes), size));
}

std::uint32_t little_endian(const std::uint8_t* at) {
  return std::uint32_t{at[0]} | std::uint32_t{at[1]} << 8 | std::uint32_t{at[2]} << 16 |
         std::uint32_t{at[3]} << 24;
}

}  // namespace

void GzipDecoder::reset() {
  clear_state();
  members_ = 0;
  enter(Part::Header);
}

void GzipDecoder::enter(Part part) {
  part_ = part;
  field_size_ = 0;
}

bool GzipDecoder::at_end() const {
  return part_ == Part::Trailing || (part_ == Part::Header && members_ > 0 && field_size_ == 0);
}

std::string_view GzipDecoder::missing() const {
  if (part_ != Part::Trailer) return "unexpected end";
  return field_size_ == 0 ? "the trailer is missing" : "the trailer is cut short";
}

std::size_t GzipDecoder::decode(ByteView& in, char* out, std::size_t room) {
  std::size_t produced = 0;
  while (!failed()) {
    if (part_ == Part::Trailing) trail(in);
    if (part_ == Part::Data) produced += take_data(in, out + produced, room - produced);
    if (part_ == Part::Data || in.empty()) break;
    take_framing(in);
  }
  return produced;
}

std::size_t GzipDecoder::take_data(ByteView& in, char* out, std::size_t room) {
  const std::size_t produced = inflater_.inflate(in, out, room);
  crc_ = crc_with(crc_, out, produced);
  length_ += static_cast<std::uint32_t>(produced);
  if (!inflater_.failure().empty()) fail(inflater_.failure());
  if (inflater_.ended()) enter(Part::Trailer);
  return produced;
}

void GzipDecoder::take_framing(ByteView& in) {
  while (!in.empty() && !failed() && part_ != Part::Data && part_ != Part::Trailing) {
    const auto byte = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    take_byte(byte);
  }
}

// Collects a field of `size` bytes; true with its last one.
bool GzipDecoder::gather(std::uint8_t byte, std::size_t size) {
  field_[field_size_++] = byte;
  return field_size_ == size;
}

void GzipDecoder::take_byte(std::uint8_t byte) {
  if (part_ != Part::HeaderChecksum && part_ != Part::Trailer && part_ != Part::Header) {
    header_crc_ = crc_with(header_crc_, &byte, 1);
  }
  switch (part_) {
    case Part::Header:
      return take_header_byte(byte);
    case Part::ExtraLength:
      if (!gather(byte, 2)) return;
      extra_left_ = field_[0] | static_cast<std::size_t>(field_[1]) << 8;
      return extra_left_ == 0 ? after_header(Part::Extra) : enter(Part::Extra);
    case Part::Extra:
      if (--extra_left_ == 0) after_header(Part::Extra);
      return;
    case Part::Name:
    case Part::Comment:
      if (byte == 0) after_header(part_);
      return;
    case Part::HeaderChecksum:
      if (gather(byte, 2)) check_header();
      return;
    case Part::Trailer:
      if (gather(byte, kTrailer)) check_trailer();
      return;
    case Part::Data:
    case Part::Trailing:
      return;
  }
}

void GzipDecoder::take_header_byte(std::uint8_t byte) {
  const bool whole = gather(byte, kHeader);
  const bool magic = (field_size_ != 1 || byte == kMagic1) && (field_size_ != 2 || byte == kMagic2);
  if (!magic) {
    if (members_ == 0) return fail("no gzip header");
    ByteView none;
    trail(none, field_size_);
    return enter(Part::Trailing);
  }
  if (field_size_ == 3 && byte != kDeflate) return fail("unknown compression method");
  if (whole) end_header();
}

void GzipDecoder::end_header() {
  flags_ = field_[3];
  if ((flags_ & kReserved) != 0) note_oddity("reserved header flags are set");
  header_crc_ = crc_with(0, field_.data(), kHeader);
  after_header(Part::Header);
}

// The optional fields come in the order of Part; enters the first one behind `last` that is there.
void GzipDecoder::after_header(Part last) {
  if (last < Part::ExtraLength && (flags_ & kExtra) != 0) return enter(Part::ExtraLength);
  if (last < Part::Name && (flags_ & kName) != 0) return enter(Part::Name);
  if (last < Part::Comment && (flags_ & kComment) != 0) return enter(Part::Comment);
  if (last < Part::HeaderChecksum && (flags_ & kHeaderChecksum) != 0) return enter(Part::HeaderChecksum);
  inflater_.reset(Inflater::Wrapper::None);
  crc_ = 0;
  length_ = 0;
  enter(Part::Data);
}

void GzipDecoder::check_header() {
  const std::uint32_t stored = field_[0] | std::uint32_t{field_[1]} << 8;
  if (stored != (header_crc_ & 0xffff)) note_oddity("the header's checksum is wrong");
  after_header(Part::HeaderChecksum);
}

void GzipDecoder::check_trailer() {
  if (little_endian(field_.data()) != crc_) {
    note_damage("the checksum is wrong");
  } else if (little_endian(field_.data() + 4) != length_) {
    note_damage("the length is wrong");
  }
  ++members_;
  enter(Part::Header);
}

}  // namespace webtap::http
