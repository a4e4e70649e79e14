// One coding of a stack, undone block by block: a layer pulls coded blocks from the layer below it, so that
// no intermediate body is ever held.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/http/coding_decoder.h"
#include "agent/http/coding_sniffer.h"
#include "agent/http/content_coding.h"
#include "webtap/event/finding.h"

namespace webtap::http {

// What the layers of one body share.
struct CodingJob {
  const DecodeLimits& limits;
  std::size_t body_size;
  bool complete;
  event::Side side;
  std::vector<event::Finding>& findings;
  std::uint64_t work = 0;  // bytes produced by all layers
  bool stopped = false;    // by a limit

  void find(event::FindingKind kind, std::string detail, std::uint64_t length = 0);
  // Counts what a layer produced; past a limit it says so, once, and stops the job.
  void count(std::string_view label, std::size_t produced, std::uint64_t layer_total);
  void stop(std::string_view label, std::uint64_t layer_total, const std::string& reason);
};

class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // The next bytes, valid until the next call; empty at the end. But for the last one, blocks of a layer are
  // kBlock bytes long.
  virtual ByteView next() = 0;
  // After the end: it came early, for a reason that is known.
  virtual bool cut() const = 0;
  // The labels are known to be wrong: another one that is wrong too is no news.
  virtual bool doubtful() const = 0;

  static constexpr std::size_t kBlock = 32u << 10;
};

// The body as it came.
class BodySource final : public BlockSource {
 public:
  BodySource(ByteView body, bool complete) : body_(body), complete_(complete) {}

  ByteView next() override {
    const ByteView block = body_;
    body_ = {};
    return block;
  }
  bool cut() const override { return !complete_; }
  bool doubtful() const override { return false; }

 private:
  ByteView body_;
  bool complete_;
};

class CodingLayer final : public BlockSource {
 public:
  // Undoes what `label` names, or what the bytes show to be there instead. `quiet`: there is a reason known
  // why the bytes may not be in that coding.
  void start(BlockSource& below, Label label, bool quiet, CodingJob& job);

  ByteView next() override;
  bool cut() const override { return cut_; }
  bool doubtful() const override { return doubtful_; }
  // Whether something is undone here; known after the first next().
  bool active() const { return active_ != nullptr; }

 private:
  void open();
  bool attempt(Format format);
  void accept(Format format);
  void pass_on(std::string reason);
  ByteView pass();
  ByteView take_buffer();
  void fill();
  void finish();
  void find(event::FindingKind kind, std::string_view text, std::uint64_t length = 0);
  CodingDecoder& decoder(Format format);

  BlockSource* below_ = nullptr;
  CodingJob* job_ = nullptr;
  Label label_{};
  bool quiet_ = false;
  bool opened_ = false;
  bool ended_ = false;  // nothing comes any more
  bool cut_ = false;
  bool doubtful_ = false;
  CodingDecoder* active_ = nullptr;
  ByteView first_;       // the first block from below
  ByteView in_;          // what is left of the current block
  bool flushed_ = true;  // the decoder holds nothing back that it could give without more input
  std::uint64_t total_ = 0;
  std::size_t filled_ = 0;
  std::unique_ptr<char[]> buffer_ = std::make_unique_for_overwrite<char[]>(kBlock);
  std::array<std::unique_ptr<CodingDecoder>, kFormats> decoders_;  // made when first used
};

}  // namespace webtap::http
