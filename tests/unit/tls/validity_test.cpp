// Until when certificates and revocation lists hold.
#include <gtest/gtest.h>

#include "tests/unit/tls/certificates.h"

namespace webtap::tls {
namespace {

using namespace std::chrono_literals;

Timestamp now() { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }

// What openssl(1) says of a file: `field` is as -enddate or -nextupdate.
Timestamp told(const std::string& tool, const std::filesystem::path& file, const std::string& field) {
  const std::string text = shell("date -u +%s -d \"$(openssl " + tool + " -noout " + field + " -in '" +
                                 file.string() + "' | cut -d= -f2)\"");
  return Timestamp(std::chrono::seconds(std::stoll(text)));
}

TEST(Validity, IsThatOfEachFile) {
  const Authority& authority = shared_authority();
  Options options = authority.options("sensor");
  Validity until = validity(options);
  EXPECT_EQ(until.certificate, told("x509", options.certificate, "-enddate"));
  EXPECT_EQ(until.ca, told("x509", options.ca, "-enddate"));
  EXPECT_FALSE(until.crl.has_value());
  options.crl = authority.path("crl.pem");
  until = validity(options);
  ASSERT_TRUE(until.crl.has_value());
  EXPECT_EQ(*until.crl, told("crl", options.crl, "-nextupdate"));
}

TEST(Validity, IsTheEarliestOfAFile) {
  const Authority authority("--client unused");
  const Timestamp before = now();
  Options options = make_odd(authority, "short", {.until = 3600});
  const std::string own = authority.text("short.pem");
  options.certificate = authority.put("chain.pem", authority.text("ca.pem") + own);
  const Timestamp until = validity(options).certificate;
  EXPECT_GE(until, before + 3500s);
  EXPECT_LE(until, now() + 3600s);
}

TEST(Validity, OfAListThatIsOldIsInThePast) {
  const Authority authority;
  Options options = authority.options("sensor");
  options.crl = make_expired_crl(authority);
  EXPECT_LT(validity(options).crl.value(), now());
}

TEST(Validity, OfWhatCannotBeReadThrows) {
  Options options = shared_authority().options("sensor");
  options.crl = "missing";
  EXPECT_THROW(validity(options), TlsError);
}

}  // namespace
}  // namespace webtap::tls
