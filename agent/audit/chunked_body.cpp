#include "agent/audit/chunked_body.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace webtap::audit {
namespace {

// The size that a chunk's line says; nothing where the line is none.
std::optional<std::size_t> chunk_size(ByteView line) {
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size, 16);
  if (error != std::errc{}) return std::nullopt;
  const ByteView rest = line.substr(static_cast<std::size_t>(end - line.data()));
  if (!rest.empty() && rest[0] != ';' && rest[0] != ' ' && rest[0] != '\t') return std::nullopt;
  return size;
}

}  // namespace

ChunkedBody find_chunks(ByteView body) {
  ChunkedBody found{{}, body.size()};
  std::size_t at = 0;
  while (at < body.size()) {
    const std::optional<std::size_t> size = chunk_size(line_at(body, at).in(body));
    if (!size) {
      found.data.push_back({at, body.size()});
      return found;
    }
    at = next_line(body, at);
    if (*size == 0) {
      found.trailers_at = at;
      return found;
    }
    const std::size_t end = at + std::min(*size, body.size() - at);
    found.data.push_back({at, end});
    at = end;
    if (at < body.size() && body[at] == '\r') ++at;
    if (at < body.size() && body[at] == '\n') ++at;
  }
  return found;
}

}  // namespace webtap::audit
