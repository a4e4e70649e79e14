// gzip (RFC 1952): members one behind the other. Lenient as browsers are: a wrong checksum or length,
// reserved flags and a missing trailer are said, but cost no data.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "agent/http/coding_decoder.h"
#include "agent/http/inflater.h"

namespace webtap::http {

class GzipDecoder final : public CodingDecoder {
 public:
  void reset() override;
  std::size_t decode(ByteView& in, char* out, std::size_t room) override;
  bool at_end() const override;
  std::string_view missing() const override;

 private:
  enum class Part { Header, ExtraLength, Extra, Name, Comment, HeaderChecksum, Data, Trailer, Trailing };

  void enter(Part part);
  void take_framing(ByteView& in);
  void take_byte(std::uint8_t byte);
  void take_header_byte(std::uint8_t byte);
  void end_header();
  void after_header(Part last);
  void check_header();
  void check_trailer();
  bool gather(std::uint8_t byte, std::size_t size);
  std::size_t take_data(ByteView& in, char* out, std::size_t room);

  static constexpr std::size_t kHeader = 10;
  static constexpr std::size_t kTrailer = 8;

  Inflater inflater_;
  Part part_ = Part::Header;
  std::array<std::uint8_t, kHeader> field_{};  // the fixed-size field being read
  std::size_t field_size_ = 0;
  std::size_t extra_left_ = 0;
  std::uint8_t flags_ = 0;
  std::uint32_t header_crc_ = 0;
  std::uint32_t crc_ = 0;
  std::uint32_t length_ = 0;  // of the content, modulo 2^32 as in the trailer
  std::uint64_t members_ = 0;
};

}  // namespace webtap::http
