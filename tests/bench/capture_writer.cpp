#include "capture_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace webtap::bench {
namespace {

constexpr std::size_t kBlock = std::size_t{1} << 20;
constexpr std::size_t kEthernet = 14, kIpv4 = 20, kTcp = 20;

static_assert(std::endian::native == std::endian::little, "the checksum and the file header assume it");

void put16(std::string& out, std::uint32_t value) {
  out.push_back(static_cast<char>(value >> 8 & 0xff));
  out.push_back(static_cast<char>(value & 0xff));
}

void put32(std::string& out, std::uint32_t value) {
  put16(out, value >> 16);
  put16(out, value & 0xffff);
}

void put_host32(std::string& out, std::uint32_t value) {
  char bytes[4];
  std::memcpy(bytes, &value, sizeof bytes);
  out.append(bytes, sizeof bytes);
}

// The internet checksum (RFC 1071) is the same sum in any byte order, up to a final swap, and in any word
// size, up to a final folding.
std::uint64_t sum_of(std::string_view bytes) {
  std::uint64_t sum = 0;
  while (bytes.size() >= 4) {
    std::uint32_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    sum += word;
    bytes.remove_prefix(4);
  }
  std::uint32_t last = 0;
  if (!bytes.empty()) std::memcpy(&last, bytes.data(), bytes.size());
  return sum + last;
}

std::uint16_t folded(std::uint64_t sum) {
  while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
  const auto swapped = static_cast<std::uint16_t>((sum & 0xff) << 8 | sum >> 8);
  return static_cast<std::uint16_t>(~swapped);
}

void store16(std::string& out, std::size_t at, std::uint16_t value) {
  out[at] = static_cast<char>(value >> 8);
  out[at + 1] = static_cast<char>(value & 0xff);
}

void append_options(std::string& out, std::uint64_t time_us, const TcpPacket& packet) {
  if (packet.mss != 0) {
    put16(out, 0x0204);
    put16(out, packet.mss);
    put32(out, 0x01010402);  // SACK permitted
  }
  if (packet.timestamps) {
    put32(out, 0x0101080a);
    put32(out, static_cast<std::uint32_t>(time_us / 1000));
    put32(out, packet.timestamp_echo);
  }
}

std::size_t options_size(const TcpPacket& packet) {
  return (packet.mss != 0 ? 8U : 0U) + (packet.timestamps ? 12U : 0U);
}

}  // namespace

CaptureWriter::CaptureWriter(const std::string& path)
    : path_(path), file_(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)) {
  if (file_ < 0) throw std::system_error(errno, std::generic_category(), "cannot create '" + path + "'");
  buffer_.reserve(kBlock + (std::size_t{1} << 17));
  put_host32(buffer_, 0xa1b2c3d4);
  put_host32(buffer_, 4U << 16 | 2U);  // version 2.4
  put_host32(buffer_, 0);
  put_host32(buffer_, 0);
  put_host32(buffer_, 262144);  // snap length
  put_host32(buffer_, 1);       // Ethernet
  bytes_ = buffer_.size();
}

CaptureWriter::~CaptureWriter() { close(file_); }

void CaptureWriter::append_record(std::uint64_t time_us, std::size_t length) {
  put_host32(buffer_, static_cast<std::uint32_t>(time_us / 1'000'000));
  put_host32(buffer_, static_cast<std::uint32_t>(time_us % 1'000'000));
  put_host32(buffer_, static_cast<std::uint32_t>(length));
  put_host32(buffer_, static_cast<std::uint32_t>(length));
}

void CaptureWriter::append_headers(std::uint64_t time_us, const TcpPacket& packet) {
  const std::size_t tcp_size = kTcp + options_size(packet);
  buffer_.append("\x02\x00\x00\x00\x00\x02\x02\x00\x00\x00\x00\x01\x08\x00", kEthernet);

  const std::size_t ip_at = buffer_.size();
  put16(buffer_, 0x4500);
  put16(buffer_, static_cast<std::uint32_t>(kIpv4 + tcp_size + packet.payload.size()));
  put16(buffer_, static_cast<std::uint32_t>(packets_ & 0xffff));
  put16(buffer_, 0x4000);  // do not fragment
  put32(buffer_, 64U << 24 | 6U << 16);
  put32(buffer_, packet.from.ip);
  put32(buffer_, packet.to.ip);
  store16(buffer_, ip_at + 10, folded(sum_of({buffer_.data() + ip_at, kIpv4})));

  const std::size_t tcp_at = buffer_.size();
  put16(buffer_, packet.from.port);
  put16(buffer_, packet.to.port);
  put32(buffer_, packet.seq);
  put32(buffer_, packet.ack);
  put16(buffer_, static_cast<std::uint32_t>(tcp_size / 4 << 12) | packet.flags);
  put16(buffer_, 64240);  // window
  put32(buffer_, 0);
  append_options(buffer_, time_us, packet);

  std::string pseudo;
  put32(pseudo, 6);
  put32(pseudo, static_cast<std::uint32_t>(tcp_size + packet.payload.size()));
  const std::uint64_t sum = sum_of(pseudo) + sum_of({buffer_.data() + ip_at + 12, 8}) +
                            sum_of({buffer_.data() + tcp_at, tcp_size}) + sum_of(packet.payload);
  store16(buffer_, tcp_at + 16, folded(sum));
}

void CaptureWriter::write(std::uint64_t time_us, const TcpPacket& packet) {
  const std::size_t length = kEthernet + kIpv4 + kTcp + options_size(packet) + packet.payload.size();
  append_record(time_us, length);
  append_headers(time_us, packet);
  buffer_.append(packet.payload);
  ++packets_;
  bytes_ += 16 + length;
  if (buffer_.size() >= kBlock) flush();
}

void CaptureWriter::flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t count = ::write(file_, rest.data(), rest.size());
    if (count < 0) throw std::system_error(errno, std::generic_category(), "cannot write '" + path_ + "'");
    rest.remove_prefix(static_cast<std::size_t>(count));
  }
  buffer_.clear();
}

void CaptureWriter::finish() { flush(); }

}  // namespace webtap::bench
