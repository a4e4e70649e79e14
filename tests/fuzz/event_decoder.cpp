// Serialised events that nobody may have written: views and copies say the same, and what can be decoded is
// the same when it is encoded and decoded again.
#include <string>

#include "tests/fuzz/input.h"
#include "webtap/wire/event_codec.h"

namespace webtap::fuzz {
namespace {

bool within(ByteView part, ByteView whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_view(const wire::EventView& view, const event::AuditEvent& copy, ByteView bytes) {
  for (const ByteView part :
       {view.transaction_id, view.boundary, view.sensor, view.producer, view.host, view.server_banner,
        view.request.head, view.request.body, view.response.head, view.response.body}) {
    require(within(part, bytes), "a view is of the bytes");
  }
  require(view.findings.size() == copy.findings.size() && view.messages.size() == copy.messages.size(),
          "the view has what the copy has");
  require(view.findings.size() <= wire::kMaxFindings && view.messages.size() <= wire::kMaxMessages,
          "lists are bounded");
  require(view.host == copy.host && view.status == copy.status && view.request.head == copy.request.head &&
              view.response.body == copy.response.body && view.name == copy.name,
          "the view says what the copy says");
}

}  // namespace
}  // namespace webtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace webtap;
  const fuzz::Exact exact({reinterpret_cast<const char*>(data), size});
  const ByteView bytes = exact.view();
  static wire::EventView view;  // both reused, as their users do
  static event::AuditEvent event;
  std::string problem;
  const bool good = wire::view_event(bytes, view, problem);
  fuzz::require(good == problem.empty(), "a refusal says why");
  fuzz::require(wire::decode_event(bytes, event, problem) == good, "both read or both refuse");
  const ByteView head = wire::without_bodies(bytes);
  fuzz::require(head.size() <= bytes.size() && fuzz::within(head, bytes),
                "without bodies it is its beginning");
  if (!good) return 0;
  fuzz::check_view(view, event, bytes);

  std::string encoded;
  fuzz::require(wire::encode_event(event, encoded, problem), "what was decoded can be encoded");
  event::AuditEvent second;
  fuzz::require(wire::decode_event(encoded, second, problem), "and decoded again");
  fuzz::require(event == second, "and is the same");
  const ByteView cut = wire::without_bodies(encoded);
  fuzz::require(wire::decode_event(cut, second, problem), "so is its beginning without the bodies");
  fuzz::require(second.request.body.empty() && second.response.body.empty(), "which has none");
  return 0;
}
