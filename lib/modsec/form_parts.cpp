#include "webtap/modsec/form_parts.h"

#include "webtap/event/head.h"
#include "webtap/modsec/escape.h"

namespace webtap::modsec {
namespace {

// ModSecurity 2 has room for a file's content type, and never fills it.
constexpr std::string_view kContentType = ",\"<Unknown ContentType>\"\n";
constexpr std::string_view kTotal = "Total,";

ByteView content_type(const event::HttpMessage& request) {
  return event::find_field(request.head, "Content-Type").value_or(ByteView{});
}

// A body that gives no boundary has no parts.
event::MultipartReader reader_of(const event::HttpMessage& request) {
  const auto boundary = event::multipart_boundary(content_type(request));
  return {boundary ? ByteView(request.body) : ByteView{}, boundary.value_or(ByteView{})};
}

bool stays(char byte) {
  return byte == '*' || (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
         (byte >= 'a' && byte <= 'z');
}

char* put_encoded(char* out, ByteView text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    if (stays(byte)) {
      *out++ = byte;
    } else if (byte == ' ') {
      *out++ = '+';
    } else {
      *out++ = '%';
      *out++ = kDigits[value >> 4];
      *out++ = kDigits[value & 15];
    }
  }
  return out;
}

}  // namespace

bool has_form_parts(const event::HttpMessage& request) {
  return !request.body.empty() && event::is_multipart_form(content_type(request));
}

bool writes_body(const event::HttpMessage& request, Parts parts) {
  return parts.has('C') || (parts.has('I') && !has_form_parts(request));
}

FormParts::FormParts(const event::HttpMessage& request) : reader_(reader_of(request)) {}

bool FormParts::next() {
  while (reader_.next(part_)) {
    event::read_disposition(part_.head, said_);
    if (!said_.has_name) continue;
    ++number_;
    return true;
  }
  return false;
}

std::size_t form_parts_bound(const event::HttpMessage& request, Parts parts) {
  constexpr std::size_t kMaxEncoded = 3;  // bytes of one, in part I
  constexpr std::size_t kNumbers = 64;    // two of them, and punctuation
  if (!parts.has('I') && !parts.has('J')) return 0;
  if (!has_form_parts(request)) return 0;
  std::size_t bytes = kTotal.size() + kNumbers;
  for (FormParts part(request); part.next();) {
    if (part.is_file())
      bytes += kNumbers + kMaxEscape * part.upload().file_name.size() + kContentType.size();
    else
      bytes += 2 + kMaxEncoded * (part.name().size() + part.value().size());
  }
  return bytes;
}

char* put_fields(char* out, const event::HttpMessage& request) {
  const char* const begin = out;
  for (FormParts part(request); part.next();) {
    if (part.is_file()) continue;
    if (out != begin) *out++ = '&';
    out = put_encoded(out, part.name());
    *out++ = '=';
    out = put_encoded(out, part.value());
  }
  return out;
}

char* put_uploads(char* out, const event::HttpMessage& request) {
  std::uint64_t total = 0;
  for (FormParts part(request); part.next();) {
    if (!part.is_file()) continue;
    const Upload upload = part.upload();
    out = put(put_decimal(out, upload.number), ",");
    out = put(put_decimal(out, upload.size), ",\"");
    out = put_log_text(out, upload.file_name);
    out = put(put(out, "\""), kContentType);
    total += upload.size;
  }
  return put(put_decimal(put(out, kTotal), total), "\n");
}

}  // namespace webtap::modsec
