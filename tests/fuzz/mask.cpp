// A transaction's heads and bodies, separated by bytes from 0xf8 on: masking keeps every length, and hides
// what it is told to hide, behind whatever comes before it; JSON that was valid stays valid.
#include <nlohmann/json.hpp>

#include "agent/audit/auditor.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/null_events.h"

namespace webtap::fuzz {
namespace {

constexpr ByteView kSecret = "hushhush";

// A body that holds the secret under a name that is masked, behind bytes of the input.
struct Body {
  std::string type;
  std::string text;
};

Body secret_body(std::uint8_t kind, ByteView before) {
  const std::string secret(kSecret);
  const std::string bytes(before);
  switch (kind % 4) {
    case 0:
      return {"application/x-www-form-urlencoded", bytes + "&x-secret=" + secret + "&"};
    case 1:
      return {
          "multipart/form-data; boundary=B",
          bytes + "\n--B\nContent-Disposition: form-data; name=x-secret\n\n" + secret + "\n--B--" + bytes};
    case 2:
      return {"application/json", R"({"a":[)" + bytes + R"(],"x\u002dsecret":[{"b":")" + secret + R"("}]})"};
    default:
      return {"application/json", bytes + R"({"x-secret":")" + secret + "\"" + bytes};
  }
}

// To nlohmann's lexer a NUL is the end of the text.
bool is_json(ByteView text) {
  return text.find('\0') == ByteView::npos && nlohmann::json::accept(text.begin(), text.end());
}

}  // namespace
}  // namespace webtap::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  webtap::fuzz::Input input(data, size);
  const std::uint8_t options = input.u8();
  webtap::http::Transaction t;
  t.request.first_gap = options & 1 ? options >> 2 : webtap::http::Message::kNoGap;
  for (std::string* text : {&t.request.head, &t.request.body, &t.response.head, &t.response.body}) {
    *text = input.until(0xf8);
    input.u8();
  }
  t.request.head += "\nX-Secret: hushhush\n";
  const webtap::fuzz::Body secret = webtap::fuzz::secret_body(input.u8(), t.response.body);
  const bool hides = t.response.body.find("hush") == std::string::npos &&
                     t.response.head.find("Content-") == std::string::npos && !(options & 3);
  if (hides) {
    t.response.head = "HTTP/1.1 200 OK\nContent-Type: " + secret.type + "\n";
    t.response.body = secret.text;
  }
  const std::size_t length =
      t.request.head.size() + t.request.body.size() + t.response.head.size() + t.response.body.size();
  const bool was_json = webtap::fuzz::is_json(t.response.body);
  webtap::fuzz::NullEvents events;
  webtap::audit::Options audit;
  audit.bodies = options & 2 ? webtap::audit::Bodies::Wire : webtap::audit::Bodies::Decoded;
  audit.masked_names = {"cookie", "a", "x-secret"};
  webtap::audit::Auditor auditor(audit, events, [word = 0u]() mutable { return ++word; });
  auditor.on_transaction(t);
  const auto& e = events.event;
  webtap::fuzz::require(
      e.request.head.size() + e.request.body.size() + e.response.head.size() + e.response.body.size() ==
          length,
      "masking keeps lengths");
  webtap::fuzz::require(e.request.head.find("\nX-Secret: hushhush") == std::string::npos,
                        "secrets are masked");
  webtap::fuzz::require(!hides || e.response.body.find(webtap::fuzz::kSecret) == std::string::npos,
                        "secrets in bodies are masked");
  webtap::fuzz::require(
      !hides || secret.type != "application/json" || !was_json || webtap::fuzz::is_json(e.response.body),
      "JSON stays JSON");
  return 0;
}
