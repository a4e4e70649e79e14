#include "agent/service/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <thread>
#include <vector>

#include "webtap/base/descriptor.h"
#include "webtap/base/printable.h"

namespace webtap::service {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

class Pipe {
 public:
  Pipe() {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) std::abort();
    reader_ = Descriptor(ends[0]);
    writer_ = Descriptor(ends[1]);
  }
  int writer() const { return writer_.number(); }
  std::string take() {
    writer_.close();
    std::string text;
    std::array<char, 4096> block{};
    for (ssize_t count = 0; (count = read(reader_.number(), block.data(), block.size())) > 0;)
      text.append(block.data(), static_cast<std::size_t>(count));
    return text;
  }

 private:
  Descriptor reader_, writer_;
};

TEST(Log, on_a_terminal_time_and_level_stand_in_front) {
  Pipe pipe;
  Log log(LogLevel::Info, Log::To::Terminal, pipe.writer());
  log.warning("something is odd");
  EXPECT_THAT(pipe.take(), MatchesRegex("[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9:]{8}\\.[0-9]{3}Z webtap-agent: "
                                        "warning: something is odd\n"));
}

TEST(Log, the_journal_gets_priorities) {
  Pipe pipe;
  Log log(LogLevel::Debug, Log::To::Journal, pipe.writer());
  log.error("a");
  log.warning("b");
  log.info("c");
  log.write(LogLevel::Debug, "d");
  log.print("e\nf\n");
  EXPECT_EQ(pipe.take(), "<3>a\n<4>b\n<6>c\n<7>d\n<6>e\n<6>f\n");
}

TEST(Log, what_is_below_the_level_is_not_said_but_what_was_asked_for) {
  Pipe pipe;
  Log log(LogLevel::Warning, Log::To::Journal, pipe.writer());
  log.info("no");
  log.warning("yes");
  log.print("asked for\n");
  log.set_level(LogLevel::Error);
  log.warning("no");
  log.set_level(LogLevel::Info);
  log.info("now");
  EXPECT_EQ(pipe.take(), "<4>yes\n<6>asked for\n<6>now\n");
}

TEST(Log, nothing_from_the_wire_can_draw_or_begin_a_line) {
  Pipe pipe;
  Log log(LogLevel::Info, Log::To::Journal, pipe.writer());
  log.info("host \x1b[2J\n<0>forged\r\x7f \xc2\x9b \xc3\xa4 {} %s %v");
  log.info("no UTF-8 \x9b");
  log.print("line\x1b\n");
  EXPECT_EQ(pipe.take(),
            "<6>host \\x1b[2J\\x0a<0>forged\\x0d\\x7f \\xc2\\x9b \xc3\xa4 {} %s %v\n<6>no UTF-8 \\x9b\n"
            "<6>line\\x1b\n");
}

TEST(Log, a_line_is_bounded) {
  Pipe pipe;
  Log log(LogLevel::Info, Log::To::Journal, pipe.writer());
  log.info(std::string(4095, 'x') + std::string(10'000, '\xc3') + "\n");
  EXPECT_LE(pipe.take().size(), 4096U + 10);
}

TEST(Log, repeats_are_left_out) {
  Pipe pipe;
  Log log(LogLevel::Info, Log::To::Journal, pipe.writer());
  for (int i = 0; i < 1000; ++i) log.error("again");
  log.tick();
  EXPECT_EQ(pipe.take(), "<3>again\n<3>again\n<3>again\n");
}

TEST(Log, lines_of_threads_do_not_mix) {
  Pipe pipe;
  Log log(LogLevel::Info, Log::To::Journal, pipe.writer());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&log, i] {
      for (int n = 0; n < 30; ++n) log.info(std::string(20, static_cast<char>('a' + i)) + std::to_string(n));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::istringstream lines(pipe.take());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_THAT(line, MatchesRegex("<6>(a{20}|b{20}|c{20}|d{20})[0-9]+"));
  EXPECT_EQ(count, 120);
}

TEST(Log, the_journal_is_known_by_its_stream) {
  Pipe pipe;
  struct stat status {};
  ASSERT_EQ(fstat(pipe.writer(), &status), 0);
  setenv("JOURNAL_STREAM", "1:2", 1);
  EXPECT_FALSE(is_on_journal(pipe.writer()));
  setenv("JOURNAL_STREAM", (std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino)).c_str(), 1);
  EXPECT_TRUE(is_on_journal(pipe.writer()));
  unsetenv("JOURNAL_STREAM");
  EXPECT_FALSE(is_on_journal(pipe.writer()));
}

TEST(Printable, line_feeds_stay_where_they_may) {
  EXPECT_EQ(escape_controls("a\nb\t", LineFeeds::Stay), "a\nb\\x09");
  EXPECT_EQ(escape_controls("a\nb", LineFeeds::AreEscaped), "a\\x0ab");
  EXPECT_EQ(escape_controls("\xc2", LineFeeds::Stay), "\\xc2");
  EXPECT_EQ(escape_controls("\xc2\x85\xc2\xa0", LineFeeds::Stay), "\\xc2\\x85\xc2\xa0");
}

}  // namespace
}  // namespace webtap::service
