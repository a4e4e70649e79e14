#include "agent/http/coding_sniffer.h"

#include <algorithm>
#include <iterator>

namespace webtap::http {
namespace {

constexpr std::size_t kTextSample = 64;

bool is_token_byte(char byte) {
  const bool alphanumeric =
      (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
  return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(byte) != std::string_view::npos;
}

// White space, and the line ends of a folded field line.
bool is_space(char byte) { return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n'; }

bool is_control(char byte) { return static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f; }

ByteView trim(ByteView text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// What a lenient reader makes of it: control bytes are nothing, and a name begins and ends with a token's
// bytes.
std::string clean(ByteView text) {
  text = text.substr(0, text.find(';'));  // a parameter, which no coding has
  std::string name;
  std::copy_if(text.begin(), text.end(), std::back_inserter(name),
               [](char byte) { return !is_control(byte); });
  const auto first = std::find_if(name.begin(), name.end(), is_token_byte);
  name.erase(name.begin(), first);
  while (!name.empty() && !is_token_byte(name.back())) name.pop_back();
  return name;
}

std::optional<Label> label_of(std::string_view name) {
  if (name == "gzip" || name == "x-gzip") return Label::Gzip;
  if (name == "deflate" || name == "x-deflate") return Label::Deflate;
  if (name == "br") return Label::Brotli;
  if (name == "zstd") return Label::Zstd;
  return std::nullopt;
}

bool is_zlib_header(ByteView first) {
  if (first.size() < 2) return false;
  const auto method = static_cast<unsigned char>(first[0]);
  const auto flags = static_cast<unsigned char>(first[1]);
  return (method & 0x0f) == 8 && method >> 4 <= 7 && (method * 256 + flags) % 31 == 0;
}

// Of a magic number, what there is of it in a short body counts.
bool begins_with(ByteView first, std::string_view magic) {
  const std::size_t size = std::min(first.size(), magic.size());
  return size > 0 && first.substr(0, size) == magic.substr(0, size);
}

bool is_skippable_frame(ByteView first) {
  return first.size() >= 4 && (static_cast<unsigned char>(first[0]) & 0xf0) == 0x50 &&
         first.substr(1, 3) == "\x2a\x4d\x18";
}

// Bytes of the UTF-8 character at the start of `text`; 0 where there is none. Cut off by the end, it counts.
std::size_t utf8_length(ByteView text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const ByteView rest = text.substr(1, length - 1);
  const bool sound = std::all_of(rest.begin(), rest.end(), [](char byte) { return (byte & 0xc0) == 0x80; });
  return sound ? std::min(length, text.size()) : 0;
}

}  // namespace

std::string_view name(Label label) {
  switch (label) {
    case Label::Gzip:
      return "gzip";
    case Label::Deflate:
      return "deflate";
    case Label::Brotli:
      return "br";
    case Label::Zstd:
      return "zstd";
  }
  return "";
}

std::string_view name(Format format) {
  switch (format) {
    case Format::Gzip:
      return "gzip";
    case Format::Zlib:
    case Format::RawDeflate:
      return "deflate";
    case Format::Brotli:
      return "br";
    case Format::Zstd:
      return "zstd";
  }
  return "";
}

CodingName parse_coding(ByteView member) {
  CodingName coding;
  const ByteView text = trim(member).substr(0, event::kMaxFindingDetail);
  coding.text = text;
  std::string lower = clean(text);
  coding.cleaned = lower.size() != text.size();
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  coding.label = label_of(lower);
  coding.identity = lower.empty() || lower == "identity";
  return coding;
}

bool has_magic(Format format, ByteView first) {
  switch (format) {
    case Format::Gzip:
      return begins_with(first, "\x1f\x8b");
    case Format::Zstd:
      return begins_with(first, "\x28\xb5\x2f\xfd") || is_skippable_frame(first);
    case Format::Zlib:
    case Format::RawDeflate:
    case Format::Brotli:
      return false;
  }
  return false;
}

Candidates candidates(Label label, ByteView first) {
  Candidates result;
  const auto add = [&](bool applies, Format format) {
    const auto end = result.formats.begin() + static_cast<std::ptrdiff_t>(result.count);
    if (applies && std::find(result.formats.begin(), end, format) == end)
      result.formats[result.count++] = format;
  };
  const bool gzip = has_magic(Format::Gzip, first);
  const bool zstd = has_magic(Format::Zstd, first);
  const bool deflate = label == Label::Deflate;
  add(label == Label::Brotli, Format::Brotli);
  add(deflate && is_zlib_header(first), Format::Zlib);
  add(gzip, Format::Gzip);
  add(zstd, Format::Zstd);
  add(is_zlib_header(first), Format::Zlib);
  add(deflate || label == Label::Gzip, Format::RawDeflate);
  return result;
}

bool looks_like_text(ByteView first) {
  ByteView sample = first.substr(0, kTextSample);
  while (!sample.empty()) {
    const bool white = is_space(sample.front()) || sample.front() == '\f' || sample.front() == '\v';
    if (is_control(sample.front()) && !white) return false;
    const std::size_t length = utf8_length(sample);
    if (length == 0) return false;
    sample.remove_prefix(length);
  }
  return true;
}

}  // namespace webtap::http
