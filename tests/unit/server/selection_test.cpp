#include "agent/server/selection.h"

#include <gtest/gtest.h>

#include "webtap/base/endpoint.h"

namespace webtap::server {
namespace {

Selection of_everything() {
  Selection selection;
  selection.hosts = {"*"};
  selection.bodies = true;
  return selection;
}

wire::EventView event() {
  wire::EventView view;
  view.host = "WWW.Example.test:8080";
  view.status = 404;
  view.client = {*parse_address("192.0.2.77"), 1234};
  view.request.head = "GET /admin/x.php?id=1 HTTP/1.1\r\nHost: www.example.test\r\n";
  return view;
}

TEST(Selection, knows_when_it_is_of_everything) {
  EXPECT_TRUE(of_everything().is_everything());
  Selection some = of_everything();
  some.filter.alerts = true;
  EXPECT_FALSE(some.is_everything());
  some = of_everything();
  some.masked_fields = {"cookie"};
  EXPECT_FALSE(some.is_everything());
  some = of_everything();
  some.hosts = {"*.example.test"};
  EXPECT_FALSE(some.is_everything());
}

TEST(Selection, a_member_of_each_kind_must_match) {
  Selection selection = of_everything();
  selection.filter.hosts = {"*.example.test"};
  selection.filter.methods = {"POST", "GET"};
  selection.filter.statuses = {{400, 499}};
  selection.filter.paths = {"/admin/*"};
  selection.filter.clients = {{*parse_address("192.0.2.64"), 26}};
  EXPECT_TRUE(passes(selection, event()));

  Selection other = selection;
  other.filter.statuses = {{500, 599}};
  EXPECT_FALSE(passes(other, event()));
  other = selection;
  other.filter.methods = {"POST"};
  EXPECT_FALSE(passes(other, event()));
  other = selection;
  other.filter.paths = {"*id=1*"};  // the query is no part of the path
  EXPECT_FALSE(passes(other, event()));
  other = selection;
  other.filter.clients = {{*parse_address("192.0.2.128"), 26}};
  EXPECT_FALSE(passes(other, event()));
  other = selection;
  other.filter.clients = {{*parse_address("2001:db8::"), 0}};  // of the other version
  EXPECT_FALSE(passes(other, event()));
}

TEST(Selection, a_grant_bounds_the_hosts_whatever_the_filter_says) {
  Selection selection = of_everything();
  selection.hosts = {"shop.example.test"};
  selection.filter.hosts = {"*"};
  EXPECT_FALSE(passes(selection, event()));
  wire::EventView nameless = event();
  nameless.host = "";
  EXPECT_FALSE(passes(selection, nameless));
}

TEST(Selection, alerts_are_events_with_a_message_line) {
  Selection selection = of_everything();
  selection.filter.alerts = true;
  EXPECT_FALSE(passes(selection, event()));
  wire::EventView informed = event();
  informed.findings.push_back({.kind = event::FindingKind::InterimResponse});
  EXPECT_FALSE(passes(selection, informed));
  wire::EventView damaged = event();
  damaged.findings.push_back({.kind = event::FindingKind::BodyGap});
  EXPECT_TRUE(passes(selection, damaged));
}

TEST(Selection, host_names_lose_port_brackets_and_case) {
  EXPECT_EQ(host_name("WWW.Example.test:8080"), "www.example.test");
  EXPECT_EQ(host_name("[2001:DB8::1]:80"), "2001:db8::1");
  EXPECT_EQ(host_name("[2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(host_name(""), "");
}

}  // namespace
}  // namespace webtap::server
