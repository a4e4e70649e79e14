// Writes a pcap file (microseconds, little-endian, Ethernet) of TCP segments over IPv4, with correct
// checksums.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace webtap::bench {

struct Address {
  std::uint32_t ip = 0;  // host byte order
  std::uint16_t port = 0;
};

inline constexpr std::uint8_t kFin = 0x01, kSyn = 0x02, kPush = 0x08, kAck = 0x10;

struct TcpPacket {
  Address from;
  Address to;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint8_t flags = 0;
  std::uint16_t mss = 0;    // announced in a SYN; 0: no such option
  bool timestamps = false;  // the 12 bytes of RFC 7323 that Linux sends and Windows does not
  std::uint32_t timestamp_echo = 0;
  std::string_view payload;
};

class CaptureWriter {
 public:
  // Throws std::system_error when the file cannot be made.
  explicit CaptureWriter(const std::string& path);
  ~CaptureWriter();
  CaptureWriter(const CaptureWriter&) = delete;
  CaptureWriter& operator=(const CaptureWriter&) = delete;

  void write(std::uint64_t time_us, const TcpPacket& packet);
  // Throws std::system_error when the last bytes cannot be written.
  void finish();

  std::uint64_t packets() const { return packets_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  void flush();
  void append_record(std::uint64_t time_us, std::size_t length);
  void append_headers(std::uint64_t time_us, const TcpPacket& packet);

  std::string path_;
  int file_;
  std::string buffer_;
  std::uint64_t packets_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace webtap::bench
