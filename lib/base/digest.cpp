#include "webtap/base/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>

namespace webtap {
namespace {

using Digest = std::array<unsigned char, EVP_MAX_MD_SIZE>;

unsigned digest(const EVP_MD* kind, ByteView bytes, Digest& out) {
  unsigned length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), out.data(), &length, kind, nullptr) != 1) std::abort();
  return length;
}

}  // namespace

std::string md5_hex(ByteView bytes) {
  Digest raw;
  const unsigned length = digest(EVP_md5(), bytes, raw);
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    text += "0123456789abcdef"[raw[i] >> 4];
    text += "0123456789abcdef"[raw[i] & 15];
  }
  return text;
}

std::array<unsigned char, 16> sha256_prefix(ByteView bytes) {
  Digest raw;
  digest(EVP_sha256(), bytes, raw);
  std::array<unsigned char, 16> prefix;
  std::copy_n(raw.begin(), prefix.size(), prefix.begin());
  return prefix;
}

}  // namespace webtap
