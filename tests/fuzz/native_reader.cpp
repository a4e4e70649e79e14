// An audit log, whole and in pieces whose size the first byte says: the events are the same.
#include "webtap/modsec/native_reader.h"

#include "tests/fuzz/log_events.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using webtap::fuzz::read_log;
  webtap::fuzz::Input input(data, size);
  const std::size_t piece = input.u8() + 1u;
  const webtap::fuzz::Exact text(input.rest());
  webtap::fuzz::require(read_log<webtap::modsec::NativeReader>(text.view(), size + 1) ==
                            read_log<webtap::modsec::NativeReader>(text.view(), piece),
                        "cuts change nothing");
  return 0;
}
