// A capture file, on its whole way to events, to audit-log text, and back: what is read is what was written.
#include "agent/capture/capture_file.h"

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "agent/audit/auditor.h"
#include "agent/decode/decoder.h"
#include "agent/http/http_stage.h"
#include "agent/stream/reassembler.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/log_events.h"
#include "webtap/modsec/json_reader.h"
#include "webtap/modsec/json_writer.h"
#include "webtap/modsec/native_reader.h"
#include "webtap/modsec/native_writer.h"

namespace {

using webtap::fuzz::LogEvents;
using webtap::fuzz::require;
using webtap::modsec::Parts;

class WrittenEvents final : public webtap::audit::EventHandler {
 public:
  webtap::event::AuditEvent& slot() override {
    event_.clear();
    return event_;
  }
  void publish() override {
    native_.append(event_, native_text);
    native_text += '\n';
    json_.append(event_, json_text);
    events.push_back(event_);
  }

  std::vector<webtap::event::AuditEvent> events;
  std::string native_text;
  std::string json_text;

 private:
  webtap::event::AuditEvent event_;
  webtap::modsec::NativeWriter native_{Parts::all()};
  webtap::modsec::JsonWriter json_{Parts::all()};
};

template <typename Reader>
LogEvents read(const std::string& text) {
  LogEvents read;
  Reader reader(read);
  reader.push(text);
  reader.finish();
  require(read.damage.empty(), "what was written is no damage");
  return read;
}

void require_round_trip(const WrittenEvents& written) {
  LogEvents native = read<webtap::modsec::NativeReader>(written.native_text);
  const LogEvents json = read<webtap::modsec::JsonReader>(written.json_text);
  require(json.events == written.events, "JSON gives back the events");
  require(native.events.size() == written.events.size(), "an entry for each event");
  for (std::size_t i = 0; i < native.events.size(); ++i)
    require(native.events[i] == representable(written.events[i], Parts::all()),
            "native text gives them back");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = memfd_create("capture", 0);
  const bool stored = ftruncate(file, 0) == 0 && pwrite(file, data, size, 0) == static_cast<ssize_t>(size);
  require(stored && lseek(file, 0, SEEK_SET) == 0, "the file is written");
  WrittenEvents written;
  webtap::audit::Options options;
  options.masked_names = {"cookie", "a"};
  webtap::audit::Auditor auditor(options, written, [word = 0x12345678u]() mutable { return ++word; });
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
  require(http.counters().transactions == written.events.size(), "each transaction is an event");
  require_round_trip(written);
  return 0;
}
