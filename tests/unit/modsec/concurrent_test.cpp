#include "webtap/modsec/concurrent.h"

#include <gtest/gtest.h>
#include <regex.h>

#include <cstdlib>
#include <fstream>

#include "tests/unit/modsec/generated_event.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;

constexpr std::string_view kMd5 = "860b46f1c75a52333d76934ecf9fad15";

std::string line_of(const AuditEvent& event) {
  std::string line;
  IndexWriter().append(event, entry_path(event), 3836, kMd5, line);
  return line;
}

// Whether mlogc 2.9.6 and later takes this for an index line.
bool mlogc_accepts(std::string line) {
  static const regex_t accepted = [] {
    regex_t made;
    const int status =
        regcomp(&made,
                R"re(^\S+ \S+ \S+ \S+ \[[^:]+:[0-9]+:[0-9]+:[0-9]+(\.[0-9]+)? [^]]+] ".*" [0-9]+ \S+ )re"
                R"re(".*" ".*" \S+ ".*" /?\S+ [0-9]+ [0-9]+ \S+)re",
                REG_EXTENDED | REG_NOSUB);
    EXPECT_EQ(status, 0);
    return made;
  }();
  if (line.find('\0') != std::string::npos || line.find('\n') != line.size() - 1) return false;
  return regexec(&accepted, line.c_str(), 0, nullptr, 0) == 0;
}

TEST(Concurrent, an_entry_s_path_is_its_time_and_id) {
  EXPECT_EQ(entry_path(plain_event()), "/20261122/20261122-0345/20261122-034519-awJlT2pTgSzlRoGG9FwTcgAA");
  AuditEvent hostile = plain_event();
  hostile.transaction_id = "../../../etc/cron.d/x";
  EXPECT_EQ(entry_path(hostile), "/20261122/20261122-0345/20261122-034519-.._.._.._etc_cron.d_x");
}

TEST(Concurrent, an_index_line_is_modsecurity_s) {
  EXPECT_EQ(line_of(plain_event()),
            "shop.example.test 10.200.0.2 - - [22/Nov/2026:03:45:19.598773 +0000] \"POST /cart?n=7 "
            "HTTP/1.1\" 200 12 "
            "\"-\" \"-\" awJlT2pTgSzlRoGG9FwTcgAA \"-\" "
            "/20261122/20261122-0345/20261122-034519-awJlT2pTgSzlRoGG9FwTcgAA 0 3836 "
            "md5:860b46f1c75a52333d76934ecf9fad15 \n");
}

TEST(Concurrent, mlogc_and_we_read_the_line_of_any_event) {
  EventGenerator generate(31);
  for (int i = 0; i < 1000; ++i) {
    const AuditEvent event = generate.next();
    const std::string line = line_of(event);
    ASSERT_TRUE(mlogc_accepts(line)) << line;
    const auto read = parse_index_line(line);
    ASSERT_TRUE(read) << line;
    EXPECT_EQ(read->transaction_id, event.transaction_id);
    EXPECT_EQ(read->time, event.finished);
    EXPECT_EQ(read->status, event.status);
    EXPECT_EQ(read->bytes_sent, event.response.body_size);
    EXPECT_EQ(read->path, entry_path(event));
    EXPECT_EQ(read->size, 3836u);
    EXPECT_EQ(read->md5, kMd5);
    EXPECT_FALSE(read->shortened);
  }
}

TEST(Concurrent, a_long_request_line_is_cut_between_escapes) {
  for (std::size_t size = 3000; size < 6000; size += 1) {
    AuditEvent event = plain_event();
    event.request.head = "GET /" + std::string(size % 7, 'a') + std::string(size / 3, '\"') +
                         std::string(size, '\xff') + " HTTP/1.1\r\n";
    const std::string line = line_of(event);
    ASSERT_LE(line.size(), kMaxIndexLine);
    ASSERT_GT(line.size(), kMaxIndexLine - 5);
    const auto read = parse_index_line(line);
    ASSERT_TRUE(read) << line;
    ASSERT_TRUE(read->shortened);
    const std::string& text = read->request_line;
    ASSERT_TRUE(text.ends_with("\\xff") || text.ends_with("\\\""));
    if (size % 500 == 0) {
      ASSERT_TRUE(mlogc_accepts(line)) << line;
    }
  }
}

TEST(Concurrent, a_hostile_host_stays_one_word) {
  AuditEvent event = plain_event();
  event.host = "a b\t\"\\c\n" + std::string(5000, '\xff');
  EXPECT_TRUE(line_of(event).starts_with("a\\x20b\\x09\\x22\\x5cc\\x0a\\xff"));
  EXPECT_TRUE(mlogc_accepts(line_of(event)));
  event.host = "";
  EXPECT_TRUE(line_of(event).starts_with("- 10.200.0.2 "));
  event.host = "a.test:8080";
  EXPECT_TRUE(line_of(event).starts_with("a.test 10.200.0.2 "));
  event.request = {};
  EXPECT_NE(line_of(event).find("] \"-\" 200 "), std::string::npos);
}

TEST(Concurrent, lines_cut_in_an_escape_and_lines_without_numbers_are_read) {
  const std::string head = "h 1.2.3.4 - - [13/May/2017:08:39:31 --0400] \"GET /\\\" 200 5 \\";
  const std::string tail =
      "\" \"a \\\" b\" AcAcAcAc \"s 1\" /u/20170513/x 0 77 md5:860b46f1c75a52333d76934ecf9fad15 L\n";
  const auto read = parse_index_line(head + "\" - - \"-" + tail);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->request_line, "GET /\\\" 200 5 \\");
  EXPECT_FALSE(read->status);
  EXPECT_FALSE(read->bytes_sent);
  EXPECT_TRUE(read->shortened);
  EXPECT_EQ(read->session, "s 1");
}

TEST(Concurrent, what_is_no_index_line_is_refused_at_any_length) {
  const std::string good = line_of(plain_event());
  for (std::size_t cut = 0; cut + 2 < good.size(); ++cut)
    EXPECT_FALSE(parse_index_line(good.substr(0, cut))) << cut;
  for (std::size_t begin = 1; begin < good.size(); ++begin) parse_index_line(good.substr(begin));
}

TEST(Concurrent, modsecurity_s_own_index_is_read) {
  const char* data = std::getenv("WEBTAP_TEST_DATA");
  const std::string folder = data != nullptr ? data : WEBTAP_SOURCE_DIR "/../shared/data";
  std::ifstream file(folder + "/modsec-parity/concurrent-index.log");
  if (!file) GTEST_SKIP() << "no test data at " << folder;
  int lines = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    const auto read = parse_index_line(line);
    ASSERT_TRUE(read) << line;
    EXPECT_TRUE(parse_address(read->remote_address)) << line;
    EXPECT_TRUE(read->status && read->bytes_sent) << line;
    EXPECT_TRUE(read->path.ends_with(read->transaction_id));
    EXPECT_TRUE(mlogc_accepts(line + "\n"));
  }
  EXPECT_GT(lines, 20);
}

}  // namespace
}  // namespace webtap::modsec
