// Undoes content codings (RFC 9110, section 8.4): gzip, deflate (with the zlib header, or raw as some
// servers send it), br, zstd, stacked in any order; several gzip members. Lenient as browsers are; what the
// labels get wrong is a finding. Bounded against bombs: layers are undone block by block, so no
// intermediate body is held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "webtap/base/bytes.h"
#include "webtap/event/finding.h"

namespace webtap::http {

struct DecodeLimits {
  std::size_t output_bytes = 1u << 20;  // kept of what is decoded
  std::size_t ratio = 1000;             // stop where the output is this many times the input and over 1 MiB
  std::size_t work_bytes = 64u << 20;   // produced in all, kept or not, by every layer together
  std::size_t layers = 8;
};

struct DecodeResult {
  bool decoded = false;           // `out` holds the decoded body; else the body stays as it came
  std::uint64_t total_bytes = 0;  // bytes decoded, those not kept included
};

// Decodes `body`, labelled with `codings` (the Content-Encoding field's value: a comma-separated list in
// the order in which the codings were applied), into `out`. What went wrong is appended to `findings`, with
// `side`. A body cut short (`complete` false) gives what could be decoded, and no finding for its missing
// end. Each thread keeps the decoders' states of two layers from call to call.
DecodeResult decode_content(ByteView codings, ByteView body, bool complete, const DecodeLimits& limits,
                            event::Side side, std::string& out, std::vector<event::Finding>& findings);

}  // namespace webtap::http
