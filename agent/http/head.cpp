#include "agent/http/head.h"

#include <algorithm>

#include "agent/http/field_lines.h"
#include "agent/http/known_fields.h"
#include "agent/http/text.h"

namespace webtap::http {
namespace {

using event::FindingKind;

// A value as a program compares it: without control bytes, line folding turned to a blank, in lower case.
std::string normalised(ByteView value) {
  std::string text;
  for (char c : value) {
    if (c == '\n' || c == '\t') c = ' ';
    if (is_padding(c) && c != ' ') continue;
    if (c == '\xa0') c = ' ';  // ISO 8859-1 no-break space, which some browsers skip
    text += lower(c);
  }
  return std::string(trim(text));
}

void join(std::string& list, ByteView value) {
  if (!list.empty()) list += ", ";
  list += value;
}

// One member of a Content-Length list; nothing where it is no number of 64 bits.
std::optional<std::uint64_t> number(ByteView text) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (!is_digit(c) || value > (~std::uint64_t{0} - 9) / 10) return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

void read_content_length(ContentLength& length, ByteView value, Findings& findings) {
  const ByteView text = trim(value, is_padding);
  if (const auto plain = number(text); plain && !length.present) {
    length = {true, true, *plain};
    return;
  }
  // A list, or one more field: equal members are harmless, others are an attack or a broken server.
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const auto member = number(trim(text.substr(at, comma - at)));
    if (!member) {
      findings.add_once(FindingKind::InvalidContentLength, text);
      length.valid = false;
    } else if (!length.present) {
      length = {true, true, *member};
    } else if (*member == length.value) {
      findings.add_once(FindingKind::DuplicateContentLength, text);
    } else {
      if (!findings.has(FindingKind::ConflictingContentLength))
        findings.add_once(FindingKind::ConflictingContentLength,
                          std::to_string(length.value) + ", " + std::string(text));
      length.valid = false;
    }
    length.present = true;
    at = comma + 1;
  }
}

void read_transfer_encoding(TransferEncoding& coding, ByteView value, bool odd, Findings& findings) {
  if (coding.present) findings.add_once(FindingKind::DuplicateTransferEncoding, value);
  const bool exact = equals_ignoring_case(trim(value), "chunked");
  coding.clean = exact && !odd && !coding.present;
  coding.present = true;
  const std::string text = exact ? "chunked" : normalised(value);
  const bool names_chunked = text.find("chunked") != std::string::npos;
  coding.chunked = coding.chunked || names_chunked;
  if (exact) return;
  if (text.find("chunked") != text.rfind("chunked"))
    findings.add_once(FindingKind::DuplicateTransferEncoding, value);
  if (names_chunked && text.ends_with("chunked") && !is_token(text)) return;  // "gzip, chunked"
  findings.add_once(names_chunked ? FindingKind::ChunkedNotFinal : FindingKind::UnknownTransferCoding, value);
}

void read_connection(HeadFields& fields, ByteView value) {
  const bool keep_alive = equals_ignoring_case(value, "keep-alive");
  if (keep_alive || equals_ignoring_case(value, "close")) {
    (keep_alive ? fields.connection_keep_alive : fields.connection_close) = true;
    return;
  }
  const std::string text = normalised(value);
  fields.connection_close = fields.connection_close || text.find("close") != std::string::npos;
  fields.connection_keep_alive = fields.connection_keep_alive || text.find("keep-alive") != std::string::npos;
}

Slice position(ByteView value, ByteView head) {
  return {static_cast<std::uint32_t>(value.data() - head.data()), static_cast<std::uint32_t>(value.size())};
}

// Takes what the fields say, one after the other, in the order of the head.
class FieldReader final : public FieldHandler {
 public:
  FieldReader(ByteView head, HeadFields& fields, Findings& findings)
      : head_(head), fields_(fields), findings_(findings) {}

  void on_field(const FieldLine& line) override { take(known_field(line.name), line.value, line.odd); }

  void take(KnownField field, ByteView value, bool odd) {
    switch (field) {
      case KnownField::None:
        break;
      case KnownField::Expect:
        fields_.expect_continue = normalised(value).starts_with("100-continue");
        break;
      case KnownField::Host:
        take_host(value);
        break;
      case KnownField::Server:
        fields_.server = position(value, head_);
        break;
      case KnownField::Upgrade:
        fields_.upgrade = normalised(value);
        break;
      case KnownField::Connection:
        read_connection(fields_, value);
        break;
      case KnownField::ContentLength:
        read_content_length(fields_.content_length, value, findings_);
        break;
      case KnownField::ContentEncoding:
        join(fields_.content_encoding, normalised(value));
        break;
      case KnownField::TransferEncoding:
        read_transfer_encoding(fields_.transfer_encoding, value, odd, findings_);
        break;
    }
  }

 private:
  void take_host(ByteView value) {
    if (fields_.host) {
      findings_.add_once(FindingKind::DuplicateHost, value);
    } else {
      fields_.host = position(value, head_);
    }
  }

  ByteView head_;
  HeadFields& fields_;
  Findings& findings_;
};

// The start line without its line end, and where the field lines begin. A bare CR ends the line for whoever
// compares, but not for the RFC.
struct Split {
  ByteView start_line;
  std::size_t fields = 0;
};

Split split_start_line(ByteView head, Findings& findings) {
  const std::size_t lf = head.find('\n');
  ByteView line = head.substr(0, lf);
  std::size_t fields = lf == ByteView::npos ? head.size() : lf + 1;
  if (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
  } else if (lf != ByteView::npos) {
    findings.add_once(FindingKind::BareLineFeed);
  }
  if (!has_control_byte(line)) return {line, fields};
  if (const std::size_t cr = line.find('\r'); cr != ByteView::npos) {
    findings.add_once(FindingKind::BareCarriageReturn);
    return {line.substr(0, cr), cr + 1};
  }
  findings.add_once(FindingKind::ControlByte);
  return {line, fields};
}

void note_both_lengths(const HeadFields& fields, Findings& findings) {
  if (fields.transfer_encoding.present && fields.content_length.present)
    findings.add_once(FindingKind::LengthAndTransferEncoding);
}

HeadFields read_fields(ByteView head, std::size_t from, Findings& findings) {
  HeadFields fields;
  FieldReader reader(head, fields, findings);
  read_field_lines(head.substr(from), findings, reader);
  note_both_lengths(fields, findings);
  return fields;
}

// uri-host and port (RFC 3986, sections 3.2.2 and 3.2.3).
constexpr auto kIsHost = [] {
  auto table = kIsToken;
  for (char c : ByteView("#^`|")) table[static_cast<unsigned char>(c)] = false;
  for (char c : ByteView("(),;=:[]")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool valid_host(ByteView host) {
  return std::ranges::all_of(host, [](char c) { return kIsHost[static_cast<unsigned char>(c)]; });
}

// The authority of an absolute or authority-form target (RFC 9112, section 3.2); empty in origin form.
ByteView target_authority(ByteView method, ByteView target) {
  if (method == "CONNECT") return target;
  if (target.starts_with('/')) return {};
  const std::size_t scheme = target.find("://");
  if (scheme == ByteView::npos || target.substr(0, scheme).find_first_of("/?#") != ByteView::npos) return {};
  ByteView authority = target.substr(scheme + 3);
  authority = authority.substr(0, authority.find_first_of("/?#"));
  return authority.substr(authority.rfind('@') + 1);  // npos + 1 = 0: no userinfo
}

// RFC 9110, section 4.2: what is left out means the scheme's own port.
ByteView without_default_port(ByteView host) {
  for (ByteView port : {ByteView(":80"), ByteView(":443"), ByteView(":")})
    if (host.ends_with(port)) return host.substr(0, host.size() - port.size());
  return host;
}

void check_version(ByteView line, Slice text, Version version, Findings& findings) {
  if (version == Version::Http11 && text.in(line) != "HTTP/1.1")
    findings.add_once(FindingKind::UnknownVersion, text.in(line));
}

void note_request_line(ByteView text, const RequestLine& line, Findings& findings) {
  if (line.version_text.empty() && !line.target.empty()) {
    findings.add_once(FindingKind::MissingVersion);
  } else if (!line.well_formed) {
    findings.add_once(FindingKind::InvalidRequestLine);
  }
  if (line.target.in(text).find_first_of(" \t") != ByteView::npos)
    findings.add_once(FindingKind::TargetWithSpace);
  check_version(text, line.version_text, line.version, findings);
}

bool has_line_end(ByteView head) { return head.find('\n') != ByteView::npos; }

// Without the last line, if its end is missing; at least up to `from`.
ByteView whole_lines(ByteView head, std::size_t from) {
  return head.substr(0, std::max(head.rfind('\n') + 1, from));  // npos + 1 = 0
}

}  // namespace

RequestHead parse_request_head(ByteView head, Findings& findings, bool cut) {
  const Split split = split_start_line(head, findings);
  RequestHead parsed;
  parsed.line = parse_request_line(split.start_line);
  parsed.cut = cut;
  if (!cut || has_line_end(head)) note_request_line(split.start_line, parsed.line, findings);
  parsed.fields = read_fields(cut ? whole_lines(head, split.fields) : head, split.fields, findings);
  return parsed;
}

ResponseHead parse_response_head(ByteView head, Findings& findings, bool cut) {
  const Split split = split_start_line(head, findings);
  ResponseHead parsed;
  parsed.line = parse_status_line(split.start_line);
  if (cut && !has_line_end(head)) {
    if (parsed.line.status < 100) parsed.line.status = 0;  // not all of its digits came
  } else {
    if (!parsed.line.well_formed) findings.add_once(FindingKind::InvalidStatusLine);
    check_version(split.start_line, parsed.line.version_text, parsed.line.version, findings);
  }
  parsed.fields = read_fields(cut ? whole_lines(head, split.fields) : head, split.fields, findings);
  return parsed;
}

HeadFields read_plain_fields(ByteView head, const PlainHead& plain, Findings& findings) {
  HeadFields fields;
  FieldReader reader(head, fields, findings);
  for (const PlainField& each : plain)
    reader.take(each.field, head.substr(each.value_begin, each.value_length), false);
  note_both_lengths(fields, findings);
  return fields;
}

ByteView effective_host(ByteView head, const RequestHead& parsed, Findings& findings) {
  const auto& host = parsed.fields.host;
  const ByteView field = host ? host->in(head) : ByteView{};
  const ByteView authority = target_authority(parsed.line.method.in(head), parsed.line.target.in(head));
  if (!host && !parsed.cut && parsed.line.version == Version::Http11)
    findings.add_once(FindingKind::MissingHost);
  if (!valid_host(field)) findings.add_once(FindingKind::InvalidHost, field);
  if (authority.empty()) return field;
  if (host &&
      !std::ranges::equal(without_default_port(authority), without_default_port(field), {}, lower, lower))
    findings.add_once(FindingKind::HostDiffersFromTarget, field);
  return authority;
}

}  // namespace webtap::http
