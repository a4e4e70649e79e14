#include "client/tail_line.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>
#include <vector>

#include "client/base/rfc3339.h"
#include "webtap/event/head.h"
#include "webtap/modsec/finding_message.h"

namespace webtap::client {
namespace {

constexpr std::size_t kClientColumns = 15;
constexpr std::size_t kMethodColumns = 7;
constexpr std::size_t kNumberColumns = 7;
constexpr std::size_t kUsualTarget = 60;     // columns of host and target where there is no terminal
constexpr std::size_t kLeastTarget = 16;     // on the narrowest terminal
constexpr std::size_t kLongestShown = 8192;  // bytes of a target that are looked at

enum class Paint : std::uint8_t { None, Dim, Green, Cyan, Yellow, Red, BoldRed };

constexpr std::array<const char*, 7> kSequences{"", "2", "32", "36", "33", "31", "1;31"};

// Puts columns together; colours take none.
class Line {
 public:
  explicit Line(bool color) : color_(color) {}

  void left(const std::string& text, std::size_t columns, Paint paint) {
    put(text, paint);
    if (text.size() < columns) text_.append(columns - text.size(), ' ');
    text_ += ' ';
  }
  void right(const std::string& text, std::size_t columns, Paint paint) {
    if (text.size() < columns) text_.append(columns - text.size(), ' ');
    put(text, paint);
    text_ += ' ';
  }
  std::string take() {
    while (text_.ends_with(' ')) text_.pop_back();
    return std::move(text_);
  }

 private:
  void put(const std::string& text, Paint paint) {
    const bool painted = color_ && paint != Paint::None;
    if (painted) text_ += std::string("\033[") + kSequences[static_cast<std::size_t>(paint)] + "m";
    text_ += text;
    if (painted) text_ += "\033[0m";
  }

  const bool color_;
  std::string text_;
};

std::string cut(std::string text, std::size_t columns) {
  if (text.size() <= columns) return text;
  text.resize(columns);
  if (columns > 0) text.back() = '>';
  return text;
}

Paint paint_of(std::uint16_t status) {
  if (status >= 500) return Paint::Red;
  if (status >= 400) return Paint::Yellow;
  if (status >= 300) return Paint::Cyan;
  return status >= 200 ? Paint::Green : Paint::Dim;
}

struct Mark {
  std::string text;
  Paint paint;
};

std::vector<Mark> marks_of(const event::AuditEvent& event) {
  using Kind = event::FindingKind;
  const auto is_any = [&event](std::initializer_list<Kind> kinds) {
    return std::ranges::any_of(event.findings, [&](const event::Finding& finding) {
      return std::ranges::find(kinds, finding.kind) != kinds.end();
    });
  };
  constexpr std::array kOwnMarks{Kind::HeadGap,       Kind::BodyGap,    Kind::BodyTruncated,
                                 Kind::HeadTruncated, Kind::Incomplete, Kind::NoRequest,
                                 Kind::NoResponse,    Kind::MidStream,  Kind::ConnectionEnded};
  std::vector<Mark> marks;
  if (is_any({Kind::HeadGap, Kind::BodyGap})) marks.push_back({"gap", Paint::Red});
  if (is_any({Kind::BodyTruncated, Kind::HeadTruncated})) marks.push_back({"cut", Paint::Yellow});
  if (is_any({Kind::Incomplete, Kind::NoRequest, Kind::NoResponse, Kind::ConnectionEnded})) {
    marks.push_back({"part", Paint::Yellow});
  }
  if (is_any({Kind::MidStream})) marks.push_back({"mid", Paint::Yellow});
  auto alerts = event.messages.size();
  for (const event::Finding& finding : event.findings) {
    if (modsec::is_message(finding) && std::ranges::find(kOwnMarks, finding.kind) == kOwnMarks.end())
      ++alerts;
  }
  if (alerts != 0) marks.push_back({"!" + std::to_string(alerts), Paint::BoldRed});
  return marks;
}

std::string number_text(const char* format, double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), format, number);
  return text.data();
}

}  // namespace

std::string shown(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    if (value >= 0x20 && value < 0x7f) {
      text += byte;
    } else {
      text += "\\x";
      text += kDigits[value >> 4];
      text += kDigits[value & 15];
    }
  }
  return text;
}

std::string size_text(std::uint64_t bytes) {
  if (bytes < 10'000) return std::to_string(bytes);
  auto size = static_cast<double>(bytes);
  for (const char* format : {"%.1fk", "%.1fM", "%.1fG", "%.1fT", "%.1fP"}) {
    size /= 1024;
    if (size < 999.95) return number_text(format, size);
  }
  return number_text("%.0fP", size);
}

std::string duration_text(Duration duration) {
  const auto count = duration.count();
  if (count < 1'000) return std::to_string(count) + "us";
  const auto seconds = static_cast<double>(count) / 1e6;
  if (seconds < 0.99995) return number_text("%.1fms", seconds * 1e3);
  if (seconds < 59.995) return number_text("%.2fs", seconds);
  const auto whole = count / 1'000'000;
  if (whole >= 3600)
    return std::to_string(whole / 3600) + "h" + number_text("%02.0fm", static_cast<double>(whole / 60 % 60));
  return std::to_string(whole / 60) + "m" + number_text("%02.0fs", static_cast<double>(whole % 60));
}

std::string tail_line(const event::AuditEvent& event, const LineStyle& style) {
  const event::RequestLine request = event::request_line(event.request.head);
  const std::string time = rfc3339(event.started).substr(11, 12);
  const std::string client = to_string(event.client.address);
  const std::vector<Mark> marks = marks_of(event);
  std::size_t marks_columns = 0;
  for (const Mark& mark : marks) marks_columns += mark.text.size() + 1;

  std::size_t columns = kUsualTarget;
  std::string target = shown(event.host.substr(0, kLongestShown));
  if (!target.empty()) target += ' ';
  target += shown(request.target.substr(0, kLongestShown));
  if (style.width != 0) {
    const std::size_t others = time.size() + 1 + std::max(client.size(), kClientColumns) + 1 +
                               kMethodColumns + 1 + 1 + 3 + 2 * (1 + kNumberColumns) +
                               (marks_columns == 0 ? 0 : marks_columns);
    columns = style.width > others + kLeastTarget ? style.width - others : kLeastTarget;
    target = cut(std::move(target), columns);
  }

  Line line(style.color);
  line.left(time, 0, Paint::Dim);
  line.left(client, kClientColumns, Paint::None);
  line.left(cut(shown(request.method.substr(0, kMethodColumns + 1)), kMethodColumns), kMethodColumns,
            Paint::None);
  line.left(target, columns, Paint::None);
  line.right(event.status == 0 ? "-" : std::to_string(event.status), 3, paint_of(event.status));
  line.right(size_text(event.response.body_size), kNumberColumns, Paint::None);
  line.right(duration_text(event.finished - event.started), kNumberColumns, Paint::None);
  for (const Mark& mark : marks) line.left(mark.text, 0, mark.paint);
  return line.take();
}

}  // namespace webtap::client
