// What the name of a content coding means, and what the first bytes of a body say that they are.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "agent/http/coding_decoder.h"
#include "webtap/base/bytes.h"
#include "webtap/event/finding.h"

namespace webtap::http {

// The codings that are undone (RFC 9110, section 8.4.1; RFC 7932; RFC 8878), with their aliases' names left
// out.
enum class Label : std::uint8_t { Gzip, Deflate, Brotli, Zstd };
std::string_view name(Label label);
// The name of a format, for people: both of deflate's are "deflate".
std::string_view name(Format format);

// A member of a Content-Encoding list.
struct CodingName {
  std::string text;            // as it stands there, white space around it aside
  std::optional<Label> label;  // nothing: a coding that is not undone here
  bool identity = false;       // "identity", or empty: nothing to undo
  bool cleaned = false;        // it was read leniently: bytes that are no token were left out
};
CodingName parse_coding(ByteView member);

// The formats to try on a body that begins with `first`, the likeliest one first.
struct Candidates {
  std::array<Format, kFormats> formats{};
  std::size_t count = 0;
};
Candidates candidates(Label label, ByteView first);

// Whether the first bytes alone prove the format.
bool has_magic(Format format, ByteView first);
// Whether a body begins as text does, which no coded body does for long.
bool looks_like_text(ByteView first);

}  // namespace webtap::http
