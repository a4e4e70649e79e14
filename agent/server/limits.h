// The bounds of the server. Why each is what it is: docs/limits.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace webtap::server {

struct Limits {
  std::size_t sessions = 1100;           // connections in all
  std::size_t unauthenticated = 256;     // connections that have not subscribed yet
  std::chrono::seconds first_frame{10};  // from accept to Subscribe
  std::chrono::seconds heartbeat{10};
  std::chrono::seconds silence{30};              // nothing came: gone
  std::chrono::seconds send_stall{60};           // what was sent is not taken: gone
  std::size_t durable_names = 1024;              // of one identity
  std::chrono::milliseconds gap_interval{1000};  // between two gaps that one session is told
  std::chrono::seconds drain{5};                 // when the sensor stops: for what was appended to be sent
  std::chrono::seconds goodbye{2};               // for the last frames to be taken
  std::uint64_t default_window_bytes = 8u << 20;
  std::uint64_t largest_window_bytes = 64u << 20;
  std::uint64_t default_window_events = 16'384;
  std::uint64_t largest_window_events = 1'048'576;
  std::size_t parcel_bytes = 128u << 10;  // of events; one event may go beyond it
  std::size_t parcel_events = 1024;
  std::size_t local_compression = 4;     // subscribers on this machine that share a batch: from so many on
  std::size_t looked_at = 16'384;        // events that one parcel passes over at most
  std::size_t cached_bytes = 16u << 20;  // of parcels that were made last
  std::size_t cached_parcels = 1024;     // empty ones are parcels, too
};

}  // namespace webtap::server
