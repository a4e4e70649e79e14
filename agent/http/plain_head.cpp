#include "agent/http/plain_head.h"

#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "agent/http/text.h"

namespace webtap::http {
namespace {

constexpr bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

constexpr std::size_t kBlock = 64;

#if defined(__SSE2__)

__m128i load16(const char* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }

// A mask of the bytes for which `low <= byte <= high`.
__m128i between(__m128i bytes, char low, char high) {
  const __m128i shifted = _mm_sub_epi8(bytes, _mm_set1_epi8(low));
  return _mm_cmpeq_epi8(_mm_min_epu8(shifted, _mm_set1_epi8(static_cast<char>(high - low))), shifted);
}

unsigned bits(__m128i mask) { return static_cast<unsigned>(_mm_movemask_epi8(mask)); }

// A bit for each of kBlock bytes: whether it is a control byte.
std::uint64_t control_bits(const char* block) {
  std::uint64_t found = 0;
  for (unsigned i = 0; i != kBlock; i += 16) {
    const __m128i bytes = load16(block + i);
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    found |= std::uint64_t{bits(_mm_or_si128(control, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f))))} << i;
  }
  return found;
}

#else

std::uint64_t control_bits(const char* block) {
  std::uint64_t found = 0;
  for (unsigned i = 0; i != kBlock; ++i) found |= std::uint64_t{is_control(block[i])} << i;
  return found;
}

#endif

// Walks the lines of a text that has no control bytes but in their line ends, which are CRLF.
class PlainLines {
 public:
  explicit PlainLines(ByteView text) : text_(text), found_(look(0)) {}

  // Moves to the next line end; false where a control byte comes before it, or none comes.
  bool next() {
    while (found_ == 0) {
      if (!next_block()) return false;
    }
    end_ = block_ + static_cast<unsigned>(std::countr_zero(found_));
    if (end_ + 1 >= text_.size() || text_[end_] != '\r' || text_[end_ + 1] != '\n') return false;
    found_ &= found_ - 1;
    if (found_ == 0) next_block();  // CR was the block's last byte, so that LF is the next one's first
    found_ &= found_ - 1;
    return true;
  }
  // Where the line ends that next() moved to.
  std::size_t end() const { return end_; }

 private:
  bool next_block() {
    block_ += kBlock;
    if (block_ >= text_.size()) return false;
    found_ = look(block_);
    return true;
  }
  std::uint64_t look(std::size_t at) const {
    const std::size_t left = text_.size() - at;
    if (left >= kBlock) return control_bits(text_.data() + at);
    // The text's last block begins before `at`.
    if (text_.size() >= kBlock) return control_bits(text_.data() + text_.size() - kBlock) >> (kBlock - left);
    std::array<char, kBlock> block;
    block.fill(' ');
    std::memcpy(block.data(), text_.data(), left);
    return control_bits(block.data());
  }

  ByteView text_;
  std::size_t block_ = 0;
  std::uint64_t found_;  // control bytes in the block, but for those behind us
  std::size_t end_ = 0;
};

// Length of the run of token characters from `at` on.
std::size_t token_length(ByteView in, std::size_t at) {
  std::size_t end = at;
  while (end < in.size() && is_token_character(in[end])) ++end;
  return end - at;
}

// Position of the colon behind the name that begins at `at`; kNotFound where there is no name, or no colon.
inline std::size_t find_colon(ByteView in, std::size_t at) {
  std::size_t end = at;
#if defined(__SSE2__)
  for (; end + 16 <= in.size(); end += 16) {
    const __m128i bytes = load16(in.data() + end);
    const __m128i letters = between(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z');
    const __m128i others = _mm_or_si128(between(bytes, '0', '9'), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
    const unsigned stop = bits(_mm_or_si128(letters, others)) ^ 0xffff;
    if (stop == 0) continue;
    end += static_cast<unsigned>(std::countr_zero(stop));
    if (in[end] == ':') return end != at ? end : kNotFound;
    break;  // it may still be a token
  }
#endif
  end += token_length(in, end);
  return end != at && end < in.size() && in[end] == ':' ? end : kNotFound;
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
  PlainLines lines(in);
  if (!lines.next()) return false;
  start_line_ = lines.end();
  for (;;) {
    const std::size_t line = lines.end() + 2;
    if (!lines.next()) return false;
    if (lines.end() == line) {
      size_ = line;
      return true;
    }
    const std::size_t colon = find_colon(in, line);
    if (colon == kNotFound) return false;
    const KnownField field = known_field(in.substr(line, colon - line));
    if (field != KnownField::None && !add_field(in, field, colon + 1, lines.end())) return false;
  }
}

bool PlainHead::add_field(ByteView in, KnownField field, std::size_t begin, std::size_t end) {
  while (begin < end && in[begin] == ' ') ++begin;
  while (end > begin && in[end - 1] == ' ') --end;
  if (count_ == kFields || (begin != end && in[begin] == ':')) return false;
  fields_[count_++] = {field, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
  return true;
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
