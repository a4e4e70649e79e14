// Start lines: what one says (RFC 9112, sections 3 and 4), and where one can be found again in the middle of
// a stream.
#pragma once

#include <cstddef>
#include <cstdint>

#include "agent/http/transaction.h"

namespace webtap::http {

enum class Version : std::uint8_t { Unknown, Http09, Http10, Http11 };

inline constexpr std::size_t kMaxMethod = 64;  // a longer word begins no request line

// Positions are in the line.
struct RequestLine {
  Slice method;
  Slice target;
  Slice version_text;  // empty: none
  Version version = Version::Unknown;
  bool well_formed = false;  // method SP target SP HTTP-version, each as the grammar wants it
};

struct StatusLine {
  Slice version_text;
  Version version = Version::Unknown;
  std::uint16_t status = 0;  // 0: no number
  bool well_formed = false;
};

// `line` comes without its line end. Never fails: what cannot be told apart is left empty.
RequestLine parse_request_line(ByteView line);
StatusLine parse_status_line(ByteView line);

// A line that a server may take for a request line: a token, white space, and a version at the end or a
// target that looks like one.
bool plausible_request_line(ByteView line);
// The same of a line whose end has not come yet: false as soon as it cannot become one.
bool plausible_request_beginning(ByteView line);

inline constexpr std::size_t kNotFound = static_cast<std::size_t>(-1);
// Where in a complete line, found amid lost or foreign bytes, a request line begins: stricter than the above.
std::size_t find_request_line(ByteView line);
// Whether `bytes` begin with a method of the registry and a blank.
bool begins_request(ByteView bytes);
// Where a status line begins, "HTTP/1.x NNN".
std::size_t find_status_line(ByteView bytes);
// find_status_line() needs this many bytes from the position that it gives.
inline constexpr std::size_t kStatusLineBeginning = 12;

// Whether a response may begin at bytes[0]: "HTTP/" in any case. `Maybe` wants more bytes.
enum class Likeness : std::uint8_t { No, Maybe, Yes };
Likeness like_status_line(ByteView bytes);

}  // namespace webtap::http
