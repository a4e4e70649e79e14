#include "agent/http/plain_head.h"

#if defined(__SSE2__)
#include <emmintrin.h>

#include <bit>
#endif

#include "agent/http/text.h"

namespace webtap::http {
namespace {

constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

#if defined(__SSE2__)

__m128i load16(const char* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }

// A mask of the bytes for which `low <= byte <= high`.
__m128i between(__m128i bytes, char low, char high) {
  const __m128i shifted = _mm_sub_epi8(bytes, _mm_set1_epi8(low));
  return _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(static_cast<char>(high - low))), shifted);
}

unsigned bits(__m128i mask) { return static_cast<unsigned>(_mm_movemask_epi8(mask)); }

#endif

// Position of the first control byte from `at` on; in.size() if there is none.
std::size_t find_control(ByteView in, std::size_t at) {
#if defined(__SSE2__)
  for (; at + 16 <= in.size(); at += 16) {
    const __m128i bytes = load16(in.data() + at);
    const unsigned found =
        bits(_mm_or_si128(between(bytes, 0, 0x1f), _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f))));
    if (found != 0) return at + static_cast<unsigned>(std::countr_zero(found));
  }
#endif
  while (at < in.size() && !is_control(in[at])) ++at;
  return at;
}

// Length of the run of token characters from `at` on.
std::size_t token_length(ByteView in, std::size_t at) {
#if defined(__SSE2__)
  if (at + 16 <= in.size()) {
    const __m128i bytes = load16(in.data() + at);
    const __m128i letters = between(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z');
    const __m128i others = _mm_or_si128(between(bytes, '0', '9'), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
    const unsigned stop = ~bits(_mm_or_si128(letters, others)) & 0xffff;
    // Where it is not the colon that ends the usual characters, it may still be a token.
    if (stop != 0) {
      const auto length = static_cast<unsigned>(std::countr_zero(stop));
      if (in[at + length] == ':') return length;
    }
  }
#endif
  std::size_t end = at;
  while (end < in.size() && is_token_character(in[end])) ++end;
  return end - at;
}

bool line_ends_at(ByteView in, std::size_t at) {
  return at + 1 < in.size() && in[at] == '\r' && in[at + 1] == '\n';
}

Slice slice(std::size_t begin, std::size_t end) {
  return {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
}

// Of the eight bytes at the beginning of `text`.
std::optional<Version> version(ByteView text) {
  if (!text.starts_with("HTTP/1.") || (text[7] != '0' && text[7] != '1')) return std::nullopt;
  return text[7] == '1' ? Version::Http11 : Version::Http10;
}

}  // namespace

bool PlainHead::scan(ByteView in) {
  count_ = 0;
  start_line_ = find_control(in, 0);
  if (!line_ends_at(in, start_line_)) return false;
  std::size_t at = start_line_ + 2;
  while (at < in.size() && in[at] != '\r')
    if (!scan_field(in, at)) return false;
  size_ = at;
  return line_ends_at(in, at);
}

bool PlainHead::scan_field(ByteView in, std::size_t& at) {
  const std::size_t name = token_length(in, at);
  const std::size_t colon = at + name;
  if (name == 0 || colon >= in.size() || in[colon] != ':' || count_ == kFields) return false;
  const std::size_t line_end = find_control(in, colon + 1);
  if (!line_ends_at(in, line_end)) return false;
  std::size_t begin = colon + 1;
  while (begin < line_end && in[begin] == ' ') ++begin;
  std::size_t end = line_end;
  while (end > begin && in[end - 1] == ' ') --end;
  const auto narrow = [](std::size_t value) { return static_cast<std::uint32_t>(value); };
  fields_[count_++] = {narrow(at), narrow(name), narrow(begin), narrow(end - begin)};
  at = line_end + 2;
  return begin == end || in[begin] != ':';
}

std::optional<RequestLine> parse_plain_request_line(ByteView line) {
  constexpr std::size_t kVersion = 8;  // "HTTP/1.1"
  const std::size_t method = token_length(line, 0);
  if (method == 0 || method > kMaxMethod || line.size() < method + 1 + 1 + 1 + kVersion ||
      line[method] != ' ')
    return std::nullopt;
  const std::size_t target = method + 1, target_end = line.size() - kVersion - 1;
  const auto known = version(line.substr(target_end + 1));
  if (!known || line[target_end] != ' ') return std::nullopt;
  if (line.substr(target, target_end - target).find(' ') != ByteView::npos) return std::nullopt;
  return RequestLine{slice(0, method), slice(target, target_end), slice(target_end + 1, line.size()), *known,
                     true};
}

std::optional<StatusLine> parse_plain_status_line(ByteView line) {
  if (line.size() < 12 || line[8] != ' ' || (line.size() > 12 && line[12] != ' ')) return std::nullopt;
  const auto known = version(line);
  if (!known || !is_digit(line[9]) || !is_digit(line[10]) || !is_digit(line[11])) return std::nullopt;
  const int status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
  return StatusLine{slice(0, 8), *known, static_cast<std::uint16_t>(status), true};
}

}  // namespace webtap::http
