#include "webtap/wire/batch_codec.h"

#include <zstd.h>

#include <array>
#include <new>

#include "webtap/wire/frame_codec.h"
#include "webtap/wire/frame_fields.h"

namespace webtap::wire {
namespace {

std::size_t content_size(const Entry& entry) {
  return number_size(kEntryPosition, entry.position) + bytes_size(kEntryEvent, entry.event.size());
}

void write_entries(ProtoWriter& writer, std::span<const Entry> entries) {
  for (const Entry& entry : entries) {
    writer.block(kEntriesEntry, content_size(entry));
    writer.number(kEntryPosition, entry.position);
    writer.bytes(kEntryEvent, entry.event);
  }
}

// Appends what is before the one field, of `size` bytes, of a frame's Batch, and makes room for it. Appended
// piece by piece: a string that is resized is filled with zeros first.
void begin_frame(unsigned field, std::size_t size, std::string& out) {
  const std::size_t batch = block_size(field, size);
  const std::size_t payload = block_size(kFrameBatch, batch);
  out.reserve(out.size() + kLengthSize + payload);
  for (unsigned shift = 32; shift > 0; shift -= 8) out += static_cast<char>(payload >> (shift - 8));
  std::array<char, 2 * kEntryOverhead> bytes{};
  ProtoWriter writer(bytes.data());
  writer.block(kFrameBatch, batch);
  writer.block(field, size);
  out.append(bytes.data(), writer.end());
}

bool read_entry(ByteView bytes, Position after, Entry& entry, std::string& problem) {
  ProtoReader fields(bytes);
  entry = {};
  while (fields.next()) {
    if (fields.field() == kEntryPosition && fields.is(WireType::Varint)) entry.position = fields.number();
    if (fields.field() == kEntryEvent && fields.is(WireType::Bytes)) entry.event = fields.bytes();
  }
  if (!fields.ok()) return problem = "a malformed entry", false;
  if (entry.event.size() > kMaxEvent) return problem = "an entry with too large an event", false;
  if (entry.position <= after) return problem = "positions that do not increase", false;
  return true;
}

bool read_entries(ByteView bytes, std::vector<Entry>& entries, std::string& problem) {
  ProtoReader fields(bytes);
  while (fields.next()) {
    if (fields.field() != kEntriesEntry || !fields.is(WireType::Bytes)) continue;
    const Position after = entries.empty() ? 0 : entries.back().position;
    if (!read_entry(fields.bytes(), after, entries.emplace_back(), problem)) return false;
  }
  if (!fields.ok()) return problem = "malformed entries", false;
  if (entries.empty()) return problem = "a batch without entries", false;
  return true;
}

}  // namespace

std::size_t serialised_size(std::span<const Entry> entries) {
  std::size_t size = 0;
  for (const Entry& entry : entries) size += block_size(kEntriesEntry, content_size(entry));
  return size;
}

void encode_batch(std::span<const Entry> entries, std::string& out) {
  begin_frame(kBatchEntries, serialised_size(entries), out);
  for (const Entry& entry : entries) {
    std::array<char, kEntryOverhead> bytes{};
    ProtoWriter writer(bytes.data());
    writer.block(kEntriesEntry, content_size(entry));
    writer.number(kEntryPosition, entry.position);
    if (!entry.event.empty()) writer.block(kEntryEvent, entry.event.size());
    out.append(bytes.data(), writer.end()).append(entry.event);
  }
}

struct BatchCompressor::State {
  explicit State(int level) : context(ZSTD_createCCtx(), ZSTD_freeCCtx) {
    if (context == nullptr) throw std::bad_alloc();
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, kMaxZstdWindowLog);
  }

  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context;
  std::string plain;
  std::string packed;
};

BatchCompressor::BatchCompressor(int level) : state_(std::make_unique<State>(level)) {}
BatchCompressor::BatchCompressor(BatchCompressor&&) noexcept = default;
BatchCompressor& BatchCompressor::operator=(BatchCompressor&&) noexcept = default;
BatchCompressor::~BatchCompressor() = default;

void BatchCompressor::encode(std::span<const Entry> entries, std::string& out) {
  std::string& plain = state_->plain;
  std::string& packed = state_->packed;
  plain.resize(serialised_size(entries));
  ProtoWriter entry_writer(plain.data());
  write_entries(entry_writer, entries);
  packed.resize(ZSTD_compressBound(plain.size()));
  const std::size_t size =
      ZSTD_compress2(state_->context.get(), packed.data(), packed.size(), plain.data(), plain.size());
  const std::size_t fields = number_size(kCompression, static_cast<std::uint64_t>(Compression::Zstd)) +
                             number_size(kUncompressedSize, plain.size()) +
                             block_size(kCompressedData, ZSTD_isError(size) ? 0 : size);
  if (ZSTD_isError(size) || fields >= plain.size()) {
    begin_frame(kBatchEntries, plain.size(), out);
    out += plain;
    return;
  }
  begin_frame(kBatchCompressed, fields, out);
  std::array<char, 2 * kEntryOverhead> bytes{};
  ProtoWriter writer(bytes.data());
  writer.number(kCompression, static_cast<std::uint64_t>(Compression::Zstd));
  writer.number(kUncompressedSize, plain.size());
  writer.block(kCompressedData, size);
  out.append(bytes.data(), writer.end()).append(packed, 0, size);
}

struct BatchReader::State {
  State() : context(ZSTD_createDCtx(), ZSTD_freeDCtx) {
    if (context == nullptr) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, kMaxZstdWindowLog);
  }

  bool unpack(ByteView packed, std::size_t size, std::string& problem);
  bool read_compressed(ByteView message, std::string& problem);

  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context;
  std::string plain;
};

// By the streaming interface, which alone minds the window: all must come out, and nothing more, in one go.
bool BatchReader::State::unpack(ByteView packed, std::size_t size, std::string& problem) {
  ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
  plain.resize(size);
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  ZSTD_outBuffer out{plain.data(), plain.size(), 0};
  std::size_t left = 1;
  while (left != 0) {
    const std::size_t before = in.pos + out.pos;
    left = ZSTD_decompressStream(context.get(), &out, &in);
    if (ZSTD_isError(left)) return problem = "a batch that zstd cannot undo", false;
    if (left != 0 && in.pos + out.pos == before) break;
  }
  if (left != 0 || in.pos != in.size || out.pos != out.size)
    return problem = "a batch that does not have the size it declares", false;
  return true;
}

bool BatchReader::State::read_compressed(ByteView message, std::string& problem) {
  ProtoReader fields(message);
  std::uint64_t compression = 0;
  std::uint64_t size = 0;
  ByteView packed;
  while (fields.next()) {
    if (fields.field() == kCompression && fields.is(WireType::Varint)) compression = fields.number();
    if (fields.field() == kUncompressedSize && fields.is(WireType::Varint)) size = fields.number();
    if (fields.field() == kCompressedData && fields.is(WireType::Bytes)) packed = fields.bytes();
  }
  if (!fields.ok()) return problem = "a malformed compressed batch", false;
  if (compression != static_cast<std::uint64_t>(Compression::Zstd))
    return problem = "a batch in a compression that is not known here", false;
  if (size == 0 || size > kMaxUncompressedBatch)
    return problem = "a compressed batch that declares an impossible size", false;
  return unpack(packed, static_cast<std::size_t>(size), problem);
}

BatchReader::BatchReader() : state_(std::make_unique<State>()) {}
BatchReader::BatchReader(BatchReader&&) noexcept = default;
BatchReader& BatchReader::operator=(BatchReader&&) noexcept = default;
BatchReader::~BatchReader() = default;

bool BatchReader::read(const Batch& batch, std::vector<Entry>& entries, std::string& problem) {
  entries.clear();
  ProtoReader fields(batch.bytes);
  unsigned kind = 0;
  ByteView content;
  while (fields.next()) {
    if (!fields.is(WireType::Bytes)) continue;
    if (fields.field() != kBatchEntries && fields.field() != kBatchCompressed) continue;
    kind = fields.field();
    content = fields.bytes();
  }
  if (!fields.ok()) return problem = "a malformed batch", false;
  if (kind == 0) return problem = "a batch without entries", false;
  if (kind == kBatchEntries) return read_entries(content, entries, problem);
  return state_->read_compressed(content, problem) && read_entries(state_->plain, entries, problem);
}

}  // namespace webtap::wire
