// A line of a concurrent log's index.
#include "tests/fuzz/input.h"
#include "webtap/modsec/concurrent.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const webtap::fuzz::Exact line(webtap::fuzz::Input(data, size).rest());
  const auto parsed = webtap::modsec::parse_index_line(line.view());
  webtap::fuzz::require(!parsed || parsed->md5.size() == 32, "an MD5 has 32 digits");
  return 0;
}
