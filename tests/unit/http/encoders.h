// The encoders' side of content codings: what servers send, and what broken ones send.
#pragma once

#include <brotli/encode.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

#include "webtap/base/bytes.h"

namespace webtap::http {

// `window_bits` as deflateInit2 takes them: 31 gzip, 15 zlib, -15 raw.
inline std::string zlib_encode(ByteView text, int window_bits, int level = 6) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, level, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string gzip(ByteView text) { return zlib_encode(text, 31); }
inline std::string zlib(ByteView text) { return zlib_encode(text, 15); }
inline std::string raw_deflate(ByteView text) { return zlib_encode(text, -15); }

inline std::string brotli(ByteView text, int window = 22) {
  std::string out(BrotliEncoderMaxCompressedSize(text.size()) + 64, '\0');
  std::size_t size = out.size();
  EXPECT_EQ(BrotliEncoderCompress(5, window, BROTLI_MODE_GENERIC, text.size(),
                                  reinterpret_cast<const std::uint8_t*>(text.data()), &size,
                                  reinterpret_cast<std::uint8_t*>(out.data())),
            BROTLI_TRUE);
  out.resize(size);
  return out;
}

inline std::string zstd(ByteView text, int level = 3) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), level);
  EXPECT_EQ(ZSTD_isError(size), 0u);
  out.resize(size);
  return out;
}

// A gzip member with any flags and optional fields, as they stand between the header and the data.
inline std::string gzip_with_header(ByteView text, char flags, ByteView optional_fields) {
  std::string member = gzip(text);
  member[3] = flags;
  return member.insert(10, optional_fields);
}

}  // namespace webtap::http
