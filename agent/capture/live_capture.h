// Packets of one interface for one thread, through libpcap's ring in memory that the kernel fills
// (TPACKET_V3). An interface that is not there, or down, is waited for, and found again when it is back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "agent/capture/capture_error.h"
#include "agent/capture/fanout_group.h"
#include "agent/capture/packet.h"

namespace webtap::capture {

struct LiveOptions {
  std::string interface;
  std::string filter;  // in tcpdump's language, or empty; tagged frames too: live_filter.h
  std::size_t ring_bytes = 64u << 20;
  int snaplen = 262'144;  // more than the 64 KiB that a segmentation offload shows, and their headers
  bool promiscuous = false;
};

struct LiveCounters {
  std::uint64_t received = 0;       // packets for the ring, those dropped there included
  std::uint64_t dropped = 0;        // by the kernel, for want of room in the ring
  std::uint64_t dropped_below = 0;  // by the interface or its driver, whoever they were for
};

class LiveCapture {
 public:
  enum class State : std::uint8_t {
    Absent,  // there is no such interface, it was never up, or it cannot be opened
    Down,    // it is there and was opened, but has no link or was disabled
    Up,
  };
  using Say = std::function<void(const std::string&)>;

  // Opens the interface, if it is there and up. Where several threads read an interface, `group` is theirs,
  // and outlives this; else it is null. `say` is told when the interface comes and goes; empty: nobody is.
  // Throws CaptureError where waiting would not help (no permission, no memory), FilterError.
  LiveCapture(const LiveOptions& options, FanoutGroup* group, Say say);
  ~LiveCapture();
  LiveCapture(const LiveCapture&) = delete;
  LiveCapture& operator=(const LiveCapture&) = delete;

  // Hands at most `limit` packets to `handler`, and gives how many were looked at. Never waits.
  int read(PacketHandler& handler, int limit);
  // Looks how the interface is, and opens it where that is due; of use now and then. What fails is said once.
  void look();

  // To poll(2): readable when packets are there. -1 while there is nothing to wait for.
  int descriptor() const;
  State state() const;
  const std::string& interface() const;
  // Asks the kernel.
  LiveCounters counters();
  // How full the ring was when counters() was called last, about: 0 to 1.
  double ring_fill() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace webtap::capture
