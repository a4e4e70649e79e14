// Batches of events: serialised by the spool once, and put into frames as they are, or compressed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "webtap/base/bytes.h"
#include "webtap/wire/frame.h"
#include "webtap/wire/limits.h"

namespace webtap::wire {

struct Entry {
  Position position = 0;
  ByteView event;  // serialised

  bool operator==(const Entry&) const = default;
};

// What an entry adds to a batch at most, besides its event's bytes.
inline constexpr std::size_t kEntryOverhead = 24;

// Bytes of the entries when serialised: a batch may have kMaxUncompressedBatch of them, less kBatchOverhead.
std::size_t serialised_size(std::span<const Entry> entries);
inline constexpr std::size_t kBatchOverhead = 32;

// Appends a frame with these entries, its length included. The entries must not be empty, and must fit (see
// above).
void encode_batch(std::span<const Entry> entries, std::string& out);

// The same, compressed by zstd; as they are where that would be no smaller. Holds its memory for the next
// batch: one for each thread is enough.
class BatchCompressor {
 public:
  explicit BatchCompressor(int level = 1);
  BatchCompressor(BatchCompressor&&) noexcept;
  BatchCompressor& operator=(BatchCompressor&&) noexcept;
  ~BatchCompressor();

  void encode(std::span<const Entry> entries, std::string& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Reads batches. A batch that declares more than kMaxUncompressedBatch, gives another number of bytes than it
// declares, or needs a larger window than kMaxZstdWindowLog is refused, before that memory is taken.
class BatchReader {
 public:
  BatchReader();
  BatchReader(BatchReader&&) noexcept;
  BatchReader& operator=(BatchReader&&) noexcept;
  ~BatchReader();

  // The entries, in increasing order of positions, at least one. Their events are views of the batch or of
  // this reader's memory, valid until the next call; they are not decoded. False, and `problem` says why,
  // where it is no batch.
  bool read(const Batch& batch, std::vector<Entry>& entries, std::string& problem);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace webtap::wire
