// What capturing throws.
#pragma once

#include <stdexcept>

namespace webtap::capture {

// What the environment refused: "cannot open capture file 'x.pcap': no such file".
class CaptureError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The filter is wrong: "cannot compile filter 'tcp prot 80': syntax error".
class FilterError : public CaptureError {
 public:
  using CaptureError::CaptureError;
};

}  // namespace webtap::capture
