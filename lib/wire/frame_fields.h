// Numbers of stream.proto that are read and written by hand; a test compares them with libprotobuf's.
#pragma once

#include <cstdint>

#include "webtap/wire/proto_wire.h"

namespace webtap::wire {

inline constexpr unsigned kFrameBatch = 3;       // Frame.batch
inline constexpr unsigned kBatchEntries = 1;     // Batch.entries
inline constexpr unsigned kBatchCompressed = 2;  // Batch.compressed
inline constexpr unsigned kEntriesEntry = 1;     // Entries.entries
inline constexpr unsigned kEntryPosition = 1;    // Entry.position
inline constexpr unsigned kEntryEvent = 2;       // Entry.event
inline constexpr unsigned kCompression = 1;      // CompressedEntries.compression
inline constexpr unsigned kUncompressedSize = 2;
inline constexpr unsigned kCompressedData = 3;

// The first byte of a Frame that is a Batch.
inline constexpr std::uint8_t kBatchTag = tag(kFrameBatch, WireType::Bytes);

}  // namespace webtap::wire
