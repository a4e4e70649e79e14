#include "agent/http/coding_decoder.h"

#include "agent/http/brotli_decoder.h"
#include "agent/http/deflate_decoder.h"
#include "agent/http/gzip_decoder.h"
#include "agent/http/zstd_decoder.h"

namespace webtap::http {

std::unique_ptr<CodingDecoder> make_decoder(Format format) {
  switch (format) {
    case Format::Gzip:
      return std::make_unique<GzipDecoder>();
    case Format::Zlib:
      return std::make_unique<DeflateDecoder>(Inflater::Wrapper::Zlib);
    case Format::RawDeflate:
      return std::make_unique<DeflateDecoder>(Inflater::Wrapper::None);
    case Format::Brotli:
      return std::make_unique<BrotliDecoder>();
    case Format::Zstd:
      return std::make_unique<ZstdDecoder>();
  }
  return nullptr;
}

}  // namespace webtap::http
