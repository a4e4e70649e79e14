#include "webtap/modsec/concurrent.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

#include "webtap/event/head.h"
#include "webtap/modsec/decimal.h"
#include "webtap/modsec/escape.h"
#include "webtap/modsec/file_name.h"

namespace webtap::modsec {
namespace {

constexpr std::size_t kMaxHostText = 255;
constexpr std::string_view kMd5 = "md5:";

// Escaped text of at most `room` bytes; stops between two escapes and says so.
struct Escaped {
  std::string text;
  bool cut = false;
};

template <typename EscapeByte>
Escaped escape_within(ByteView bytes, std::size_t room, EscapeByte escape_byte) {
  Escaped escaped;
  char piece[kMaxEscape];
  for (const char byte : bytes) {
    const auto size = static_cast<std::size_t>(escape_byte(piece, byte) - piece);
    if (escaped.text.size() + size > room) {
      escaped.cut = true;
      break;
    }
    escaped.text.append(piece, size);
  }
  return escaped;
}

char* put_token_byte(char* out, char byte) {
  const auto value = static_cast<unsigned char>(byte);
  if (value <= 0x20 || value >= 0x7f || byte == '"' || byte == '\\') return put_hex_escape(out, byte);
  *out++ = byte;
  return out;
}

std::string host_text(std::string_view host) {
  const std::string_view name = without_port(host);
  if (host.empty()) return "-";
  return escape_within(name.empty() ? host : name, kMaxHostText, put_token_byte).text;
}

class FromTheRight {
 public:
  explicit FromTheRight(std::string_view text) : text_(text) {}

  // The last word, and the space before it.
  std::string_view word() {
    const std::size_t space = text_.rfind(' ');
    if (space == std::string_view::npos) return take(0, text_.size(), 0);
    return take(space + 1, text_.size(), space);
  }
  // The last quoted text, and the space before it.
  std::string_view quoted() {
    const std::size_t end = text_.size() - 1;
    const std::size_t before = text_.size() < 3 ? std::string_view::npos : text_.rfind(" \"", end - 2);
    ok_ = ok_ && before != std::string_view::npos && text_[end] == '"';
    return ok_ ? take(before + 2, end, before) : std::string_view{};
  }
  bool ok() const { return ok_; }
  std::string_view rest() const { return text_; }

 private:
  std::string_view take(std::size_t begin, std::size_t end, std::size_t cut) {
    const std::string_view taken = text_.substr(begin, end - begin);
    text_ = text_.substr(0, cut);
    return taken;
  }
  std::string_view text_;
  bool ok_ = true;
};

template <typename Integer>
bool parse_decimal_or_dash(std::string_view text, std::optional<Integer>& number) {
  if (text == "-") return true;
  return parse_decimal(text, number.emplace());
}

bool parse_md5(std::string_view text, IndexLine& line) {
  if (!text.starts_with(kMd5)) return false;
  line.md5 = text.substr(kMd5.size());
  return line.md5.size() == 32 && line.md5.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

// Everything behind the request line; gives what is before, or nothing.
std::optional<std::string_view> parse_right_end(std::string_view text, IndexLine& line) {
  FromTheRight right(text);
  bool good = parse_md5(right.word(), line) && parse_decimal(right.word(), line.size) &&
              parse_decimal(right.word(), line.offset);
  line.path = right.word();
  line.session = right.quoted();
  line.transaction_id = right.word();
  line.user_agent = right.quoted();
  line.referer = right.quoted();
  good = good && right.ok() && line.path.starts_with('/') && !line.transaction_id.empty();
  good = good && parse_decimal_or_dash(right.word(), line.bytes_sent) &&
         parse_decimal_or_dash(right.word(), line.status);
  if (!good || !right.rest().ends_with('"')) return std::nullopt;
  return right.rest().substr(0, right.rest().size() - 1);
}

bool take_words(std::string_view& text, std::initializer_list<std::string*> words) {
  for (std::string* word : words) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos || space == 0) return false;
    *word = text.substr(0, space);
    text.remove_prefix(space + 1);
  }
  return true;
}

bool parse_time_and_request(std::string_view text, IndexLine& line) {
  constexpr std::string_view kQuote = "] \"";
  const std::size_t time_end = text.find(kQuote);
  if (!text.starts_with('[') || time_end == std::string_view::npos) return false;
  const auto time = parse_time(text.substr(1, time_end - 1));
  if (!time) return false;
  line.time = *time;
  line.request_line = text.substr(time_end + kQuote.size());
  return true;
}

bool parse_left_end(std::string_view text, IndexLine& line) {
  return take_words(text, {&line.hostname, &line.remote_address, &line.remote_user, &line.local_user}) &&
         parse_time_and_request(text, line);
}

// "1050.000000"
bool parse_size(std::string_view text, std::uint64_t& size) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  return parse_decimal(text.substr(0, dot), size) &&
         text.find_first_not_of('0', dot + 1) == std::string_view::npos;
}

// `"GET / HTTP/1.1" 200 32 REFERER "USER-AGENT`, behind its first quote. The request line may hold quotes, so
// this looks for what must follow it.
bool parse_version3_request(std::string_view text, IndexLine& line) {
  constexpr int kTried = 64;  // a bound of the work that a hostile line can make
  const std::string behind = ' ' + line.referer + " \"";
  std::size_t quote = 0;
  for (int tried = 0; tried < kTried; ++tried) {
    quote = text.find("\" ", quote);
    if (quote == std::string_view::npos) return false;
    std::string_view rest = text.substr(quote + 2);
    const std::string_view status = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), status.size() + 1));
    const std::string_view bytes = rest.substr(0, rest.find(' '));
    rest.remove_prefix(bytes.size());
    line.status.reset();
    line.bytes_sent.reset();
    if (parse_decimal_or_dash(status, line.status) && parse_decimal_or_dash(bytes, line.bytes_sent) &&
        rest.starts_with(behind)) {
      line.user_agent = rest.substr(behind.size());
      line.request_line = text.substr(0, quote);
      return true;
    }
    ++quote;
  }
  return false;
}

}  // namespace

std::string entry_path(const event::AuditEvent& event) {
  using namespace std::chrono;
  const auto second = floor<seconds>(writable_time(event.finished));
  const auto day = floor<days>(second);
  const year_month_day date(day);
  const hh_mm_ss clock(second - day);
  const auto padded = [](auto number, std::size_t digits) {
    const std::string text = std::to_string(number);
    return std::string(digits - std::min(digits, text.size()), '0') + text;
  };
  const std::string day_text =
      padded(int{date.year()}, 4) + padded(unsigned{date.month()}, 2) + padded(unsigned{date.day()}, 2);
  const std::string minute_text =
      day_text + '-' + padded(clock.hours().count(), 2) + padded(clock.minutes().count(), 2);
  std::array<char, kMaxToken> room;
  std::string path =
      "/" + day_text + '/' + minute_text + '/' + minute_text + padded(clock.seconds().count(), 2) + '-';
  return path.append(safe_token(event.transaction_id, room));
}

void IndexWriter::append(const event::AuditEvent& event, std::string_view path, std::uint64_t size,
                         std::string_view md5_hex, std::string& out) {
  const std::size_t begin = out.size();
  char time[kTimeTextSize];
  time_.write(event.finished, time);
  out.append(host_text(event.host)).append(" ").append(to_string(event.client.address)).append(" - - [");
  out.append(time, kTimeTextSize).append("] \"");

  std::array<char, kMaxToken> room;
  std::string tail = "\" " + std::to_string(event.status) + ' ' + std::to_string(event.response.body_size);
  tail.append(" \"-\" \"-\" ").append(safe_token(event.transaction_id, room)).append(" \"-\" ").append(path);
  tail.append(" 0 ").append(std::to_string(size)).append(" ").append(kMd5).append(md5_hex).append(" ");

  ByteView head = event.request.head;
  const ByteView line = head.empty() ? ByteView("-") : event::take_line(head);
  const std::size_t used = out.size() - begin + tail.size() + 2;  // "L" and LF
  const Escaped escaped = escape_within(line, kMaxIndexLine - std::min(used, kMaxIndexLine), put_log_byte);
  out.append(escaped.text).append(tail).append(escaped.cut ? "L\n" : "\n");
}

std::optional<IndexLine> parse_index_line(std::string_view text) {
  IndexLine line;
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  line.shortened = text.ends_with(" L");
  if (line.shortened) text.remove_suffix(2);
  while (text.ends_with(' ')) text.remove_suffix(1);
  const auto before = parse_right_end(text, line);
  if (!before || !parse_left_end(*before, line)) return std::nullopt;
  return line;
}

std::optional<IndexLine> parse_version3_index_line(std::string_view text) {
  constexpr std::size_t kNameTime = 16;  // "20261122-035756-", before the transaction id in a file's name
  IndexLine line;
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  FromTheRight right(text);
  if (!parse_md5(right.word(), line) || !parse_size(right.word(), line.size)) return std::nullopt;
  if (!parse_decimal(right.word(), line.offset)) return std::nullopt;
  line.path = right.word();
  const std::size_t name = line.path.rfind('/') + 1;
  if (!line.path.starts_with('/') || line.path.size() <= name + kNameTime) return std::nullopt;
  line.transaction_id = line.path.substr(name + kNameTime);
  const std::string id = "\" " + line.transaction_id + ' ';
  const std::size_t id_at = right.rest().rfind(id);
  if (id_at == std::string_view::npos) return std::nullopt;
  line.referer = right.rest().substr(id_at + id.size());
  std::string_view left = right.rest().substr(0, id_at);
  if (!take_words(left, {&line.hostname, &line.remote_address, &line.remote_user})) return std::nullopt;
  line.local_user = line.session = "-";
  if (!parse_time_and_request(left, line)) return std::nullopt;
  const std::string request = std::move(line.request_line);
  if (!parse_version3_request(request, line)) return std::nullopt;
  return line;
}

}  // namespace webtap::modsec
