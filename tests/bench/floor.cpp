// The least that any tool must do which turns a capture file into files of payload: reads each packet with
// libpcap, and writes its TCP payload to one file. The benchmark's times are ratios to this program's.
//
// It is meant to be hard to beat. Output is written in blocks of 1 MiB. libpcap reads through stdio, whose
// own buffer of 4 KiB costs a system call for every two or three packets: the stream is given one of 64 KiB
// before libpcap sees it. A larger one is slower again, as it no longer stays in the processor's cache.
#include <fcntl.h>
#include <pcap/pcap.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

namespace {

constexpr std::size_t kInputBlock = std::size_t{1} << 16;
constexpr std::size_t kOutputBlock = std::size_t{1} << 20;
constexpr std::size_t kEthernet = 14;

[[noreturn]] void fail(const char* what, const char* name, const char* why) {
  std::fprintf(stderr, "floor: cannot %s '%s': %s\n", what, name, why);
  std::exit(1);
}

class Output {
 public:
  explicit Output(const char* name)
      : name_(name), file_(open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)), block_(kOutputBlock) {
    if (file_ < 0) fail("create", name, std::strerror(errno));
  }

  void append(const std::uint8_t* bytes, std::size_t count) {
    if (count > kOutputBlock - used_) flush();
    if (count > kOutputBlock) return write_out(bytes, count);
    std::memcpy(block_.data() + used_, bytes, count);
    used_ += count;
  }
  void flush() {
    write_out(block_.data(), used_);
    used_ = 0;
  }

 private:
  void write_out(const std::uint8_t* bytes, std::size_t count) {
    while (count > 0) {
      const ssize_t written = write(file_, bytes, count);
      if (written < 0) fail("write", name_, std::strerror(errno));
      bytes += written;
      count -= static_cast<std::size_t>(written);
    }
  }

  const char* name_;
  int file_;
  std::vector<std::uint8_t> block_;
  std::size_t used_ = 0;
};

void take_packet(u_char* user, const pcap_pkthdr* header, const u_char* bytes) {
  const std::size_t captured = header->caplen;
  if (captured < kEthernet + 40 || bytes[12] != 0x08 || bytes[13] != 0x00) return;
  const u_char* ip = bytes + kEthernet;
  if (ip[9] != 6) return;
  const std::size_t ip_header = (ip[0] & 15U) * 4;
  const std::size_t total = static_cast<std::size_t>(ip[2] << 8 | ip[3]);
  if (kEthernet + ip_header + 20 > captured) return;
  const std::size_t headers = ip_header + (ip[ip_header + 12] >> 4U) * 4U;
  if (headers >= total || kEthernet + total > captured) return;
  reinterpret_cast<Output*>(user)->append(ip + headers, total - headers);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: floor CAPTURE OUTPUT\n");
    return 2;
  }
  std::vector<char> input_block(kInputBlock);
  FILE* stream = std::fopen(argv[1], "rb");
  if (stream == nullptr) fail("open", argv[1], std::strerror(errno));
  std::setvbuf(stream, input_block.data(), _IOFBF, input_block.size());

  char error[PCAP_ERRBUF_SIZE];
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> capture(pcap_fopen_offline(stream, error), pcap_close);
  if (!capture) fail("read", argv[1], error);
  if (pcap_datalink(capture.get()) != DLT_EN10MB) fail("read", argv[1], "it is not of an Ethernet");
  Output output(argv[2]);
  if (pcap_loop(capture.get(), -1, take_packet, reinterpret_cast<u_char*>(&output)) != 0) {
    fail("read", argv[1], pcap_geterr(capture.get()));
  }
  output.flush();
  return 0;
}
