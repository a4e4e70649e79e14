#include "agent/audit/auditor.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <deque>
#include <set>

namespace webtap::audit {
namespace {

using event::FindingKind;
using event::Side;

class Events final : public EventHandler {
 public:
  event::AuditEvent& slot() override { return current_; }
  void publish() override {
    published.push_back(std::move(current_));
    current_ = {};
  }

  std::deque<event::AuditEvent> published;

 private:
  event::AuditEvent current_;
};

std::string gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(text.size() + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Options options() {
  Options made;
  made.sensor = "edge-1";
  made.sensor_uuid = {0xff, 1, 2, 3};
  made.boot_epoch = 1'700'000'000'123'456;
  made.producer = "webtap/1.2.3";
  return made;
}

http::Transaction transaction() {
  http::Transaction made;
  made.client = {{{10, 0, 0, 1}, IpVersion::V4}, 40000};
  made.server = {{{10, 0, 0, 2}, IpVersion::V4}, 80};
  made.started = Timestamp(Duration(1'000'000));
  made.finished = Timestamp(Duration(2'000'000));
  made.request.present = made.response.present = true;
  made.request.head = "POST /x HTTP/1.1\r\nHost: a.test\r\n";
  made.request.body = "q=1";
  made.request.body_size = 3;
  made.request.wire_size = 50;
  made.response.head = "HTTP/1.1 200 OK\r\nServer: unit\r\n";
  made.response.body = "hello";
  made.response.body_size = 5;
  made.response.wire_size = 60;
  made.server_field = {25, 4};
  made.host = "a.test";
  made.status = 200;
  return made;
}

std::vector<FindingKind> kinds(const event::AuditEvent& event) {
  std::vector<FindingKind> found;
  for (const auto& finding : event.findings) found.push_back(finding.kind);
  return found;
}

struct AuditorTest : testing::Test {
  event::AuditEvent& audit(http::Transaction made, Options with = options()) {
    Auditor auditor(std::move(with), events);
    auditor.on_transaction(made);
    return events.published.back();
  }

  Events events;
};

TEST_F(AuditorTest, TakesWhatTheTransactionSays) {
  const event::AuditEvent& event = audit(transaction());
  EXPECT_EQ(event.request.head, transaction().request.head);
  EXPECT_EQ(event.response.body, "hello");
  EXPECT_EQ(event.response.body_size, 5U);
  EXPECT_EQ(event.request.wire_size, 50U);
  EXPECT_EQ(event.host, "a.test");
  EXPECT_EQ(event.status, 200);
  EXPECT_EQ(event.server_banner, "unit");
  EXPECT_EQ(to_string(event.client), "10.0.0.1:40000");
  EXPECT_EQ(event.sensor, "edge-1");
  EXPECT_EQ(event.producer, "webtap/1.2.3");
  EXPECT_EQ(event.finished - event.started, std::chrono::seconds(1));
  EXPECT_TRUE(event.findings.empty());
}

TEST_F(AuditorTest, MovesBuffersInsteadOfCopyingThem) {
  http::Transaction made = transaction();
  made.response.body.assign(100'000, 'x');
  made.response.body_size = made.response.body.size();
  const char* bytes = made.response.body.data();
  Auditor auditor(options(), events);
  auditor.on_transaction(made);
  EXPECT_EQ(events.published.back().response.body.data(), bytes);
}

TEST_F(AuditorTest, NeverEndsBeforeItStarts) {
  http::Transaction made = transaction();
  made.finished = Timestamp(Duration(1));
  const event::AuditEvent& event = audit(made);
  EXPECT_EQ(event.finished, event.started);
}

TEST_F(AuditorTest, NumbersEventsFromOneAndNamesThemApart) {
  Auditor auditor(options(), events);
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    http::Transaction made = transaction();
    auditor.on_transaction(made);
    const event::AuditEvent& event = events.published.back();
    EXPECT_EQ(event.name.sequence, static_cast<std::uint64_t>(i + 1));
    ids.insert(event.transaction_id);
  }
  EXPECT_EQ(ids.size(), 1000U);
  EXPECT_EQ(auditor.counters().events, 1000U);
}

TEST(TransactionIds, AreTheBase64UrlOfTheirEighteenBytes) {
  // sha256 of 16 zero bytes begins with 37 47 08 ff.
  TransactionIds ids({}, 0xaaaa'0102'0304'0506);
  std::string id;
  ids.write(0x1122'3344'5566'7788, id);
  EXPECT_EQ(id, "N0cI_wECAwQFBhEiM0RVZneI");
}

TEST(TransactionIds, BeginWithALetterWhateverTheSensor) {
  for (unsigned i = 0; i < 256; ++i) {
    TransactionIds ids({static_cast<std::uint8_t>(i)}, ~std::uint64_t{0});
    std::string id;
    ids.write(~std::uint64_t{0}, id);
    ASSERT_EQ(id.size(), 24U);
    EXPECT_TRUE(std::isalpha(static_cast<unsigned char>(id[0]))) << id;
    EXPECT_EQ(id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
  }
}

TEST_F(AuditorTest, DrawsTheBoundaryAgainWhileItOccursInTheEvent) {
  // Words 0x11111111, 0x22222222, … give boundaries of one digit.
  std::uint32_t word = 0;
  Auditor auditor(options(), events, [&] { return word += 0x11111111; });
  http::Transaction made = transaction();
  made.request.body = "x\n--11111111-Z--\n";
  made.response.head += "X: --22222222-A--\r\n";
  made.findings.push_back({.kind = FindingKind::UnknownVersion, .detail = "--33333333-"});
  auditor.on_transaction(made);
  EXPECT_EQ(events.published.back().boundary, "44444444");
  EXPECT_EQ(auditor.counters().boundaries_redrawn, 3U);
}

TEST_F(AuditorTest, BoundariesAreEightLowerCaseHexDigitsAndDiffer) {
  Auditor auditor(options(), events);
  std::set<std::string> boundaries;
  for (int i = 0; i < 100; ++i) {
    http::Transaction made = transaction();
    auditor.on_transaction(made);
    const std::string& boundary = events.published.back().boundary;
    EXPECT_EQ(boundary.size(), 8U);
    EXPECT_EQ(boundary.find_first_not_of("0123456789abcdef"), std::string::npos);
    boundaries.insert(boundary);
  }
  EXPECT_GT(boundaries.size(), 98U);
}

http::Transaction compressed(const std::string& text) {
  http::Transaction made = transaction();
  made.response.body = gzip(text);
  made.response.body_size = made.response.body.size();
  made.response.content_encoding = "gzip";
  return made;
}

TEST_F(AuditorTest, UndoesContentCodings) {
  const std::string text(10'000, 'a');
  const event::AuditEvent& event = audit(compressed(text));
  EXPECT_EQ(event.response.body, text);
  EXPECT_EQ(event.response.body_size, text.size());
  EXPECT_TRUE(event.findings.empty());
}

TEST_F(AuditorTest, KeepsNoMoreOfADecodedBodyThanAskedAndSaysSo) {
  Options with = options();
  with.decode.output_bytes = 1000;
  const event::AuditEvent& event = audit(compressed(std::string(10'000, 'a')), with);
  EXPECT_EQ(event.response.body, std::string(1000, 'a'));
  EXPECT_EQ(event.response.body_size, 10'000U);
  ASSERT_EQ(kinds(event), std::vector{FindingKind::BodyTruncated});
  EXPECT_EQ(event.findings[0].offset, 1000U);
  EXPECT_EQ(event.findings[0].length, 9000U);
}

TEST_F(AuditorTest, LeavesBodiesAsTheyCameWhenAsked) {
  Options with = options();
  with.bodies = Bodies::Wire;
  const http::Transaction made = compressed("text");
  EXPECT_EQ(audit(made, with).response.body, made.response.body);
}

TEST_F(AuditorTest, IdentityIsNoCoding) {
  http::Transaction made = transaction();
  made.response.content_encoding = "identity, , IDENTITY";
  EXPECT_EQ(audit(made).response.body, "hello");
  EXPECT_TRUE(events.published.back().findings.empty());
}

TEST_F(AuditorTest, DecodesWhatCameBeforeAGap) {
  std::mt19937 random(1);
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += static_cast<char>('a' + random() % 26);
  http::Transaction made = compressed(text);
  std::string& body = made.response.body;
  const std::size_t half = body.size() / 2;
  body.erase(half, 100);
  made.response.first_gap = half;
  made.findings.push_back(
      {.kind = FindingKind::BodyGap, .side = Side::Response, .offset = half, .length = 100, .detail = {}});
  const event::AuditEvent& event = audit(made);
  EXPECT_GT(event.response.body.size(), 1000U);
  EXPECT_TRUE(text.starts_with(event.response.body));
  EXPECT_EQ(kinds(event), std::vector{FindingKind::BodyGap});  // the missing end is no second finding
}

TEST_F(AuditorTest, CountsFindingsByKind) {
  Auditor auditor(options(), events);
  http::Transaction made = transaction();
  made.findings.push_back({.kind = FindingKind::NoResponse, .detail = {}});
  made.findings.push_back({.kind = FindingKind::MissingHost, .detail = {}});
  made.findings.push_back({.kind = FindingKind::MissingHost, .detail = {}});
  made.findings.push_back({.kind = static_cast<FindingKind>(60'000), .detail = {}});
  auditor.on_transaction(made);
  EXPECT_EQ(auditor.counters().findings[static_cast<int>(FindingKind::MissingHost)], 2U);
  EXPECT_EQ(auditor.counters().findings[static_cast<int>(FindingKind::NoResponse)], 1U);
  EXPECT_EQ(auditor.counters().findings[0], 1U);
}

TEST_F(AuditorTest, MasksDecodedForms) {
  Options with = options();
  with.masked_names = {"password"};
  http::Transaction made = transaction();
  made.request.head += "Content-Type: application/x-www-form-urlencoded\r\nContent-Encoding: gzip\r\n";
  made.request.content_encoding = "gzip";
  made.request.body = gzip("user=u&password=secret");
  made.request.body_size = made.request.body.size();
  const event::AuditEvent& event = audit(made, with);
  EXPECT_EQ(event.request.body, "user=u&password=******");
  ASSERT_EQ(kinds(event), std::vector{FindingKind::Masked});
  EXPECT_EQ(event.findings[0].length, 1U);
  EXPECT_EQ(event.findings[0].side, Side::Request);
}

TEST_F(AuditorTest, MasksWholeFormsThatItCannotRead) {
  Options with = options();
  with.bodies = Bodies::Wire;
  with.masked_names = {"password"};
  http::Transaction made = transaction();
  made.request.head += "Content-Type: application/x-www-form-urlencoded\r\nContent-Encoding: gzip\r\n";
  made.request.content_encoding = "gzip";
  made.request.body = gzip("password=secret");
  made.request.body_size = made.request.body.size();
  EXPECT_EQ(audit(made, with).request.body, std::string(made.request.body.size(), '*'));
}

}  // namespace
}  // namespace webtap::audit
