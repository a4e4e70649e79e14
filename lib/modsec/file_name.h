// Names of serial audit-log files, made from the Host of a request. The Host comes from an attacker: a name
// holds only [a-z0-9._-], has no path in it, and fits a file system's 255 bytes.
#pragma once

#include <string>
#include <string_view>

namespace webtap::modsec {

inline constexpr std::string_view kNativeSuffix = "-audit.log";
inline constexpr std::string_view kJsonSuffix = "-audit.jsonl";

// `host` in lower case, without port and without the dot at the end of a fully qualified name, and `suffix`.
// An IPv6 literal is named by its shortest text (RFC 5952) without brackets, `:` as `_`; one that begins with
// "::" as if "0::" were there. "_nohost" where there is no host; "_invalid" where there is anything else in
// it, where the first character is `.`, `_` or `-`, and where the host has more than 253 bytes or the name
// more than 255.
std::string serial_file_name(std::string_view host, std::string_view suffix = kNativeSuffix);

// The host without its port; brackets of an IPv6 literal stay. Empty where the port is no number.
std::string_view without_port(std::string_view host);

}  // namespace webtap::modsec
