// Writes a capture to standard output as an interface would give it: a number of packets a second, each with
// the time at which it was due. Where the reader does not keep up, the times do not wait for it: what a
// packet waits in the pipe counts as its delay.
//     pace CAPTURE PACKETS_A_SECOND
#include <pcap/pcap.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

namespace {

using Clock = std::chrono::system_clock;

struct Record {
  std::uint32_t seconds;
  std::uint32_t microseconds;
  std::uint32_t captured;
  std::uint32_t length;
};

bool write_packet(const pcap_pkthdr& header, const u_char* bytes, Clock::time_point due) {
  const auto time = std::chrono::duration_cast<std::chrono::microseconds>(due.time_since_epoch()).count();
  const Record record{static_cast<std::uint32_t>(time / 1'000'000),
                      static_cast<std::uint32_t>(time % 1'000'000), header.caplen, header.len};
  return std::fwrite(&record, sizeof record, 1, stdout) == 1 &&
         std::fwrite(bytes, 1, header.caplen, stdout) == header.caplen;
}

bool write_header(int link_type) {
  const pcap_file_header header{0xa1b2c3d4, 2, 4, 0, 0, 262144, static_cast<bpf_u_int32>(link_type)};
  return std::fwrite(&header, sizeof header, 1, stdout) == 1 && std::fflush(stdout) == 0;
}

int pace(pcap_t* capture, double rate) {
  constexpr auto kStep = std::chrono::milliseconds(1);
  const Clock::time_point start = Clock::now();
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  for (std::uint64_t sent = 0; pcap_next_ex(capture, &header, &bytes) == 1; ++sent) {
    const auto due = start + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(double(sent) / rate));
    if (due > Clock::now()) {
      if (std::fflush(stdout) != 0) return 1;
      std::this_thread::sleep_until(due + kStep -
                                    (due - start) % kStep);  // what is due within a step goes together
    }
    if (!write_packet(*header, bytes, due)) return 1;
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const double rate = argc == 3 ? std::atof(argv[2]) : 0;
  if (rate <= 0) {
    std::fprintf(stderr, "usage: pace CAPTURE PACKETS_A_SECOND\n");
    return 2;
  }
  std::string error(PCAP_ERRBUF_SIZE, '\0');
  pcap_t* capture = pcap_open_offline(argv[1], error.data());
  if (capture == nullptr) {
    std::fprintf(stderr, "pace: cannot open '%s': %s\n", argv[1], error.c_str());
    return 1;
  }
  const int status = write_header(pcap_datalink(capture)) ? pace(capture, rate) : 1;
  pcap_close(capture);
  return status;
}
