// The bounds of the stream's messages. Why each is what it is: docs/limits.md.
#pragma once

#include <cstddef>
#include <cstdint>

namespace webtap::wire {

inline constexpr std::uint32_t kProtocolVersion = 1;

// Bytes of one serialised Frame, without the length before it.
inline constexpr std::size_t kMaxFirstFrame = 4u << 10;    // the subscriber's first
inline constexpr std::size_t kMaxControlFrame = 1u << 20;  // any but a Batch
inline constexpr std::size_t kMaxDataFrame = 8u << 20;     // a Batch

// Bytes of one serialised event: what fits into a Batch of its own.
inline constexpr std::size_t kMaxEvent = kMaxDataFrame - 64;
inline constexpr std::size_t kMaxFindings = 1024;  // of one event
inline constexpr std::size_t kMaxMessages = 4096;  // of one event
// Transaction id, boundary, sensor and producer of an event, each.
inline constexpr std::size_t kMaxShortText = 1024;

// Bytes of serialised Entries, before compression; a zstd frame's window.
inline constexpr std::size_t kMaxUncompressedBatch = kMaxDataFrame;
inline constexpr unsigned kMaxZstdWindowLog = 23;  // 8 MiB

inline constexpr std::size_t kMaxNameText = 128;       // names of clients, programs and sensors
inline constexpr std::size_t kMaxDurableName = 64;     // of [A-Za-z0-9._-]
inline constexpr std::size_t kMaxSentence = 512;       // of Goodbye and Error
inline constexpr std::size_t kMaxFilterMembers = 256;  // of all kinds together
inline constexpr std::size_t kMaxFilterText = 256;     // a glob, a method
inline constexpr std::size_t kMaxCompressions = 16;    // offered

}  // namespace webtap::wire
