#include "messages.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace webtap::bench {
namespace {

constexpr std::size_t kPool = std::size_t{1} << 20;
constexpr std::uint32_t kHosts = 20;

constexpr std::array<std::string_view, 5> kCompactAgents = {"curl/7.88.1", "Go-http-client/1.1",
                                                            "python-requests/2.28.1", "okhttp/4.10.0",
                                                            "Mozilla/5.0 (X11; Linux x86_64)"};

constexpr std::array<std::string_view, 5> kBrowserAgents = {
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 "
    "Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:121.0) Gecko/20100101 Firefox/121.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.2 "
    "Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.2 Mobile/15E148 Safari/604.1"};

constexpr std::array<std::string_view, 8> kPaths = {"/api/items/", "/img/p",     "/static/js/", "/cart?item=",
                                                    "/search?q=",  "/v2/users/", "/news/",      "/css/site."};

constexpr std::array<std::string_view, 20> kWords = {
    "the",   "order", "price", "stock", "client", "of",     "and",   "delivery", "page", "table",
    "image", "to",    "a",     "in",    "item",   "colour", "<div>", "</div>",   "\r\n", "is"};

struct Kind {
  std::string_view type;
  bool text;
};
constexpr std::array<Kind, 6> kKinds = {{{"text/html", true},
                                         {"application/json", true},
                                         {"text/css", true},
                                         {"image/png", false},
                                         {"image/jpeg", false},
                                         {"application/octet-stream", false}}};

std::string hex(std::uint64_t value, int digits) {
  std::string text(static_cast<std::size_t>(digits), '0');
  for (char& digit : text) {
    digit = "0123456789abcdef"[value & 15];
    value >>= 4;
  }
  return text;
}

void append_host(std::uint32_t host, std::string& out) {
  out.append("shop").append(std::to_string(host + 1)).append(".example.test");
}

void append_browser_fields(Random& random, const Visitor& visitor, std::string& out) {
  out.append(
      "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n"
      "Accept-Language: en-GB,en;q=0.9,de;q=0.7\r\nAccept-Encoding: gzip, deflate, br\r\n"
      "Connection: keep-alive\r\nReferer: http://");
  append_host(visitor.host, out);
  out.append(kPaths[random.below(kPaths.size())]).append(std::to_string(random.below(10'000)));
  out.append("\r\nCookie: _ga=GA1.2.").append(std::to_string(visitor.session % 1'000'000'007));
  out.append("; consent=yes; sid=").append(hex(visitor.session, 16)).append("\r\n");
}

void append_compact_fields(Random& random, const Visitor& visitor, std::string& out) {
  out.append("Accept: */*\r\n");
  if (visitor.session % 4 != 0) out.append("Cookie: sid=").append(hex(visitor.session, 16)).append("\r\n");
  if (random.chance(0.5)) {
    out.append("If-None-Match: \"").append(hex(random.next(), 8)).append("\"\r\n");
  }
}

// Bounded Pareto with exponent 1/2, by inversion: plain arithmetic gives the same sizes everywhere.
std::size_t long_body(Random& random) {
  constexpr double kSmallest = 1024, kTail = 0.07071;  // 1 - kTail = how far the inversion goes: 200 KiB
  const double root = 1.0 - random.unit() * (1.0 - kTail);
  return static_cast<std::size_t>(kSmallest / (root * root));
}

// Three in five are empty or nearly so, as the answers of an API are.
std::size_t short_body(Random& random) { return random.chance(0.6) ? random.below(40) : random.below(201); }

}  // namespace

Messages::Messages(Heads heads, Bodies bodies, std::uint64_t seed) : heads_(heads), bodies_(bodies) {
  Random random(seed ^ 0x626f64696573U);
  text_.reserve(kPool + 16);
  while (text_.size() < kPool) text_.append(kWords[random.below(kWords.size())]).append(" ");
  text_.resize(kPool);
  binary_.reserve(kPool);
  while (binary_.size() < kPool) binary_.push_back(static_cast<char>(random.u32() & 0xff));
}

Visitor Messages::visitor(Random& random) {
  return {random.below(kHosts), random.below(kBrowserAgents.size()), random.next()};
}

void Messages::append_body(Random& random, bool text, std::size_t size, std::string& out) const {
  const std::string& pool = text ? text_ : binary_;
  const std::size_t at = random.below(static_cast<std::uint32_t>(kPool - size));
  out.append(pool, at, size);
}

void Messages::make(Random& random, const Visitor& visitor, bool last, Exchange& out) const {
  const std::uint32_t draw = random.below(100);
  const char* method = draw < 10 ? "POST" : draw < 12 ? "HEAD" : "GET";
  make_request(random, visitor, method, out);
  make_response(random, method, last, out);
}

void Messages::make_request(Random& random, const Visitor& visitor, const char* method, Exchange& out) const {
  std::string& text = out.request;
  text.assign(method).append(" ").append(kPaths[random.below(kPaths.size())]);
  text.append(std::to_string(random.below(100'000)));
  if (heads_ == Heads::Browser) text.append("?ref=").append(hex(random.next(), 12));
  text.append(" HTTP/1.1\r\nHost: ");
  append_host(visitor.host, text);
  text.append("\r\nUser-Agent: ");
  text.append(heads_ == Heads::Browser ? kBrowserAgents[visitor.agent] : kCompactAgents[visitor.agent]);
  text.append("\r\n");
  if (heads_ == Heads::Browser) {
    append_browser_fields(random, visitor, text);
  } else {
    append_compact_fields(random, visitor, text);
  }
  if (std::string_view(method) == "POST") {
    const std::size_t size = bodies_ == Bodies::Long ? long_body(random) / 4 : random.between(8, 120);
    text.append("Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ");
    text.append(std::to_string(size)).append("\r\n\r\n");
    append_body(random, true, size, text);
  } else {
    text.append("\r\n");
  }
}

void Messages::make_response(Random& random, const char* method, bool last, Exchange& out) const {
  const std::uint32_t draw = random.below(100);
  const bool not_modified = bodies_ == Bodies::Short && draw < 15 && std::string_view(method) == "GET";
  const bool missing = bodies_ == Bodies::Short && draw >= 95;
  const Kind& kind = kKinds[random.below(kKinds.size())];
  const std::size_t size = bodies_ == Bodies::Long ? long_body(random) : short_body(random);
  const bool chunked = !not_modified && random.chance(0.1);

  std::string& text = out.response;
  text.assign("HTTP/1.1 ");
  text.append(not_modified ? "304 Not Modified" : missing ? "404 Not Found" : "200 OK");
  text.append("\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nServer: nginx\r\nETag: \"");
  text.append(hex(random.next(), 8)).append("\"\r\n");
  if (!not_modified) {
    text.append("Content-Type: ").append(kind.type).append("\r\n");
    if (chunked) text.append("Transfer-Encoding: chunked\r\n");
    if (!chunked) text.append("Content-Length: ").append(std::to_string(size)).append("\r\n");
  }
  if (heads_ == Heads::Browser) {
    text.append("Vary: Accept-Encoding\r\nX-Content-Type-Options: nosniff\r\nCache-Control: max-age=600\r\n");
  }
  text.append(last ? "Connection: close\r\n\r\n" : "Connection: keep-alive\r\n\r\n");
  if (not_modified || std::string_view(method) == "HEAD") return;
  if (!chunked) return append_body(random, kind.text, size, text);
  for (std::size_t left = size; left > 0;) {
    const std::size_t part = std::min<std::size_t>(left, random.between(1024, 8192));
    std::string digits = hex(part, 4);
    std::reverse(digits.begin(), digits.end());
    text.append(digits).append("\r\n");
    append_body(random, kind.text, part, text);
    text.append("\r\n");
    left -= part;
  }
  text.append("0\r\n\r\n");
}

}  // namespace webtap::bench
