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
  std::string body(const std::string& fields, const std::string& text, BodyForm shape = {}) {
    event.clear();
    event.request.head = "POST / HTTP/1.1\r\n" + fields;
    event.request.body = text;
    masker.mask(event, shape, {});
    EXPECT_EQ(event.request.body.size(), text.size());
    return event.request.body;
  }
  std::string multipart(const std::string& text, BodyForm shape = {}) {
    return body("Content-Type: multipart/form-data; boundary=\"B\"\r\n", text, shape);
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
            "GET / HTTP/1.1\r\nAUTHORIZATION:  Basic *** \r\nAccept: x\r\n");
  EXPECT_EQ(masked(), 1U);
  EXPECT_EQ(head("GET / HTTP/1.1\r\nAuthorization-Info: x\r\nX: Authorization: y\r\n"),
            "GET / HTTP/1.1\r\nAuthorization-Info: x\r\nX: Authorization: y\r\n");
  EXPECT_EQ(masked(), 0U);
}

TEST_F(MaskerTest, LinesThatContinueAFieldButNotTheirEnds) {
  EXPECT_EQ(head("GET / HTTP/1.1\r\nAuthorization : Basic\r\n abc\r\n\tdef ghi\nAccept: x"),
            "GET / HTTP/1.1\r\nAuthorization : Basic\r\n ***\r\n\t*******\nAccept: x");
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

TEST_F(MaskerTest, OfCredentialsAKnownSchemeStays) {
  EXPECT_EQ(head("GET / HTTP/1.1\r\nAuthorization: bearer a.b.c\r\n"),
            "GET / HTTP/1.1\r\nAuthorization: bearer *****\r\n");
  EXPECT_EQ(head("GET / HTTP/1.1\r\nAuthorization: c2VjcmV0\r\nAuthorization: Basic\r\n"),
            "GET / HTTP/1.1\r\nAuthorization: ********\r\nAuthorization: *****\r\n");
  EXPECT_EQ(head("GET / HTTP/1.1\r\nAuthorization: my key\r\n"),
            "GET / HTTP/1.1\r\nAuthorization: ******\r\n");
  EXPECT_EQ(head("GET / HTTP/1.1\r\nAuthorization: Digest username=\"u\", response=\"r\"\r\n"),
            "GET / HTTP/1.1\r\nAuthorization: Digest **************************\r\n");
}

TEST_F(MaskerTest, CredentialsOfProxiedRequests) {
  EXPECT_EQ(head("CONNECT h:443 HTTP/1.1\r\nProxy-Authorization: Basic abc\r\nAuthorization: Basic x\r\n"),
            "CONNECT h:443 HTTP/1.1\r\nProxy-Authorization: Basic ***\r\nAuthorization: Basic *\r\n");
  EXPECT_EQ(masked(), 2U);
  EXPECT_EQ(head("GET http://h/?sid=1 HTTP/1.1\r\nAuthorization: NTLM abc\r\n"),
            "GET http://h/?sid=* HTTP/1.1\r\nAuthorization: NTLM ***\r\n");
  Masker cookies({"cookie"});
  event.clear();
  event.request.head = "GET / HTTP/1.1\r\nProxy-Authorization: Basic abc\r\n";
  cookies.mask(event, {}, {});
  EXPECT_EQ(event.request.head, "GET / HTTP/1.1\r\nProxy-Authorization: Basic abc\r\n");
}

TEST_F(MaskerTest, UserInformation) {
  EXPECT_EQ(head("GET http://user:p@ss@h:80/@x?sid=1 HTTP/1.1\r\n"),
            "GET http://*********@h:80/@x?sid=* HTTP/1.1\r\n");
  EXPECT_EQ(head("CONNECT user:pw@h:443 HTTP/1.1\r\n"), "CONNECT *******@h:443 HTTP/1.1\r\n");
  EXPECT_EQ(head("GET /mail@x HTTP/1.1\r\nHost: u:p@h\r\nReferer: https://u@h/\r\n"),
            "GET /mail@x HTTP/1.1\r\nHost: ***@h\r\nReferer: https://*@h/\r\n");
  EXPECT_EQ(head("GET /?next=ftp://u:p@a/&also=http://v@b HTTP/1.1\r\n"),
            "GET /?next=ftp://***@a/&also=http://*@b HTTP/1.1\r\n");
  EXPECT_EQ(masked(), 2U);
  event.clear();
  event.host = "u:p@h";
  event.findings.push_back({.kind = FindingKind::InvalidHost, .detail = "u:p@h"});
  masker.mask(event, {}, {});
  EXPECT_EQ(event.host, "***@h");
  EXPECT_EQ(event.findings[0].detail, "***@h");
}

TEST_F(MaskerTest, OfWholeCookieFieldsNamesAndAttributesStay) {
  Masker cookies({"Cookie", "Set-Cookie"});
  event.request.head = "GET / HTTP/1.1\r\nCookie: a=1; bare;; b=\"x;y\"; c=\r\n";
  event.response.head =
      "HTTP/1.1 200 OK\r\nSet-Cookie: sid=abc; Path=/x; HttpOnly; Expires=Thu, 1 Jan; x=y; loose\r\n"
      "Set-Cookie: sid=a=b;secure; path=/, t=u\r\n";
  cookies.mask(event, {}, {});
  EXPECT_EQ(event.request.head, "GET / HTTP/1.1\r\nCookie: a=*; ****;; b=*****; c=\r\n");
  EXPECT_EQ(event.response.head,
            "HTTP/1.1 200 OK\r\nSet-Cookie: sid=***; Path=/x; HttpOnly; Expires=Thu, 1 Jan; ***; *****\r\n"
            "Set-Cookie: sid=***;secure; path=******\r\n");
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

TEST_F(MaskerTest, FragmentsAndNestedNames) {
  EXPECT_EQ(head("HTTP/1.1 302 Found\r\nLocation: https://h/#state=1&sid=abc\r\nLocation: /p?a=1#sid=b\r\n"),
            "HTTP/1.1 302 Found\r\nLocation: https://h/#state=1&sid=***\r\nLocation: /p?a=1#sid=*\r\n");
  EXPECT_EQ(form("user[password]=a&password[]=b&user.Password=c&a%5bsid%5D=d&[x]=e&xpassword=f"),
            "user[password]=*&password[]=*&user.Password=*&a%5bsid%5D=*&[x]=e&xpassword=f");
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

TEST_F(MaskerTest, BodiesOfConflictingTypesGoAsAWhole) {
  event.request.head =
      "POST / HTTP/1.1\r\nContent-Type: application/json\r\nContent-Type: "
      "application/x-www-form-urlencoded\r\n";
  event.request.body = "x=1";
  masker.mask(event, {}, {});
  EXPECT_EQ(event.request.body, "***");
}

TEST_F(MaskerTest, JsonByItsTypeOrItsLook) {
  for (const std::string type :
       {"application/json; charset=utf-8", "application/vnd.api+JSON", "text/json", "application/x-ndjson",
        "application/x-www-form-urlencoded", "text/plain", ""}) {
    const std::string field = type.empty() ? "" : "Content-Type: " + type + "\r\n";
    EXPECT_EQ(body(field, R"({"user": "u", "password": "p", "n": [1]})"),
              R"({"user": "u", "password": "*", "n": [1]})")
        << type;
  }
  EXPECT_EQ(body("Content-Type: text/html\r\n", R"({"password": "p"})"), R"({"password": "p"})");
  EXPECT_EQ(body("Content-Type: text/plain\r\n", "[info] password: \"p\""), "[info] password: \"p\"");
  EXPECT_EQ(body("Content-Type: application/json\r\n", "password=p"), "password**");
}

TEST_F(MaskerTest, JsonThatIsDamaged) {
  const std::string json = "Content-Type: application/json\r\n";
  EXPECT_EQ(body(json, R"({"a": "b", "x": "cd"})", {.gap = 8}), R"({"a": "b*************)");
  EXPECT_EQ(body(json, R"({"password": "cut)"), R"({"password": "***)");
  EXPECT_EQ(body(json, "zip", {.coded = true}), "***");
  EXPECT_EQ(
      body(json, "8\r\n{\"passwo\r\n9\r\nrd\": \"s\"}\r\n0\r\nAuthorization: t\r\n\r\n", {.framed = true}),
      "8\r\n{\"passwo\r\n9\r\nrd\": \"*\"}\r\n0\r\nAuthorization: *\r\n\r\n");
}

TEST_F(MaskerTest, MultipartFieldsAndFiles) {
  EXPECT_EQ(multipart("--B\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nmary\r\n"
                      "--B\r\ncontent-disposition: form-data; name=\"PASSword\"\r\n\r\nse\r\ncret\r\n"
                      "--B\r\nContent-Disposition: form-data; name=sid; filename=\"key.pem\"\r\n"
                      "Content-Type: text/plain\r\n\r\nkey\r\n--B--\r\n"),
            "--B\r\nContent-Disposition: form-data; name=\"user\"\r\n\r\nmary\r\n"
            "--B\r\ncontent-disposition: form-data; name=\"PASSword\"\r\n\r\n********\r\n"
            "--B\r\nContent-Disposition: form-data; name=sid; filename=\"key.pem\"\r\n"
            "Content-Type: text/plain\r\n\r\n***\r\n--B--\r\n");
  EXPECT_EQ(masked(), 2U);
  EXPECT_EQ(masker.counts().named[1][static_cast<std::size_t>(Place::Multipart)], 1U);
}

TEST_F(MaskerTest, MultipartNamesInEveryForm) {
  for (const std::string name :
       {"name=\"password\"", "name=password", "name='password'", "name=\"user[password]\"",
        "name=\"pass%77ord\"", "name*=utf-8''pass%77ord", "name=\"pass\\\"word\"; name=\"password\"",
        "NAME = \"password\"", "filename=\"x;name=y\"; name=\"password\"", "\r\n name=\"password\""}) {
    const std::string part_head = "--B\nContent-Disposition: form-data; " + name + "\n\n";
    EXPECT_EQ(multipart(part_head + "abc\n--B--"), part_head + "***\n--B--") << name;
  }
}

TEST_F(MaskerTest, MultipartThatCannotBeUnderstood) {
  const std::string a = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1";
  EXPECT_EQ(multipart("secret\r\n" + a + "\r\n--B--\r\nrest\r\n"),
            "******\r\n" + a + "\r\n--B--\r\n****\r\n");
  EXPECT_EQ(multipart("--B\r\nX: y\r\n\r\nno name\r\n" + a), "--B\r\nX: y\r\n\r\n*******\r\n" + a);
  EXPECT_EQ(multipart(a + "\r\n--Bjunk\r\ncut head"), a + "\r\n--B****\r\n********");
  EXPECT_EQ(multipart("--C\r\nX"), "******");
  EXPECT_EQ(body("Content-Type: multipart/form-data\r\n", a), std::string(a.size(), '*'));
  EXPECT_EQ(multipart(a, {.coded = true}), std::string(a.size(), '*'));
  EXPECT_EQ(body("Content-Type: multipart/form-data; boundary=B\r\nContent-Type: multipart/form-data; "
                 "boundary=C\r\n",
                 a),
            std::string(a.size(), '*'));
}

TEST_F(MaskerTest, MultipartAroundAGap) {
  const std::string a = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n";
  const std::string b = "\r\n--B\r\nContent-Disposition: form-data; name=b\r\n\r\n2\r\n--B--\r\n";
  EXPECT_EQ(multipart(a + "1secret" + b, {.gap = a.size() + 1}), a + "1*******" + b.substr(1));
  EXPECT_EQ(multipart(a + "1secret" + b, {.several_gaps = true, .gap = a.size() + 1}),
            a + "1" + std::string(6 + b.size(), '*'));
  EXPECT_EQ(multipart(a + "1" + b, {.gap = 8}), "--B\r\n" + std::string(a.size() - 5 + 2, '*') + b.substr(1));
}

TEST_F(MaskerTest, JsonWithinMultipart) {
  const std::string head =
      "--B\r\nContent-Disposition: form-data; name=o\r\nContent-Type: application/json\r\n\r\n";
  EXPECT_EQ(multipart(head + "{\"sid\":1,\"x\":1}\r\n--B--"), head + "{\"sid\":0,\"x\":1}\r\n--B--");
}

TEST_F(MaskerTest, CountsByNameAndPlace) {
  event.clear();
  event.request.head =
      "POST http://u@h/?sid=1&sid=2 HTTP/1.1\r\nCookie: sid=3\r\nContent-Type: application/json\r\n";
  event.request.body = R"({"a b": [1, "", {"c": "d"}]})";
  masker.mask(event, {}, {});
  const auto at = [](const PlaceCounts& counts, Place place) {
    return counts[static_cast<std::size_t>(place)];
  };
  EXPECT_EQ(masker.names(), (std::vector<std::string>{"authorization", "password", "sid", "a b"}));
  EXPECT_EQ(at(masker.counts().named[2], Place::Query), 2U);
  EXPECT_EQ(at(masker.counts().named[2], Place::Cookie), 1U);
  EXPECT_EQ(at(masker.counts().named[3], Place::Json), 2U);
  EXPECT_EQ(at(masker.counts().unnamed, Place::UserInfo), 1U);
  EXPECT_EQ(masker.counts().total(), 6U);
  EXPECT_EQ(masked(), 6U);
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
  std::string urls = "GET ", parts, names = R"({"sid":[)", heads = "--B\r\n";
  for (int i = 0; i < 300'000; ++i) urls += "://@";
  for (int i = 0; i < 200'000; ++i) parts += "--B\n\n\n";
  for (int i = 0; i < 400'000; ++i) names += "[{\"\\u0";
  for (int i = 0; i < 100'000; ++i) heads += "Content-Disposition: form-data; name=;\r\n ;;'\"=\r\n";
  head(urls);
  multipart(parts);
  multipart(heads + "\r\nx");
  body("Content-Type: application/json\r\n", names);
  body("Content-Type: application/json\r\n", std::string(2'000'000, '['));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(Masker, WithoutNamesIsOff) {
  EXPECT_FALSE(Masker({}).enabled());
  EXPECT_TRUE(Masker({"x"}).enabled());
}

}  // namespace
}  // namespace webtap::audit
