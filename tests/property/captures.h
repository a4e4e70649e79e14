// The captures that properties are tried on: of the test data, where it is present, and generated.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/capture/packet.h"

namespace webtap::property {

struct Packet {
  Timestamp time;
  capture::LinkType link_type{};
  std::string bytes;
  std::uint32_t wire_length = 0;
};

struct Capture {
  std::string name;
  std::vector<Packet> packets;
};

// The packets of a file; what is before damage.
Capture load(const std::string& path);
// The captures below a folder of the test data (see tests/support/test_data.py); none where it is absent.
std::vector<Capture> test_captures(const std::string& folder);
// HTTP traffic as the benchmark makes it: connections side by side, with requests and responses of several
// segments.
Capture generated_capture(std::uint64_t seed, bool long_bodies, std::uint64_t transactions);

// What WEBTAP_PROPERTY_RUNS says, else `usual`.
std::size_t runs(std::size_t usual);

}  // namespace webtap::property
