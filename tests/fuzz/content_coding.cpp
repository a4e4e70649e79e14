// A body, and in the first byte by which codings it is labelled.
#include "agent/http/content_coding.h"

#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr webtap::ByteView kLabels[] = {"gzip",          "deflate",          "br", "zstd", "gzip, br",
                                          "deflate, gzip", "zstd, x-gzip, br", "x"};
  webtap::fuzz::Input input(data, size);
  const std::uint8_t options = input.u8();
  const webtap::fuzz::Exact body(input.rest());
  webtap::http::DecodeLimits limits;
  limits.output_bytes = 4096;
  limits.work_bytes = 1u << 20;
  std::string out;
  std::vector<webtap::event::Finding> findings;
  const auto result = webtap::http::decode_content(kLabels[options & 7], body.view(), (options & 8) != 0,
                                                   limits, webtap::event::Side::Response, out, findings);
  webtap::fuzz::require(out.size() <= limits.output_bytes, "what is kept is bounded");
  webtap::fuzz::require(!result.decoded || result.total_bytes >= out.size(), "what is kept was decoded");
  webtap::fuzz::require(result.total_bytes <= 2 * limits.work_bytes, "work is bounded");
  return 0;
}
