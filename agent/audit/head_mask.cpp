#include "agent/audit/head_mask.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "agent/audit/head_fields.h"

namespace webtap::audit {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

ByteView view(std::span<const char> bytes) { return {bytes.data(), bytes.size()}; }

std::span<char> part(std::span<char> bytes, Range range) { return bytes.subspan(range.begin, range.size()); }

template <std::size_t size>
bool is_one_of(ByteView name, const std::array<std::string_view, size>& known) {
  return std::ranges::any_of(known, [&](ByteView each) { return equal_ignoring_case(name, each); });
}

// Whose value may hold a URI with a query.
bool is_reference(ByteView name) {
  constexpr std::array<std::string_view, 5> kReferences{"Referer", "Location", "Content-Location", "Refresh",
                                                        "Origin"};
  return is_one_of(name, kReferences);
}

// Of credentials only a scheme that is known stays: another word may be a part of the secret. These are
// IANA's registered ones, and some in wide use.
bool is_scheme(ByteView word) {
  constexpr std::array<std::string_view, 20> kSchemes{
      "Basic",        "Bearer",           "Digest", "DPoP",          "GNAP",
      "HOBA",         "Mutual",           "NTLM",   "Negotiate",     "OAuth",
      "PrivateToken", "SCRAM-SHA-1",      "vapid",  "SCRAM-SHA-256", "ApiKey",
      "Token",        "AWS4-HMAC-SHA256", "Hawk",   "JWT",           "Kerberos"};
  return is_one_of(word, kSchemes);
}

// Of Set-Cookie (RFC 6265, section 5.2, and its successors).
bool is_attribute(ByteView name) {
  constexpr std::array<std::string_view, 11> kAttributes{"Path",    "Domain",      "Expires",  "Max-Age",
                                                         "Secure",  "HttpOnly",    "SameSite", "Priority",
                                                         "Version", "Partitioned", "Comment"};
  return is_one_of(name, kAttributes);
}

// Where a pair ends whose value begins with a quote, as servers read it that know of quotes (RFC 2109).
std::size_t end_of_quoted(ByteView text, std::size_t quote, std::size_t semicolon) {
  const std::size_t closing = std::min(text.find('"', quote + 1), text.size());
  return std::max(semicolon, std::min(text.find(';', closing), text.size()));
}

}  // namespace

// A name may follow `&`, or `;` as some servers read it, or the `?` or `#` of a URI; a value that is masked
// goes on to the next `&`.
void mask_parameters(std::span<char> parameters, Place place, MaskNames& names, MaskPen& pen) {
  const ByteView text = view(parameters);
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find_first_of("=&;?#", at), text.size());
    if (end < text.size() && text[end] == '=') {
      const MaskNames::Number secret = names.find_encoded(text.substr(at, end - at));
      const std::size_t value = end + 1;
      end = std::min(secret ? text.find('&', value) : text.find_first_of("&;?#", value), text.size());
      if (secret) pen.cover_lines(part(parameters, {value, end}), secret, place);
    }
    at = end + 1;
  }
}

void mask_user_info(std::span<char> authority, MaskPen& pen) {
  const std::size_t end = view(authority).rfind('@');
  if (end != kNowhere) pen.cover_lines(authority.first(end), {}, Place::UserInfo);
}

void HeadMask::mask(std::span<char> head) {
  mask_start_line(head);
  mask_fields(head, next_line(view(head), 0));
}

// A target with white space in it goes on to the version, or to the end of the line. That of CONNECT is an
// authority (RFC 9112, section 3.2.3).
void HeadMask::mask_start_line(std::span<char> head) {
  constexpr std::string_view kConnect = "CONNECT ";
  Range line = line_at(view(head), 0);
  const std::size_t version = line.in(view(head)).rfind(" HTTP/");
  if (version != kNowhere) line.end = line.begin + version;
  if (line.in(view(head)).starts_with(kConnect)) {
    const Range authority{line.begin + kConnect.size(), line.end};
    mask_user_info(part(head, authority), pen_);
  }
  mask_reference(part(head, line));
}

void HeadMask::mask_fields(std::span<char> text, std::size_t at) {
  FieldReader fields(view(text), at);
  for (Field field; fields.next(field);) mask_field(field.name.in(view(text)), part(text, field.value));
}

// Who names Authorization means the credentials for a proxy too.
MaskNames::Number HeadMask::find_field(ByteView name) {
  const MaskNames::Number found = names_.find(name);
  if (found || !equal_ignoring_case(name, "Proxy-Authorization")) return found;
  return names_.find("authorization");
}

void HeadMask::mask_field(ByteView name, std::span<char> value) {
  const MaskNames::Number found = find_field(name);
  if (equal_ignoring_case(name, "Cookie")) return mask_cookies(value, found);
  if (equal_ignoring_case(name, "Set-Cookie")) return mask_set_cookie(value, found);
  if (found) {
    if (equal_ignoring_case(name, "Authorization") || equal_ignoring_case(name, "Proxy-Authorization"))
      return mask_credentials(value, found);
    return pen_.cover_lines(value, found, Place::Header);
  }
  if (equal_ignoring_case(name, "Host")) return mask_user_info(value, pen_);
  if (is_reference(name)) mask_reference(value);
}

void HeadMask::mask_credentials(std::span<char> value, MaskNames::Number field) {
  const ByteView text = view(value);
  const std::size_t scheme_end = std::min(text.find_first_of(" \t\r\n"), text.size());
  const bool keep = scheme_end < text.size() && is_scheme(text.substr(0, scheme_end));
  const Range secret = keep ? trimmed(text, {scheme_end, text.size()}) : Range{0, text.size()};
  pen_.cover_lines(part(value, secret), field, Place::Header);
}

// Pairs are split at every `;`, as browsers do, but a value that is masked goes on to the end of its quotes.
// `field`: the whole field is to be masked; then names stay.
void HeadMask::mask_cookies(std::span<char> value, MaskNames::Number field) {
  for (std::size_t at = 0; at < value.size();) at = mask_cookie(value, at, field) + 1;
}

// Only the first pair is the cookie; the others are its attributes. Of those that are not known, and of those
// that hold a comma, behind which another cookie may stand, the values go with it.
void HeadMask::mask_set_cookie(std::span<char> value, MaskNames::Number field) {
  std::size_t at = mask_cookie(value, 0, field) + 1;
  while (field && at < value.size()) {
    const std::size_t end = std::min(view(value).find(';', at), value.size());
    mask_attribute(part(value, trimmed(view(value), {at, end})), field);
    at = end + 1;
  }
}

void HeadMask::mask_attribute(std::span<char> attribute, MaskNames::Number field) {
  const ByteView text = view(attribute);
  const std::size_t name_end = std::min(text.find('='), text.size());
  const ByteView name = trimmed(text, {0, name_end}).in(text);
  const bool may_hold_more = !equal_ignoring_case(name, "Expires") && text.find(',') != kNowhere;
  if (is_attribute(name) && !may_hold_more) return;
  const std::size_t begin = is_attribute(name) ? name_end + 1 : 0;
  pen_.cover_lines(attribute.subspan(std::min(begin, attribute.size())), field, Place::Cookie);
}

// Masks the pair that begins at `at`, if its name or the field's is one of ours; gives where it ends. What
// has no
// `=` is a cookie without a name.
std::size_t HeadMask::mask_cookie(std::span<char> value, std::size_t at, MaskNames::Number field) {
  const ByteView text = view(value);
  std::size_t end = std::min(text.find(';', at), text.size());
  const std::size_t equals = text.substr(at, end - at).find('=');
  MaskNames::Number found;
  if (equals != kNowhere) found = names_.find(trimmed(text, {at, at + equals}).in(text));
  if (!found) found = field;
  if (!found) return end;
  const std::size_t begin = trimmed(text, {equals == kNowhere ? at : at + equals + 1, end}).begin;
  if (begin < end && text[begin] == '"') end = end_of_quoted(text, begin, end);
  pen_.cover_lines(part(value, trimmed(text, {begin, end})), found, Place::Cookie);
  return end;
}

// The user information of every URI in it, and the parameters of its query and its fragment.
void HeadMask::mask_reference(std::span<char> reference) {
  constexpr std::string_view kBehindScheme = "://";
  const ByteView text = view(reference);
  for (std::size_t at = text.find(kBehindScheme); at != kNowhere; at = text.find(kBehindScheme, at)) {
    at += kBehindScheme.size();
    const std::size_t end = std::min(text.find_first_of("/?#\\ \t\r\n\"", at), text.size());
    mask_user_info(part(reference, {at, end}), pen_);
    at = end;
  }
  const std::size_t query = text.find_first_of("?#");
  if (query != kNowhere) mask_parameters(reference.subspan(query + 1), Place::Query, names_, pen_);
}

}  // namespace webtap::audit
