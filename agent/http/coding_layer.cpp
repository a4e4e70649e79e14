#include "agent/http/coding_layer.h"

#include <algorithm>
#include <utility>

namespace webtap::http {
namespace {

using event::FindingKind;

constexpr std::uint64_t kRatioFrom = 1u << 20;  // output below this is never too much
constexpr std::size_t kCredibleOutput = 256;    // so much comes out of no bytes by chance
constexpr std::size_t kShortestTelling = 16;    // a start shorter than this tells nothing of the rest

}  // namespace

void CodingJob::find(FindingKind kind, std::string detail, std::uint64_t length) {
  detail.resize(std::min(detail.size(), event::kMaxFindingDetail));
  findings.push_back({kind, side, 0, length, std::move(detail)});
}

void CodingJob::count(std::string_view label, std::size_t produced, std::uint64_t layer_total) {
  work += produced;
  if (layer_total > kRatioFrom && layer_total / std::max<std::size_t>(limits.ratio, 1) >= body_size) {
    stop(label, layer_total, "more than " + std::to_string(limits.ratio) + " times the coded body");
  } else if (work > limits.work_bytes) {
    stop(label, layer_total, "all codings together made more than " + std::to_string(limits.work_bytes));
  }
}

void CodingJob::stop(std::string_view label, std::uint64_t layer_total, const std::string& reason) {
  if (stopped) return;
  stopped = true;
  find(FindingKind::ContentLimit,
       std::string(label) + ": stopped after " + std::to_string(layer_total) + " bytes, " + reason);
}

void CodingLayer::start(BlockSource& below, Label label, bool quiet, CodingJob& job) {
  below_ = &below;
  job_ = &job;
  label_ = label;
  quiet_ = quiet;
  opened_ = false;
  ended_ = false;
  cut_ = false;
  doubtful_ = false;
  active_ = nullptr;
  first_ = {};
  in_ = {};
  total_ = 0;
  filled_ = 0;
}

CodingDecoder& CodingLayer::decoder(Format format) {
  auto& kept = decoders_[static_cast<std::size_t>(format)];
  if (!kept) kept = make_decoder(format);
  return *kept;
}

void CodingLayer::find(FindingKind kind, std::string_view text, std::uint64_t length) {
  job_->find(kind, std::string(name(label_)) + ": " + std::string(text), length);
}

ByteView CodingLayer::next() {
  if (!opened_) open();
  if (active_ == nullptr) return pass();
  if (filled_ == 0 && !ended_) fill();
  return take_buffer();
}

ByteView CodingLayer::pass() {
  const ByteView block = first_.empty() && !ended_ ? below_->next() : std::exchange(first_, {});
  ended_ = block.empty();
  if (ended_) cut_ = below_->cut();
  return block;
}

ByteView CodingLayer::take_buffer() { return {buffer_.get(), std::exchange(filled_, 0)}; }

// Finds out what the bytes are: the likely formats are tried on the first block, and the output of the first
// one that makes sense is kept.
void CodingLayer::open() {
  opened_ = true;
  first_ = below_->next();
  if (first_.empty()) return;
  quiet_ = quiet_ || below_->doubtful();
  const Candidates tries = candidates(label_, first_);
  for (std::size_t i = 0; i < tries.count; ++i) {
    if (attempt(tries.formats[i])) return accept(tries.formats[i]);
  }
  pass_on(tries.count > 0 ? decoder(tries.formats[0]).failure() : "");
}

bool CodingLayer::attempt(Format format) {
  CodingDecoder& tried = decoder(format);
  tried.reset();
  in_ = first_;
  filled_ = tried.decode(in_, buffer_.get(), kBlock);
  if (has_magic(format, first_)) return true;
  const bool text = looks_like_text(first_);
  if (tried.failed()) return filled_ >= kCredibleOutput && !text;
  if (tried.at_end()) return tried.trailing() == 0 || (filled_ > 0 && tried.trailing() <= first_.size() / 2);
  return !text || (first_.size() < kShortestTelling && !job_->complete);
}

void CodingLayer::accept(Format format) {
  active_ = &decoder(format);
  if (name(format) != name(label_)) {
    find(FindingKind::ContentMislabelled, "body is " + std::string(name(format)));
  }
  first_ = {};
  total_ = filled_;
  flushed_ = filled_ < kBlock;
  job_->count(name(label_), filled_, total_);
  if (filled_ < kBlock) fill();
}

void CodingLayer::pass_on(std::string reason) {
  doubtful_ = true;
  filled_ = 0;
  if (quiet_) return;
  if (looks_like_text(first_)) return find(FindingKind::ContentMislabelled, "body is not compressed");
  if (reason.empty()) reason = "no " + std::string(name(label_)) + " header";
  find(FindingKind::ContentUndecodable, reason);
}

// Fills what is left of the buffer.
void CodingLayer::fill() {
  while (filled_ < kBlock && !ended_) {
    if (job_->stopped || active_->failed()) return finish();
    if (in_.empty() && flushed_) {
      in_ = below_->next();
      if (in_.empty()) return finish();
    }
    const std::size_t produced = active_->decode(in_, buffer_.get() + filled_, kBlock - filled_);
    filled_ += produced;
    total_ += produced;
    flushed_ = filled_ < kBlock;
    job_->count(name(label_), produced, total_);
  }
}

void CodingLayer::finish() {
  ended_ = true;
  cut_ = job_->stopped || active_->failed() || below_->cut() || !active_->at_end();
  if (!active_->oddity().empty()) find(FindingKind::ContentMislabelled, active_->oddity());
  if (!active_->damage().empty()) find(FindingKind::ContentUndecodable, active_->damage());
  if (active_->failed()) {
    find(FindingKind::ContentUndecodable, active_->failure());
  } else if (!job_->stopped && !below_->cut() && !active_->at_end()) {
    find(FindingKind::ContentUndecodable, active_->missing());
  }
  if (active_->trailing() > 0) find(FindingKind::ContentTrailingData, "", active_->trailing());
}

}  // namespace webtap::http
