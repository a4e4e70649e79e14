#include "agent/service/log.h"

#include <spdlog/details/log_msg.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "webtap/base/printable.h"

namespace webtap::service {
namespace {

constexpr std::size_t kLongestLine = 4096;
constexpr const char* kTerminalPattern = "%Y-%m-%dT%H:%M:%S.%eZ webtap-agent: %l: %v";
constexpr const char* kJournalPattern = "<%*>%v";

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::Error:
      return spdlog::level::err;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Debug:
      return spdlog::level::debug;
  }
  return spdlog::level::info;
}

// The level as syslog(3) counts them.
class JournalLevel final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const auto level = message.level;
    out.push_back(level >= spdlog::level::err    ? '3'
                  : level == spdlog::level::warn ? '4'
                  : level == spdlog::level::info ? '6'
                                                 : '7');
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<JournalLevel>(); }
};

// One write a line, so that lines of several threads or programs do not mix. What cannot be written is gone:
// nobody is left to be told.
class DescriptorSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    [[maybe_unused]] const ssize_t written = ::write(descriptor_, line.data(), line.size());
  }
  void flush_() override {}

  const int descriptor_;
};

std::unique_ptr<spdlog::formatter> formatter(Log::To to) {
  auto made = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc, "\n");
  made->add_flag<JournalLevel>('*').set_pattern(to == Log::To::Journal ? kJournalPattern : kTerminalPattern);
  return made;
}

std::string one_line(const std::string& text) {
  std::string line = escape_controls(text, LineFeeds::AreEscaped);
  if (line.size() <= kLongestLine) return line;
  std::size_t end = kLongestLine;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80) --end;  // between characters
  line.resize(end);
  return line + "...";
}

}  // namespace

Log::Log(LogLevel level)
    : Log(level, is_on_journal(STDERR_FILENO) ? To::Journal : To::Terminal, STDERR_FILENO) {}

Log::Log(LogLevel level, To to, int descriptor) {
  auto sink = std::make_shared<DescriptorSink>(descriptor);
  sink->set_formatter(formatter(to));
  logger_ = std::make_unique<spdlog::logger>("webtap-agent", std::move(sink));
  logger_->set_level(spdlog_level(level));
}

Log::~Log() = default;

void Log::write(LogLevel level, const std::string& text) {
  if (!logger_->should_log(spdlog_level(level))) return;
  const std::lock_guard lock(mutex_);
  if (repeats_.is_due(text, Repeats::Clock::now()))
    logger_->log(spdlog_level(level), spdlog::string_view_t(one_line(text)));
}

void Log::print(const std::string& lines) {
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    const std::string line = one_line(lines.substr(at, end - at));
    logger_->sinks().front()->log(spdlog::details::log_msg(logger_->name(), spdlog::level::info, line));
    at = end + 1;
  }
}

void Log::set_level(LogLevel level) { logger_->set_level(spdlog_level(level)); }

void Log::tick() {
  const std::lock_guard lock(mutex_);
  for (const std::string& text : repeats_.left_out(Repeats::Clock::now()))
    logger_->log(spdlog::level::info, spdlog::string_view_t(one_line(text)));
}

bool is_on_journal(int descriptor) {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || fstat(descriptor, &status) != 0) return false;
  return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) == stream;
}

}  // namespace webtap::service
