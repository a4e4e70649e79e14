#include "agent/http/start_line.h"

#include <algorithm>
#include <array>

#include "agent/http/text.h"

namespace webtap::http {
namespace {

constexpr ByteView kVersionPrefix = "http/";
constexpr std::size_t kLongestMethod = 10;  // of kMethods
constexpr int kBlanksLookedAt = 16;         // of a line in which a request line is searched

// The methods of RFC 9110, RFC 5789, WebDAV (RFC 4918, 3253, 3744, 5323) and a few that are seen in the wild.
constexpr std::array<ByteView, 30> kMethods{
    "GET",   "HEAD",       "POST",  "PUT",  "DELETE", "CONNECT", "OPTIONS", "TRACE",  "PATCH",    "PROPFIND",
    "COPY",  "PROPPATCH",  "MKCOL", "MOVE", "LOCK",   "UNLOCK",  "SEARCH",  "REPORT", "CHECKOUT", "CHECKIN",
    "MERGE", "MKACTIVITY", "ACL",   "BIND", "PURGE",  "TRACK",   "DEBUG",   "BREW",   "LINK",     "UNLINK"};

Slice slice(std::size_t from, std::size_t to) {
  return {static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to - from)};
}

Version version_of(ByteView text) {
  if (text == "HTTP/1.1") return Version::Http11;
  if (text == "HTTP/1.0") return Version::Http10;
  if (!starts_ignoring_case(text, kVersionPrefix)) return Version::Unknown;
  const ByteView number = text.substr(kVersionPrefix.size());
  if (number == "0.9") return Version::Http09;
  if (number == "1.0") return Version::Http10;
  // What a server does not know it takes for the highest version that it does know.
  return Version::Http11;
}

// Where the version begins that ends the line; kNotFound if none does. Trailing blanks are passed over.
std::size_t version_position(ByteView line) {
  const std::size_t blank = line.find_last_of(" \t");
  if (blank == ByteView::npos) return kNotFound;
  return starts_ignoring_case(line.substr(blank + 1), kVersionPrefix) ? blank + 1 : kNotFound;
}

std::size_t blank_run(ByteView line, std::size_t at) {
  const std::size_t end = line.find_first_not_of(" \t", at);
  return (end == ByteView::npos ? line.size() : end) - at;
}

bool looks_like_target(ByteView text) {
  return !text.empty() && (text.front() == '/' || text == "*" || text.find("://") != ByteView::npos);
}

bool known_method(ByteView text) { return std::ranges::find(kMethods, text) != kMethods.end(); }

// Length of the known method at the end of `text`; 0 if there is none.
std::size_t known_method_before(ByteView text) {
  std::size_t longest = 0;
  for (ByteView method : kMethods)
    if (text.ends_with(method)) longest = std::max(longest, method.size());
  return longest;
}

ByteView without_trailing_blanks(ByteView line) {
  while (!line.empty() && is_padding(line.back())) line.remove_suffix(1);
  return line;
}

bool digits_version(ByteView text) {  // "HTTP/d.d"
  return text.size() == 8 && text.starts_with("HTTP/") && is_digit(text[5]) && text[6] == '.' &&
         is_digit(text[7]);
}

}  // namespace

RequestLine parse_request_line(ByteView whole) {
  RequestLine parsed;
  const ByteView line = without_trailing_blanks(whole);
  const std::size_t method_begin = blank_run(line, 0);  // some servers pass over blanks before it
  const std::size_t method_end = std::min(line.find_first_of(" \t", method_begin), line.size());
  parsed.method = slice(method_begin, method_end);
  const std::size_t target_begin = method_end + blank_run(line, method_end);
  const std::size_t version = version_position(line);
  if (version == kNotFound) {
    parsed.version = Version::Http09;
    parsed.target = slice(target_begin, line.size());
    return parsed;
  }
  parsed.version_text = slice(version, line.size());
  parsed.version = version_of(parsed.version_text.in(line));
  std::size_t target_end = version;
  while (target_end > target_begin && is_blank(line[target_end - 1])) --target_end;
  if (target_begin < version) parsed.target = slice(target_begin, target_end);
  parsed.well_formed = line.size() == whole.size() && method_begin == 0 && is_token(parsed.method.in(line)) &&
                       !parsed.target.empty() && target_begin == method_end + 1 &&
                       target_end + 1 == version && line[method_end] == ' ' && line[target_end] == ' ' &&
                       digits_version(parsed.version_text.in(line));
  return parsed;
}

StatusLine parse_status_line(ByteView line) {
  StatusLine parsed;
  const auto separator = [](char c) { return is_padding(c); };
  const auto* version_end = std::ranges::find_if(line, separator);
  const auto version_length = static_cast<std::size_t>(version_end - line.begin());
  parsed.version_text = slice(0, version_length);
  parsed.version = version_of(line.substr(0, version_length));
  std::size_t at = version_length;
  while (at < line.size() && separator(line[at])) ++at;
  const std::size_t digits = at;
  unsigned value = 0;
  for (; at < line.size() && at < digits + 3 && is_digit(line[at]); ++at)
    value = value * 10 + static_cast<unsigned>(line[at] - '0');
  const bool number = at > digits && (at == line.size() || separator(line[at]));
  if (number) parsed.status = static_cast<std::uint16_t>(value);
  parsed.well_formed = number && at == digits + 3 && digits == version_length + 1 &&
                       line[version_length] == ' ' && digits_version(line.substr(0, version_length)) &&
                       (at == line.size() || line[at] == ' ');
  return parsed;
}

bool plausible_request_line(ByteView whole) {
  const ByteView line = without_trailing_blanks(whole);
  const std::size_t method_end = line.find_first_of(" \t");
  if (method_end > kMaxMethod || !is_token(line.substr(0, method_end))) return false;
  if (version_position(line) != kNotFound) return true;
  const ByteView method = line.substr(0, method_end);
  return known_method(method) && looks_like_target(trim(line.substr(method_end)));
}

bool plausible_request_beginning(ByteView line) {
  const std::size_t method_end = std::min(line.find_first_of(" \t"), line.size());
  if (method_end > kMaxMethod) return false;
  return method_end == 0 ? line.empty() : is_token(line.substr(0, method_end));
}

bool begins_request(ByteView bytes) {
  const std::size_t blank = bytes.substr(0, kLongestMethod + 1).find(' ');
  return blank != ByteView::npos && known_method(bytes.substr(0, blank));
}

std::size_t find_request_line(ByteView whole) {
  const ByteView line = without_trailing_blanks(whole);
  const std::size_t version = version_position(line);
  if (version == kNotFound || !digits_version(line.substr(version))) return kNotFound;
  if (begins_request(line)) return 0;
  // The end of a body without a line end may stand right before the method: the last one that fits counts.
  std::size_t blank = version - 1;
  for (int i = 0; i < kBlanksLookedAt && blank != 0; ++i) {
    blank = line.rfind(' ', blank - 1);
    if (blank == ByteView::npos) break;
    const char target = line[blank + 1];
    const std::size_t length = known_method_before(line.substr(0, blank));
    if (length != 0 && (target == '/' || target == '*' || target == 'h')) return blank - length;
  }
  return kNotFound;
}

std::size_t find_status_line(ByteView bytes) {
  for (std::size_t at = bytes.find("HTTP/1."); at != ByteView::npos; at = bytes.find("HTTP/1.", at + 1)) {
    const ByteView here = bytes.substr(at);
    if (here.size() < kStatusLineBeginning) return kNotFound;
    if (is_digit(here[7]) && here[8] == ' ' && is_digit(here[9]) && is_digit(here[10]) && is_digit(here[11]))
      return at;
  }
  return kNotFound;
}

Likeness like_status_line(ByteView bytes) {
  const std::size_t known = std::min(bytes.size(), kVersionPrefix.size());
  if (!equals_ignoring_case(bytes.substr(0, known), kVersionPrefix.substr(0, known))) return Likeness::No;
  return known == kVersionPrefix.size() ? Likeness::Yes : Likeness::Maybe;
}

}  // namespace webtap::http
