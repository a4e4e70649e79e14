// A boundary, then a body: the parts lie within the body, in order; what is written of them keeps within its
// bound, and a reader finds one entry.
#include "webtap/event/multipart.h"

#include "tests/fuzz/input.h"
#include "webtap/modsec/form_parts.h"
#include "webtap/modsec/native_reader.h"
#include "webtap/modsec/native_writer.h"

namespace webtap::fuzz {
namespace {

struct Events final : modsec::EntryHandler {
  void on_event(event::AuditEvent&, std::uint64_t) override { ++events; }
  void on_damage(const modsec::Damage&) override { ++damages; }
  int events = 0;
  int damages = 0;
};

void walk(ByteView body, ByteView boundary) {
  event::MultipartReader reader(body, boundary);
  const char* at = body.data() + reader.preamble().size();
  require(reader.preamble().data() == body.data(), "the preamble begins the body");
  for (event::MultipartPart part; reader.next(part);) {
    require(part.head.data() >= at && part.data.data() >= part.head.data() + part.head.size(), "in order");
    at = part.data.data() + part.data.size();
    require(at <= body.data() + body.size(), "within the body");
  }
  require(reader.epilogue().empty() || reader.epilogue().data() >= at, "the epilogue comes last");
}

}  // namespace
}  // namespace webtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace webtap;
  fuzz::Input input(data, size);
  event::AuditEvent event;
  event.boundary = "0123abcd";
  event.transaction_id = "A";
  event.request.present = true;
  event.request.head = "POST / HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=";
  event.request.head += input.until(0xf8);
  input.u8();
  const fuzz::Exact body(input.rest());
  event.request.body = body.view();
  const ByteView boundary = ByteView(event.request.head).substr(event.request.head.rfind('=') + 1);
  fuzz::walk(body.view(), boundary);
  const modsec::Parts parts = *modsec::Parts::parse("BIJ");
  modsec::NativeWriter writer(parts);
  std::string text(writer.bound(event), '\0');
  text.resize(static_cast<std::size_t>(writer.write(event, text.data()) - text.data()));
  fuzz::require(text.size() <= writer.bound(event), "the bound holds");
  fuzz::Events events;
  modsec::NativeReader reader(events);
  reader.push(text);
  reader.finish();
  fuzz::require(events.events == 1 && events.damages == 0, "one entry is read");
  return 0;
}
