// Sends the packets of a capture through an interface at a given rate, as evenly as the system's clock
// allows. Prints what it sent, and in how much time, as JSON.
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kBatch = 16;  // packets for one system call

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what, const char* name, const char* why) {
  std::fprintf(stderr, "send_capture: cannot %s '%s': %s\n", what, name, why);
  std::exit(1);
}

struct Packets {
  std::vector<char> bytes;
  std::vector<std::size_t> ends;  // in `bytes`, of each packet
};

Packets read_capture(const char* name) {
  char error[PCAP_ERRBUF_SIZE];
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> capture(pcap_open_offline(name, error), pcap_close);
  if (!capture) fail("read", name, error);
  Packets packets;
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  while (pcap_next_ex(capture.get(), &header, &bytes) == 1) {
    packets.bytes.insert(packets.bytes.end(), bytes, bytes + header->caplen);
    packets.ends.push_back(packets.bytes.size());
  }
  return packets;
}

int open_interface(const char* name) {
  const int descriptor = socket(AF_PACKET, SOCK_RAW, 0);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(if_nametoindex(name));
  if (descriptor < 0 || bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    fail("send through", name, std::strerror(errno));
  }
  return descriptor;
}

// Sends packets [first, last).
void send_some(int descriptor, Packets& packets, std::size_t first, std::size_t last) {
  std::array<iovec, kBatch> pieces{};
  std::array<mmsghdr, kBatch> messages{};
  for (std::size_t i = first; i < last; ++i) {
    const std::size_t begin = i == 0 ? 0 : packets.ends[i - 1];
    pieces[i - first] = {packets.bytes.data() + begin, packets.ends[i] - begin};
    messages[i - first].msg_hdr.msg_iov = &pieces[i - first];
    messages[i - first].msg_hdr.msg_iovlen = 1;
  }
  for (std::size_t sent = 0; sent < last - first;) {
    const auto left = static_cast<unsigned>(last - first - sent);
    const int count = sendmmsg(descriptor, messages.data() + sent, left, 0);
    if (count < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR)
      fail("send", "a packet", std::strerror(errno));
    if (count > 0) sent += static_cast<std::size_t>(count);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: send_capture CAPTURE INTERFACE PACKETS-A-SECOND\n");
    return 2;
  }
  Packets packets = read_capture(argv[1]);
  const int descriptor = open_interface(argv[2]);
  const double rate = std::max(std::atof(argv[3]), 1.0);
  const Clock::time_point start = Clock::now();
  for (std::size_t first = 0; first < packets.ends.size(); first += kBatch) {
    const auto due = start + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(static_cast<double>(first) / rate));
    if (const auto early = due - Clock::now(); early > std::chrono::microseconds(100)) {
      const timespec pause{0, std::chrono::nanoseconds(early).count() % 1'000'000'000};
      nanosleep(&pause, nullptr);
    }
    send_some(descriptor, packets, first, std::min(first + kBatch, packets.ends.size()));
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
  std::printf("{\"packets\": %zu, \"seconds\": %.6f}\n", packets.ends.size(), seconds);
  return 0;
}
