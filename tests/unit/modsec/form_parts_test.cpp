#include "webtap/modsec/form_parts.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/modsec/generated_event.h"
#include "webtap/modsec/native_writer.h"

namespace webtap::modsec {
namespace {

using event::AuditEvent;

AuditEvent form(const std::string& body, const std::string& type = "multipart/form-data; boundary=B") {
  AuditEvent event = plain_event();
  event.request.head = "POST / HTTP/1.1\r\nContent-Type: " + type + "\r\n";
  event.request.body = body;
  return event;
}

// A field, or a file, and the delimiter before it.
std::string field(const std::string& disposition, const std::string& data) {
  return "--B\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + data + "\r\n";
}

// What stands in a part of the native text; "-" where it is not there.
std::string part(const AuditEvent& event, char letter, const char* parts = "ABCIFEHJZ") {
  const std::string text = native_text(event, *Parts::parse(parts));
  const std::string line = "--" + event.boundary + "-" + letter + "--\n";
  const std::size_t begin = text.find(line);
  if (begin == std::string::npos) return "-";
  const std::size_t end = text.find("\n--" + event.boundary + "-", begin);
  return text.substr(begin + line.size(), end - begin - line.size());
}

// As ModSecurity 2.9.7 wrote it of curl's request (its log is among the samples).
const std::string kUpload = field("name=\"f1\"", "v 1") +
                            field("name=\"file\"; filename=\"up%22l.txt\"", "vm\n") +
                            field("name=\"e\"", "\xc3\xa9") + "--B--\r\n";

TEST(FormParts, fields_and_files_as_modsecurity_writes_them) {
  const AuditEvent event = form(kUpload);
  EXPECT_EQ(part(event, 'I'), "f1=v+1&e=%c3%a9");
  EXPECT_EQ(part(event, 'J'), "2,3,\"up%22l.txt\",\"<Unknown ContentType>\"\nTotal,3\n");
  EXPECT_EQ(part(event, 'C'), kUpload);
}

TEST(FormParts, every_byte_is_encoded_that_is_no_letter_digit_or_star) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte)
    if (byte != '\n') all += static_cast<char>(byte);
  const std::string text = part(form(field("name=\"a-b&\"", all) + "--B--"), 'I');
  EXPECT_EQ(text.substr(0, 23), "a%2db%26=%00%01%02%03%0");
  EXPECT_NE(text.find("%1f+%21%22%23%24%25%26%27%28%29*%2b%2c%2d%2e%2f0123456789%3a"), std::string::npos);
  EXPECT_NE(text.find("%60abcdefghijklmnopqrstuvwxyz%7b%7c%7d%7e%7f%80"), std::string::npos);
}

TEST(FormParts, names_of_files_are_escaped) {
  EXPECT_EQ(part(form(field("name=a; filename=\"x\\\"y\\\\z\t\xff\"", "") + "--B--"), 'J'),
            "1,0,\"x\\\"y\\\\z\\t\\xff\",\"<Unknown ContentType>\"\nTotal,0\n");
}

TEST(FormParts, the_body_is_written_where_i_stands_for_it) {
  EXPECT_EQ(part(form(kUpload), 'C', "ABI"), "-");
  EXPECT_EQ(part(form(kUpload), 'I', "ABI"), "f1=v+1&e=%c3%a9");
  EXPECT_EQ(part(form("a=b", "application/x-www-form-urlencoded"), 'C', "ABI"), "a=b");
  EXPECT_EQ(part(form("a=b", "application/x-www-form-urlencoded"), 'I', "ABI"), "-");
  EXPECT_EQ(part(form("a=b", "text/plain"), 'J', "ABJ"), "-");
  EXPECT_EQ(part(form("a=b", "text/plain"), 'C', "ABJ"), "-");
}

TEST(FormParts, bodies_without_parts) {
  EXPECT_EQ(part(form("x"), 'I'), "");
  EXPECT_EQ(part(form("x"), 'J'), "Total,0\n");
  EXPECT_EQ(part(form(kUpload, "multipart/form-data"), 'J'), "Total,0\n");
  EXPECT_EQ(part(form(""), 'J'), "-");
  EXPECT_EQ(part(form(field("x=y", "z") + field("name=a", "1")), 'I'), "a=1%0d%0a");
}

TEST(FormParts, parts_stand_in_modsecuritys_order) {
  std::string letters;
  const std::string text = native_text(form(kUpload), *Parts::parse("ABCDEFGHIJKZ"));
  const std::string line = "--" + plain_event().boundary + "-";
  for (std::size_t at = text.find(line); at != std::string::npos; at = text.find(line, at + 1))
    letters += text[at + line.size()];
  EXPECT_EQ(letters, "ABCIFEHJZ");
}

TEST(FormParts, json_has_them_as_modsecurity_names_them) {
  const auto json = nlohmann::json::parse(json_text(form(kUpload), *Parts::parse("ABCIFEHJZ")));
  EXPECT_EQ(json["request"]["fake_body"], "f1=v+1&e=%c3%a9");
  EXPECT_EQ(json["request"]["body"].size(), 1U);
  EXPECT_EQ(json["uploads"].dump(), R"({"info":[{"content_type":"<Unknown Content-Type>",)"
                                    R"("file_name":"up%22l.txt","file_size":3}],"total":3})");
  const auto without = nlohmann::json::parse(json_text(form(kUpload), *Parts::parse("ABI")));
  EXPECT_FALSE(without["request"].contains("body"));
  EXPECT_FALSE(without.contains("uploads"));
  EXPECT_FALSE(
      nlohmann::json::parse(json_text(form("x", "text/plain"), *Parts::parse("IJ"))).contains("uploads"));
}

TEST(FormParts, readers_take_neither_for_a_body) {
  for (const char* letters : {"ABCIFEHJZ", "ABIJZ", "ABJ", "I"}) {
    const Parts parts = *Parts::parse(letters);
    const Collected native = read_native(native_text(form(kUpload), parts));
    ASSERT_EQ(native.events.size(), 1U) << letters;
    EXPECT_EQ(native.events[0], representable(form(kUpload), parts)) << letters;
    EXPECT_EQ(native.events[0].request.body, parts.has('C') ? kUpload : "") << letters;
    const Collected json = read_json(json_text(form(kUpload), parts));
    ASSERT_EQ(json.events.size(), 1U) << letters;
    EXPECT_EQ(json.events[0].request.body, parts.has('C') ? kUpload : "") << letters;
  }
}

TEST(FormParts, the_bound_holds_for_hostile_forms) {
  EventGenerator generate(7);
  const Parts parts = *Parts::parse("ABIJ");
  constexpr std::string_view kPieces[] = {"--B\r\n",   "--B--",     "\n\n", "\r\n", ";",
                                          "name=",     "filename=", "\"",   "\\",   "Content-Disposition: ",
                                          "form-data", "\xff",      " ",    "*"};
  for (int i = 0; i < 20'000; ++i) {
    std::string body = "--B\nContent-Disposition: x; name=a; filename=\xff\n\n";
    for (auto pieces = generate.below(30); pieces != 0; --pieces)
      body += kPieces[generate.below(std::size(kPieces))];
    const AuditEvent event = form(body);
    ASSERT_LE(native_text(event, parts).size(), NativeWriter(parts).bound(event)) << body;
    ASSERT_EQ(read_native(native_text(event, parts)).events.size(), 1U) << body;
    std::string exact(form_parts_bound(event.request, parts), '\0');
    const char* const end = put_uploads(put_fields(exact.data(), event.request), event.request);
    ASSERT_LE(static_cast<std::size_t>(end - exact.data()), exact.size()) << body;
  }
}

}  // namespace
}  // namespace webtap::modsec
