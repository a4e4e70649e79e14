// Undoes one content coding, a block at a time. What each format's library does differently ends here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "webtap/base/bytes.h"

namespace webtap::http {

// The formats behind the names of RFC 9110, section 8.4.1; `deflate` names two.
enum class Format : std::uint8_t { Gzip, Zlib, RawDeflate, Brotli, Zstd };
inline constexpr std::size_t kFormats = 5;

class CodingDecoder {
 public:
  virtual ~CodingDecoder() = default;

  // Ready for a new stream.
  virtual void reset() = 0;
  // Takes bytes off `in` and writes at most `room` to `out`; answers how many. Unless it failed, either `in`
  // is used up and all it gave is written, or there is no room left. What follows the coded data is taken
  // too, and counted as trailing.
  virtual std::size_t decode(ByteView& in, char* out, std::size_t room) = 0;
  // Whether the coded data is complete with the bytes so far.
  virtual bool at_end() const = 0;
  // What is missing where the input ends here.
  virtual std::string_view missing() const { return "unexpected end"; }

  // Why nothing more can be decoded; empty: it can.
  const std::string& failure() const { return failure_; }
  bool failed() const { return !failure_.empty(); }
  // Bytes that follow the coded data.
  std::uint64_t trailing() const { return trailing_; }
  // The content does not match its checksum or length, though all was decoded; empty: it does.
  std::string_view damage() const { return damage_; }
  // A deviation of the format that did not keep its data from being decoded; empty: none.
  std::string_view oddity() const { return oddity_; }

 protected:
  void clear_state() {
    failure_.clear();
    damage_ = {};
    oddity_ = {};
    trailing_ = 0;
  }
  void fail(std::string_view reason) { failure_ = reason; }
  void note_damage(std::string_view text) { damage_ = text; }
  void note_oddity(std::string_view text) { oddity_ = text; }
  // From here on everything is trailing: `taken` bytes already, and all of `in`.
  void trail(ByteView& in, std::uint64_t taken = 0) {
    trailing_ += taken + in.size();
    in = {};
  }

 private:
  std::string failure_;
  std::string_view damage_;
  std::string_view oddity_;
  std::uint64_t trailing_ = 0;
};

std::unique_ptr<CodingDecoder> make_decoder(Format format);

}  // namespace webtap::http
