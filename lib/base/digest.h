// Digests of bytes, as lower-case hexadecimal text.
#pragma once

#include <array>
#include <string>

#include "webtap/base/bytes.h"

namespace webtap {

// MD5 (RFC 1321): what ModSecurity's index lines and mlogc carry. No protection against forgery.
std::string md5_hex(ByteView bytes);
// The first 16 bytes of the SHA-256 of `bytes`.
std::array<unsigned char, 16> sha256_prefix(ByteView bytes);

}  // namespace webtap
