#include "webtap/event/multipart.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace webtap::event {
namespace {

// The parts of a body, "name|file name|data" each; "-" where there is none.
std::vector<std::string> parts_of(ByteView body, ByteView boundary = "B") {
  std::vector<std::string> found;
  MultipartReader reader(body, boundary);
  Disposition said;
  for (MultipartPart part; reader.next(part);) {
    read_disposition(part.head, said);
    found.push_back((said.has_name ? said.name : "-") + "|" + (said.has_file_name ? said.file_name : "-") +
                    "|" + std::string(part.data) + (part.headed ? "" : "!"));
  }
  return found;
}

std::vector<std::string> disposition(const std::string& value) {
  return parts_of("--B\r\nContent-Disposition: " + value + "\r\n\r\n");
}

using Texts = std::vector<std::string>;

TEST(Multipart, PartsWithEveryLineEnd) {
  for (const std::string end : {"\r\n", "\n"}) {
    const std::string field = "Content-Disposition: form-data; name=";
    EXPECT_EQ(
        parts_of("--B" + end + field + "a" + end + end + "1" + end + "--B" + end + field + "b; filename=f" +
                 end + "Content-Type: x/y" + end + end + "2" + end + "3" + end + "--B--" + end),
        (Texts{"a|-|1", "b|f|2" + end + "3"}));
  }
}

TEST(Multipart, DataIsKeptToTheByte) {
  const std::string head = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n";
  EXPECT_EQ(parts_of(head + "\r\n--B--"), (Texts{"a|-|"}));
  EXPECT_EQ(parts_of(head + "--B--"), (Texts{"a|-|"}));
  EXPECT_EQ(parts_of(head + "\r\n\r\n--B--"), (Texts{"a|-|\r\n"}));
  EXPECT_EQ(parts_of(head + "x\r\r\n--B--"), (Texts{"a|-|x\r"}));
  EXPECT_EQ(parts_of(head + "x--B\r\n -- B\n--b\n--B--"), (Texts{"a|-|x--B\r\n -- B\n--b"}));
  EXPECT_EQ(parts_of(head + "no end\r\n"), (Texts{"a|-|no end\r\n"}));
}

TEST(Multipart, WhatBelongsToNoPart) {
  MultipartReader reader("before\r\n--B\r\n\r\nx\r\n--B--after\r\n--B\r\n", "B");
  EXPECT_EQ(reader.preamble(), "before\r\n");
  MultipartPart part;
  EXPECT_TRUE(reader.next(part));
  EXPECT_FALSE(reader.next(part));
  EXPECT_FALSE(reader.next(part));
  EXPECT_EQ(reader.epilogue(), "after\r\n--B\r\n");
  EXPECT_EQ(MultipartReader("none", "B").preamble(), "none");
  EXPECT_EQ(parts_of("none"), Texts{});
  EXPECT_EQ(parts_of(""), Texts{});
}

TEST(Multipart, HeadsThatDoNotEnd) {
  EXPECT_EQ(parts_of("--B\r\nContent-Disposition: form-data; name=a\r\n--B\r\nX: y"),
            (Texts{"a|-|!", "-|-|!"}));
  EXPECT_EQ(parts_of("--B"), (Texts{"-|-|!"}));
  EXPECT_EQ(parts_of("--B\n--B\n--B--"), (Texts{"-|-|!", "-|-|!"}));
  MultipartReader reader("--Bxyz \r\n\r\nd", "B");
  MultipartPart part;
  EXPECT_TRUE(reader.next(part));
  EXPECT_EQ(part.junk, "xyz");
  EXPECT_EQ(part.data, "d");
}

TEST(Multipart, Dispositions) {
  EXPECT_EQ(disposition(R"(form-data; name="a\"b\\c\d"; filename="C:\x\y.txt")"),
            (Texts{R"(a"b\c\d|C:\x\y.txt|)"}));
  EXPECT_EQ(disposition("form-data; name='a;b'; filename=c d ;x"), (Texts{"a;b|c d|"}));
  EXPECT_EQ(disposition("form-data;name = \"a\"\r\n\t; filename=\r\n \"x\r\n y\""), (Texts{"a|x y|"}));
  EXPECT_EQ(disposition("form-data; filename*=UTF-8'en'%e2%82%ac.txt; name=a"), (Texts{"a|%e2%82%ac.txt|"}));
  EXPECT_EQ(disposition("form-data; filename*=UTF-8''x; filename=y; name=a; name=b"), (Texts{"a|y|"}));
  EXPECT_EQ(disposition("form-data; filename=y; filename*=UTF-8''x; name=\"\""), (Texts{"|y|"}));
  EXPECT_EQ(disposition("form-data; name=\"open"), (Texts{"open|-|"}));
  EXPECT_EQ(disposition("form-data; names=a; =x; ;;name"), (Texts{"-|-|"}));
  EXPECT_EQ(disposition("form-data"), (Texts{"-|-|"}));
}

TEST(Multipart, Boundaries) {
  const auto boundary = [](ByteView type) {
    return std::string(multipart_boundary(type).value_or("(none)"));
  };
  EXPECT_EQ(boundary("multipart/form-data; boundary=AaB03x"), "AaB03x");
  EXPECT_EQ(boundary("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"a b;c\"; x=y"), "a b;c");
  EXPECT_EQ(boundary("multipart/form-data; boundary=\r\n\tx \r\n ;y"), "x");
  EXPECT_EQ(boundary("multipart/form-data boundary=x"), "x");
  EXPECT_EQ(boundary("multipart/form-data, boundary=\"x y\""), "x y");
  EXPECT_EQ(boundary("multipart/form-data; boundary=x; boundary=x"), "x");
  EXPECT_EQ(boundary("multipart/form-data; boundary=x; boundary=y"), "(none)");
  for (const std::string none :
       {"", "; boundary=", "; boundary=\"\"", "; boundary", "; boundary=\"a\r\n b\"", "; bound=x"})
    EXPECT_EQ(boundary("multipart/form-data" + none), "(none)") << none;
  EXPECT_EQ(boundary("multipart/form-data; boundary=" + std::string(kMaxMultipartBoundary, 'x')).size(),
            kMaxMultipartBoundary);
  EXPECT_EQ(boundary("multipart/form-data; boundary=" + std::string(kMaxMultipartBoundary + 1, 'x')),
            "(none)");
  EXPECT_TRUE(is_multipart_form("Multipart/form-data;x"));
  EXPECT_FALSE(is_multipart_form("multipart/mixed; boundary=x"));
  EXPECT_FALSE(is_multipart_form("multipart/form"));
}

TEST(Multipart, WorstCasesTakeLinearTime) {
  const auto start = std::chrono::steady_clock::now();
  const std::string boundary(kMaxMultipartBoundary, '-');
  EXPECT_EQ(parts_of(std::string(4'000'000, '-'), boundary).size(), 0U);  // a final delimiter at once
  std::string lines, heads = "--B\n", tiny;
  for (int i = 0; i < 4'000; ++i) lines += std::string(kMaxMultipartBoundary, '-') + "\n";
  for (int i = 0; i < 500'000; ++i) heads += "a:b\n c\n";
  for (int i = 0; i < 300'000; ++i) tiny += "--B\n\n\n";
  EXPECT_EQ(parts_of(lines, boundary).size(), 0U);
  EXPECT_EQ(parts_of(heads).size(), 1U);
  EXPECT_EQ(parts_of(tiny).size(), 300'000U);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

}  // namespace
}  // namespace webtap::event
