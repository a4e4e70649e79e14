// What the clients and servers of a generated capture say: HTTP/1.1 requests and their responses.
#pragma once

#include <cstdint>
#include <string>

#include "random.h"

namespace webtap::bench {

// Compact: some 160 bytes of request and 190 of response, as between services, so that the cost of a
// transaction outweighs the cost of its bytes. Browser: what a browser sends, some 550 bytes of request.
enum class Heads : std::uint8_t { Compact, Browser };

// Short: bodies of 0 to 200 bytes. Long: 1 to 200 KiB, many small and few large, about 14 KiB on average.
enum class Bodies : std::uint8_t { Short, Long };

// What one client keeps sending on one connection.
struct Visitor {
  std::uint32_t host = 0;
  std::uint32_t agent = 0;
  std::uint64_t session = 0;
};

struct Exchange {
  std::string request;
  std::string response;
};

class Messages {
 public:
  Messages(Heads heads, Bodies bodies, std::uint64_t seed);

  static Visitor visitor(Random& random);
  // The next transaction of this visitor; both strings are replaced.
  void make(Random& random, const Visitor& visitor, bool last, Exchange& out) const;

 private:
  void make_request(Random& random, const Visitor& visitor, const char* method, Exchange& out) const;
  void make_response(Random& random, const char* method, bool last, Exchange& out) const;
  void append_body(Random& random, bool text, std::size_t size, std::string& out) const;

  Heads heads_;
  Bodies bodies_;
  std::string text_;
  std::string binary_;
};

}  // namespace webtap::bench
