#include "webtap/event/head.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace webtap::event {
namespace {

TEST(Head, a_request_line_is_split_at_the_first_space_and_the_last_version) {
  const RequestLine line = request_line("GET /a b HTTP/1.1 HTTP/1.0\r\nHost: x\r\n");
  EXPECT_EQ(line.method, "GET");
  EXPECT_EQ(line.target, "/a b HTTP/1.1");
  EXPECT_EQ(line.version, "HTTP/1.0");
  const RequestLine old = request_line("GET /old\r\n");
  EXPECT_EQ(old.target, "/old");
  EXPECT_EQ(old.version, "");
  EXPECT_EQ(request_line("").method, "");
  EXPECT_EQ(request_line("GET").target, "");
}

TEST(Head, the_host_is_the_target_s_or_the_field_s) {
  EXPECT_EQ(request_host("GET / HTTP/1.1\r\nhOsT:  a.test:80 \r\n"), "a.test:80");
  EXPECT_EQ(request_host("GET http://me:pw@b.test:81/x HTTP/1.1\r\nHost: a.test\r\n"), "b.test:81");
  EXPECT_EQ(request_host("GET http://b.test?q HTTP/1.1\r\n"), "b.test");
  EXPECT_EQ(request_host("CONNECT c.test:443 HTTP/1.1\r\nHost: a.test\r\n"), "c.test:443");
  EXPECT_EQ(request_host("GET /?u=http://b.test HTTP/1.1\r\nHost: a.test\r\n"), "a.test");
  EXPECT_EQ(request_host("GET / HTTP/1.0\r\n"), "");
}

TEST(Head, a_status_has_three_digits) {
  EXPECT_EQ(response_status("HTTP/1.1 200 OK\r\n"), 200);
  EXPECT_EQ(response_status("HTTP/1.1 404"), 404);
  EXPECT_EQ(response_status("HTTP/1.1 099 x\n"), 99);
  for (const char* head :
       {"", "HTTP/1.1", "HTTP/1.1 ", "HTTP/1.1 20", "HTTP/1.1 2000", "HTTP/1.1 2x0 OK", "HTTP/1.1  200"})
    EXPECT_EQ(response_status(head), 0) << head;
}

TEST(Head, fields_come_in_order_with_folds_and_without_what_is_no_field) {
  FieldLines lines("start\nA: 1\r\nno colon\r\nB :\t2 \r\n folded\r\n\tagain\nC:");
  std::vector<std::pair<std::string, std::string>> fields;
  for (FieldLine field; lines.next(field);) fields.emplace_back(field.name, field.value);
  const std::vector<std::pair<std::string, std::string>> expected{
      {"A", "1"}, {"B ", "2 \r\n folded\r\n\tagain"}, {"C", ""}};
  EXPECT_EQ(fields, expected);
}

}  // namespace
}  // namespace webtap::event
