// A transaction's heads and bodies, separated by bytes from 0xf8 on: masking keeps every length, and hides
// what it is told to hide.
#include "agent/audit/auditor.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/null_events.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  webtap::fuzz::Input input(data, size);
  const std::uint8_t options = input.u8();
  webtap::http::Transaction t;
  t.request.first_gap = options & 1 ? options >> 2 : webtap::http::Message::kNoGap;
  std::size_t length = 0;
  for (std::string* text : {&t.request.head, &t.request.body, &t.response.head, &t.response.body}) {
    *text = input.until(0xf8);
    length += text->size();
    input.u8();
  }
  t.request.head += "\nX-Secret: hushhush\n";
  webtap::fuzz::NullEvents events;
  webtap::audit::Options audit;
  audit.bodies = options & 2 ? webtap::audit::Bodies::Wire : webtap::audit::Bodies::Decoded;
  audit.masked_names = {"cookie", "a", "x-secret"};
  webtap::audit::Auditor auditor(audit, events, [word = 0u]() mutable { return ++word; });
  auditor.on_transaction(t);
  const auto& e = events.event;
  webtap::fuzz::require(
      e.request.head.size() + e.request.body.size() + e.response.head.size() + e.response.body.size() ==
          length + 20,
      "masking keeps lengths");
  webtap::fuzz::require(e.request.head.find("\nX-Secret: hushhush") == std::string::npos,
                        "secrets are masked");
  return 0;
}
