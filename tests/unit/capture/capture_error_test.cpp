// What is refused before anything is read: every sentence says what was attempted, on what, and why not.
#include <sys/stat.h>

#include "scratch.h"
#include "tests/support/pcap_writer.h"

namespace webtap::capture {
namespace {

class CaptureErrorTest : public ScratchTest {};

TEST_F(CaptureErrorTest, a_file_that_is_not_there) {
  const std::string file = path("x.pcap");
  EXPECT_EQ(refusal(file), "cannot open capture file '" + file + "': no such file or directory");
}

TEST_F(CaptureErrorTest, a_directory) {
  const std::string folder = path("folder");
  std::filesystem::create_directory(folder);
  EXPECT_EQ(refusal(folder), "cannot open capture file '" + folder + "': is a directory");
}

TEST_F(CaptureErrorTest, a_device) {
  EXPECT_EQ(refusal("/dev/zero"), "cannot open capture file '/dev/zero': is neither a file nor a pipe");
}

TEST_F(CaptureErrorTest, something_else) {
  const std::string file = write("notes.txt", "This is not a capture file, is it?");
  EXPECT_EQ(refusal(file), "cannot read capture file '" + file + "': unknown file format");
}

TEST_F(CaptureErrorTest, a_compressed_file_is_refused_with_the_remedy) {
  const std::string file = write("x.pcap.gz", std::string("\x1f\x8b\x08\0\0\0\0\0", 8));
  EXPECT_EQ(refusal(file), "cannot read capture file '" + file +
                               "': it is gzip-compressed; decompress it first, as in: zcat '" + file +
                               "' | webtap-agent read -");
  EXPECT_THAT(refusal(write("x.zst", "\x28\xb5\x2f\xfd....")), ::testing::HasSubstr("zstd-compressed"));
  EXPECT_THAT(refusal(write("x.xz",
                            "\xfd"
                            "7zXZ\0...")),
              ::testing::HasSubstr("xz-compressed"));
  EXPECT_THAT(refusal(write("x.bz2", "BZh91AY")), ::testing::HasSubstr("bzip2-compressed"));
}

TEST_F(CaptureErrorTest, a_filter_that_does_not_compile) {
  const std::string file = path("good.pcap");
  testing::PcapWriter(file, LinkType::Ethernet).packet(at(1), "x");
  EXPECT_THAT(refusal(file, "foo bar"), ::testing::StartsWith("cannot compile filter 'foo bar': "));
  EXPECT_THAT(refusal(file, "tcp port"), ::testing::MatchesRegex("cannot compile filter 'tcp port': .+"));
  EXPECT_EQ(refusal(file, "tcp port 80"), "");
}

TEST_F(CaptureErrorTest, a_pcapng_file_without_an_interface) {
  const std::string file = path("bare.pcapng");
  testing::PcapngWriter{file};
  EXPECT_THAT(refusal(file), ::testing::StartsWith("cannot read capture file '" + file + "': "));
}

}  // namespace
}  // namespace webtap::capture
