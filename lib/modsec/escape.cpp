#include "webtap/modsec/escape.h"

#include <algorithm>

namespace webtap::modsec {
namespace {

constexpr bool is_token_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
         byte == '@' || byte == '_' || byte == '-' || byte == '.';
}

constexpr auto kTokenBytes = [] {
  std::array<bool, 256> table{};
  for (int value = 0; value < 256; ++value)
    table[static_cast<std::size_t>(value)] = is_token_byte(static_cast<char>(value));
  return table;
}();

constexpr bool is_lower_hex(char byte) {
  return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
}

int hex_value(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

}  // namespace

char* put_message_text(char* out, ByteView text) {
  for (const char byte : text) {
    if (is_control(byte))
      out = put_hex_escape(out, byte);
    else
      *out++ = byte;
  }
  return out;
}

char* put_line_text(char* out, ByteView text) {
  for (const char byte : text) {
    if (is_control(byte)) {
      out = put_hex_escape(out, byte);
    } else {
      if (byte == '\\') *out++ = '\\';
      *out++ = byte;
    }
  }
  return out;
}

char* put_quoted_text(char* out, ByteView text) {
  for (const char byte : text) {
    if (is_control(byte)) {
      out = put_hex_escape(out, byte);
    } else {
      if (byte == '\\' || byte == '"') *out++ = '\\';
      *out++ = byte;
    }
  }
  return out;
}

char* put_data_text(char* out, ByteView text) {
  for (const char byte : text) {
    if (is_control(byte) || static_cast<unsigned char>(byte) >= 0x80 || byte == '"' || byte == '\\')
      out = put_hex_escape(out, byte);
    else
      *out++ = byte;
  }
  return out;
}

char* put_log_byte(char* out, char byte) {
  constexpr std::string_view kFrom = "\b\n\r\t\v\\\"";
  constexpr std::string_view kTo = "bnrtv\\\"";
  const std::size_t letter = kFrom.find(byte);
  if (letter != std::string_view::npos) {
    *out++ = '\\';
    *out++ = kTo[letter];
  } else if (is_control(byte) || static_cast<unsigned char>(byte) >= 0x80) {
    out = put_hex_escape(out, byte);
  } else {
    *out++ = byte;
  }
  return out;
}

char* put_log_text(char* out, ByteView text) {
  for (const char byte : text) out = put_log_byte(out, byte);
  return out;
}

std::string unescape(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      bytes += text[at];
      continue;
    }
    const int high = at + 3 < text.size() && text[at + 1] == 'x' ? hex_value(text[at + 2]) : -1;
    const int low = high >= 0 ? hex_value(text[at + 3]) : -1;
    if (low >= 0) {
      bytes += static_cast<char>(high << 4 | low);
      at += 3;
    } else {
      bytes += text[++at];
    }
  }
  return bytes;
}

std::string_view safe_token(std::string_view raw, std::array<char, kMaxToken>& room) {
  if (raw.empty()) return "-";
  const auto fine = [](char byte) { return kTokenBytes[static_cast<unsigned char>(byte)]; };
  if (raw.size() <= kMaxToken && std::ranges::all_of(raw, fine)) return raw;
  raw = raw.substr(0, kMaxToken);
  std::ranges::transform(raw, room.begin(), [&](char byte) { return fine(byte) ? byte : '_'; });
  return {room.data(), raw.size()};
}

std::string_view safe_boundary(std::string_view raw) {
  return raw.size() == 8 && std::ranges::all_of(raw, is_lower_hex) ? raw : "00000000";
}

}  // namespace webtap::modsec
