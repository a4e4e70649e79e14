// Frames as bytes: a 4-byte big-endian length, and so many bytes of a serialised Frame.
#pragma once

#include <string>

#include "webtap/base/bytes.h"
#include "webtap/wire/frame.h"
#include "webtap/wire/limits.h"

namespace webtap::wire {

// Bytes of the length before a frame's payload.
inline constexpr std::size_t kLengthSize = 4;

// Appends the frame, its length included. Texts and lists longer than their limits are cut; batches come from
// encode_batch() or BatchCompressor, an UnknownFrame gives a frame of no kind.
void encode_frame(const Frame& frame, std::string& out);

// Reads the payload of a frame, as FrameReader gives it. False, and `problem` says why, where it is no
// serialised Frame, a number or a list is out of its range, or a text is too long. What the subscriber asks
// for is checked for what can be told without the sensor: names, globs' lengths, ranges, prefixes. A Batch
// stays a view of `payload`.
bool decode_frame(ByteView payload, Frame& frame, std::string& problem);

}  // namespace webtap::wire
