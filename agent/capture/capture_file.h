// Reads packets from a capture file: pcap or pcapng, through libpcap.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "agent/capture/capture_error.h"
#include "agent/capture/packet.h"

namespace webtap::capture {

// Damage met while reading: everything before `offset` was read.
struct Damage {
  std::uint64_t offset = 0;  // in the file, of the first byte that could not be used
  std::string reason;        // "the file ends in the middle of a packet"
};

class CaptureFile {
 public:
  // `path` is a file, or "-" for standard input. `filter` is a BPF filter in tcpdump's language, or empty.
  // Throws CaptureError; FilterError where the filter is what is wrong.
  CaptureFile(const std::string& path, const std::string& filter);
  ~CaptureFile();
  CaptureFile(CaptureFile&&) noexcept;

  enum class Status { More, End, Damaged };
  // Hands at most `limit` packets to `handler`.
  Status read(PacketHandler& handler, int limit);
  // Set once read() has answered Damaged.
  const std::optional<Damage>& damage() const;
  // For progress: bytes read so far, and the size of the file (0 = unknown: a pipe).
  std::uint64_t position() const;
  std::uint64_t size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace webtap::capture
