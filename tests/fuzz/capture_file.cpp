// A capture file, on its whole way to events.
#include "agent/capture/capture_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "agent/audit/auditor.h"
#include "agent/decode/decoder.h"
#include "agent/http/http_stage.h"
#include "agent/stream/reassembler.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/null_events.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = memfd_create("capture", 0);
  const bool written = ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == static_cast<ssize_t>(size);
  webtap::fuzz::require(written && lseek(file, 0, SEEK_SET) == 0, "the file is written");
  webtap::fuzz::NullEvents events;
  webtap::audit::Options options;
  options.masked_names = {"cookie", "a"};
  webtap::audit::Auditor auditor(options, events, [] { return 0x12345678u; });
  webtap::http::HttpStage http({}, auditor);
  webtap::stream::Reassembler reassembler({}, http);
  webtap::decode::Decoder decoder(reassembler);
  try {
    webtap::capture::CaptureFile capture("/proc/self/fd/" + std::to_string(file), "");
    while (capture.read(decoder, 16) == webtap::capture::CaptureFile::Status::More) {
    }
  } catch (const webtap::capture::CaptureError&) {
  }
  reassembler.finish();
  webtap::fuzz::require(http.counters().transactions == events.published, "each transaction is an event");
  return 0;
}
