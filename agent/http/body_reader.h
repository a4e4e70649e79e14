// Reads a message body off the wire (RFC 9112, sections 6 and 7): by length, chunked, or until the connection
// closes; and keeps its bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "agent/http/findings.h"
#include "agent/http/transaction.h"

namespace webtap::http {

struct Framing {
  enum class Kind : std::uint8_t {
    None,
    Length,
    Chunked,
    UntilClose,
    UntilNext,  // no length can be read: up to what begins the next message. Not for BodyReader::read()
  };
  Kind kind = Kind::None;
  std::uint64_t length = 0;
  // For Chunked: how to read the body if its first bytes are no chunk size. Labels may be doubtful or lie;
  // what the recipient made of the body is told by its first bytes.
  Kind otherwise = Kind::None;
  // The connection is to stay open: where the body goes on until it closes, what follows may be a message all
  // the same.
  bool stays_open = false;
};

// Where a body's bytes go. Without a message (one that was let go) they are counted only.
struct BodyStore {
  Message* message = nullptr;
  std::size_t limit = 0;
  bool keep_framing = false;
};

class BodyReader {
 public:
  enum class Step {
    NeedMore,
    End,
    Lost,  // the framing is broken: where the message ends is unknown
  };

  void begin(const Framing& framing, const BodyStore& store);
  // Takes bytes from the front of `in`.
  Step read(ByteView& in, Findings& findings);
  // Bytes are missing. `length` is reduced by those that belong to this body; what is left is behind its end.
  Step gap(std::uint64_t& length, Findings& findings);
  // Nothing more comes. True if the body is complete.
  bool finish(Findings& findings);

  bool chunked() const { return kind_ == Framing::Kind::Chunked; }
  bool until_close() const { return kind_ == Framing::Kind::UntilClose; }
  bool stays_open() const { return framing_.stays_open; }
  // Bytes that the framing announced and that have not come; 0 where that is unknown.
  std::uint64_t remaining() const { return kind_ == Framing::Kind::UntilClose ? 0 : remaining_; }
  // Of the body in the form in which it is kept.
  std::uint64_t missing() const { return missing_; }
  // After End and Lost: bytes taken that do not belong to the body. They come before what is left of `in`.
  const std::string& given_back() const { return line_; }
  // Bytes of framing held until a line of it is complete.
  std::size_t waiting() const { return line_.size(); }
  // Forgets the message, but goes on to its end.
  void let_go() { store_.message = nullptr; }
  // Appends bytes outside of the framing.
  void keep(ByteView bytes);

 private:
  enum class Chunk : std::uint8_t { Size, Data, DataEnd, Trailer };
  static constexpr std::size_t kSizeLine = 128;    // the first chunk-size line ends within so many bytes,
  static constexpr std::size_t kExtension = 4096;  // or, with an extension, within so many
  static constexpr std::size_t kTrailer = 64 << 10;
  static constexpr int kEmptyLines = 8;  // before a chunk size

  Step read_chunked(ByteView& in, Findings& findings);
  Step read_size(ByteView& in, Findings& findings);
  Step on_size_line(Findings& findings);
  Step on_invalid_size(Findings& findings);
  void begin_data_end();
  Step read_data_end(ByteView& in, Findings& findings);
  Step read_trailer(ByteView& in, Findings& findings);
  Step end_of_trailer(Findings& findings);
  void keep_framing(ByteView bytes);
  std::size_t take_line(ByteView& in, std::size_t limit);

  Framing framing_;
  BodyStore store_;
  std::uint64_t remaining_ = 0;  // of the body, or of the chunk
  std::uint64_t missing_ = 0;
  std::string line_;            // the chunk-size line or trailer section so far
  std::size_t line_begin_ = 0;  // of the last line of the trailer section
  int empty_lines_ = 0;
  Framing::Kind kind_ = Framing::Kind::None;
  Chunk chunk_ = Chunk::Size;
  bool first_chunk_ = true;
  bool data_end_cr_ = false;  // a CR was read behind the chunk's data
};

}  // namespace webtap::http
