#include "agent/audit/masker.h"

#include <gtest/gtest.h>

#include <chrono>

namespace webtap::audit {
namespace {

using event::FindingKind;
using event::Side;

// What is masked, and how often, in a request with this head and body.
struct MaskerTest : testing::Test {
  std::string head(const std::string& text) {
    event.clear();
    event.request.head = text;
    masker.mask(event, {}, {});
    EXPECT_EQ(event.request.head.size(), text.size());
    return event.request.head;
  }
  std::string form(const std::string& body, BodyForm shape = {}) {
    event.clear();
    event.request.head =
        "POST / HTTP/1.1\r\nContent-Type: Application/X-WWW-form-urlencoded; charset=utf-8\r\n";
    event.request.body = body;
    masker.mask(event, shape, {});
    EXPECT_EQ(event.request.body.size(), body.size());
    return event.request.body;
  }
  std::uint64_t masked() const {
    for (const auto& finding : event.findings) {
      if (finding.kind == FindingKind::Masked) return finding.length;
    }
    return 0;
  }

  Masker masker{{"Authorization", "password", "sid", "a b"}};
  event::AuditEvent event;
};

TEST_F(MaskerTest, FieldsOfTheirNameInAnyCase) {
  EXPECT_EQ(head("GET / HTTP/1.1\r\nAUTHORIZATION:  Basic abc \r\nAccept: x\r\n"),
            "GET / HTTP/1.1\r\nAUTHORIZATION:  ********* \r\nAccept: x\r\n");
  EXPECT_EQ(masked(), 1U);
  EXPECT_EQ(head("GET / HTTP/1.1\r\nAuthorization-Info: x\r\nX: Authorization: y\r\n"),
            "GET / HTTP/1.1\r\nAuthorization-Info: x\r\nX: Authorization: y\r\n");
  EXPECT_EQ(masked(), 0U);
}

TEST_F(MaskerTest, LinesThatContinueAFieldButNotTheirEnds) {
  EXPECT_EQ(head("GET / HTTP/1.1\r\nAuthorization : Basic\r\n abc\r\n\tdef ghi\nAccept: x"),
            "GET / HTTP/1.1\r\nAuthorization : *****\r\n ***\r\n\t*******\nAccept: x");
  EXPECT_EQ(head("GET / HTTP/1.1\r\nAuthorization:\r\n secret"),
            "GET / HTTP/1.1\r\nAuthorization:\r\n ******");
  EXPECT_EQ(head("GET / HTTP/1.1\r\n Authorization: secret"), "GET / HTTP/1.1\r\n Authorization: ******");
}

TEST_F(MaskerTest, ABareCarriageReturnEndsNoValue) {
  EXPECT_EQ(head("GET / HTTP/1.1\r\nAuthorization: a\rsecret\r\n"),
            "GET / HTTP/1.1\r\nAuthorization: ********\r\n");
}

TEST_F(MaskerTest, Cookies) {
  EXPECT_EQ(head("GET / HTTP/1.1\r\nCookie: a=1; sid=s3cret=; SID = x;password=\r\n"),
            "GET / HTTP/1.1\r\nCookie: a=1; sid=*******; SID = *;password=\r\n");
  EXPECT_EQ(masked(), 2U);
  EXPECT_EQ(head("GET / HTTP/1.1\r\nCookie: sid=\"a;b\"; x=1; sid=\"open; x=1"),
            "GET / HTTP/1.1\r\nCookie: sid=*****; x=1; sid=**********");
  EXPECT_EQ(head("GET / HTTP/1.1\r\nCookie: a=1;\r\n sid=x\r\n y\r\n"),
            "GET / HTTP/1.1\r\nCookie: a=1;\r\n sid=*\r\n *\r\n");
}

TEST_F(MaskerTest, OnlyTheFirstPairOfSetCookieIsTheCookie) {
  Masker paths({"path", "sid"});
  event.response.head =
      "HTTP/1.1 200 OK\r\nSet-Cookie: sid=abc; path=/x\r\nSet-Cookie: sid=\"a;b\"; path=/\r\n";
  paths.mask(event, {}, {});
  EXPECT_EQ(event.response.head,
            "HTTP/1.1 200 OK\r\nSet-Cookie: sid=***; path=/x\r\nSet-Cookie: sid=*****; path=/\r\n");
}

TEST_F(MaskerTest, QueryParameters) {
  EXPECT_EQ(head("GET /p?x=1&password=se%63&y=2 HTTP/1.1\r\n"), "GET /p?x=1&password=*****&y=2 HTTP/1.1\r\n");
  EXPECT_EQ(head("GET /?PASS%77ord=se;cret HTTP/1.1\r\n"), "GET /?PASS%77ord=******* HTTP/1.1\r\n");
  EXPECT_EQ(head("GET /?x;sid=1 HTTP/1.1\r\n"), "GET /?x;sid=* HTTP/1.1\r\n");
  EXPECT_EQ(head("GET /?a+b=1&a%20b=2&sid HTTP/1.1\r\n"), "GET /?a+b=*&a%20b=*&sid HTTP/1.1\r\n");
  EXPECT_EQ(head("GET /?sid=white space HTTP/1.1\r\n"), "GET /?sid=*********** HTTP/1.1\r\n");
  EXPECT_EQ(head("GET /?sid=x"), "GET /?sid=*");
  EXPECT_EQ(head("GET /sid=x HTTP/1.1\r\n"), "GET /sid=x HTTP/1.1\r\n");
}

TEST_F(MaskerTest, QueriesThatOtherFieldsRepeat) {
  EXPECT_EQ(head("GET / HTTP/1.1\r\nReferer: http://h/?sid=x&y=1\r\nLocation: /?y=1&sid=zz\r\n"),
            "GET / HTTP/1.1\r\nReferer: http://h/?sid=*&y=1\r\nLocation: /?y=1&sid=**\r\n");
}

TEST_F(MaskerTest, Forms) {
  EXPECT_EQ(form("user=u&password=p%26q&Pass%77ord=x&passwor=z"),
            "user=u&password=*****&Pass%77ord=*&passwor=z");
  EXPECT_EQ(masked(), 2U);
  EXPECT_EQ(form("password"), "password");
  EXPECT_EQ(form("%"), "%");
  EXPECT_EQ(form("%7=&%zz=&=x&&;"), "%7=&%zz=&=x&&;");
}

TEST_F(MaskerTest, OtherBodiesStay) {
  event.request.head = "POST / HTTP/1.1\r\nContent-Type: text/plain\r\n";
  event.request.body = "password=x";
  masker.mask(event, {}, {});
  EXPECT_EQ(event.request.body, "password=x");
}

TEST_F(MaskerTest, AnyOfSeveralContentTypesMakesAForm) {
  event.request.head =
      "POST / HTTP/1.1\r\nContent-Type: text/plain\r\ncontent-type: application/x-www-form-urlencoded\r\n";
  event.request.body = "password=x";
  masker.mask(event, {}, {});
  EXPECT_EQ(event.request.body, "password=*");
}

TEST_F(MaskerTest, FormsAcrossChunks) {
  EXPECT_EQ(
      form("6\r\nx=1&pa\r\n8\r\nssword=s\r\n4\r\nec&y\r\n0\r\nAuthorization: t\r\n\r\n", {.framed = true}),
      "6\r\nx=1&pa\r\n8\r\nssword=*\r\n4\r\n**&y\r\n0\r\nAuthorization: *\r\n\r\n");
  EXPECT_EQ(form("password=x&y=1", {.framed = true}), "password=*&y=1");
}

TEST_F(MaskerTest, WhatFollowsAGapMayBeTheRestOfASecret) {
  EXPECT_EQ(form("x=1&passret&y=2", {.gap = 8}), "x=1&pass***&y=2");
  EXPECT_EQ(form("x=1&yret&y=2", {.several_gaps = true, .gap = 5}), "x=1&y*******");
  EXPECT_EQ(form("5\r\nx=1&p\r\nret&y=2", {.framed = true, .gap = 8}), "5\r\nx=1&p*********");
  EXPECT_EQ(form("x=1", {.gap = 3}), "x=1");

  event.clear();
  event.request.head = "GET / HTTP/1.1\r\nAuthocret\r\n more\r\nX: y\r\n";
  event.findings.push_back(
      {.kind = FindingKind::HeadGap, .side = Side::Request, .offset = 21, .length = 9, .detail = {}});
  masker.mask(event, {}, {});
  EXPECT_EQ(event.request.head, "GET / HTTP/1.1\r\nAutho****\r\n ****\r\nX: y\r\n");
}

TEST_F(MaskerTest, FormsStillInTheirCodingGoAsAWhole) {
  EXPECT_EQ(form("\x1f\x8b...", {.coded = true}), "*****");
  EXPECT_EQ(form("", {.coded = true}), "");
}

TEST_F(MaskerTest, TheEventsOwnCopiesOfFields) {
  Masker names({"host", "SERVER", "content-length"});
  event.host = "a.test:80";
  event.server_banner = "x/1";
  event.findings.push_back({.kind = FindingKind::InvalidContentLength, .detail = "12a"});
  event.findings.push_back({.kind = FindingKind::UnknownTransferCoding, .detail = "x"});
  names.mask(event, {}, {});
  EXPECT_EQ(event.host, "*********");
  EXPECT_EQ(event.server_banner, "***");
  EXPECT_EQ(event.findings[0].detail, "***");
  EXPECT_EQ(event.findings[1].detail, "x");
}

TEST_F(MaskerTest, DetailsThatQuoteTheWire) {
  event.findings.push_back({.kind = FindingKind::TrailerSection, .detail = "Authorization: abc\r\nX: y\r\n"});
  event.findings.push_back({.kind = FindingKind::LeadingGarbage, .detail = "rd=secret"});
  event.findings.push_back({.kind = FindingKind::ConnectionEnded, .detail = "reset"});
  masker.mask(event, {}, {});
  EXPECT_EQ(event.findings[0].detail, "Authorization: ***\r\nX: y\r\n");
  EXPECT_EQ(event.findings[1].detail, "*********");
  EXPECT_EQ(event.findings[2].detail, "reset");
}

TEST_F(MaskerTest, WorstCasesTakeLinearTime) {
  const auto start = std::chrono::steady_clock::now();
  std::string quotes = "GET / HTTP/1.1\r\nCookie: ";
  for (int i = 0; i < 100'000; ++i) quotes += "sid=\";";
  std::string folds = "GET / HTTP/1.1\r\nAuthorization: x\r\n";
  for (int i = 0; i < 100'000; ++i) folds += " y\r\n";
  std::string pairs, chunks;
  for (int i = 0; i < 200'000; ++i) pairs += i % 2 != 0 ? "sid=;" : "&;=%";
  for (int i = 0; i < 150'000; ++i) chunks += "1\r\n&\r\n";
  head(quotes);
  head(folds);
  form(pairs);
  form(chunks, {.framed = true});
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(Masker, WithoutNamesIsOff) {
  EXPECT_FALSE(Masker({}).enabled());
  EXPECT_TRUE(Masker({"x"}).enabled());
}

}  // namespace
}  // namespace webtap::audit
