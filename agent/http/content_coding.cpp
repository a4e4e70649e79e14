#include "agent/http/content_coding.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "agent/http/coding_layer.h"

namespace webtap::http {
namespace {

using event::FindingKind;

// The layers of one body after the other; what they allocated is kept.
class ContentDecoder {
 public:
  DecodeResult decode(ByteView codings, ByteView body, bool complete, std::string& out, CodingJob& job);

 private:
  void stack_layers(ByteView codings, BlockSource& body, CodingJob& job);
  CodingLayer& add_layer(BlockSource& below, Label label, bool quiet, CodingJob& job);
  bool any_active() const;
  DecodeResult drain(std::string& out, CodingJob& job);

  static constexpr std::size_t kLayersKept = 2;  // their states, from body to body

  std::vector<std::unique_ptr<CodingLayer>> layers_;
  std::size_t used_ = 0;
};

CodingLayer& ContentDecoder::add_layer(BlockSource& below, Label label, bool quiet, CodingJob& job) {
  if (used_ == layers_.size()) layers_.push_back(std::make_unique<CodingLayer>());
  CodingLayer& layer = *layers_[used_++];
  layer.start(below, label, quiet, job);
  return layer;
}

// The coding applied last is undone first. What stands in front of an unknown coding is tried all the same:
// some servers name codings that they did not apply.
void ContentDecoder::stack_layers(ByteView codings, BlockSource& body, CodingJob& job) {
  BlockSource* below = &body;
  bool unknown = false;
  for (bool more = true; more;) {
    const std::size_t comma = codings.rfind(',');
    more = comma != ByteView::npos;
    const CodingName coding = parse_coding(more ? codings.substr(comma + 1) : codings);
    codings = codings.substr(0, more ? comma : 0);
    if (coding.identity) continue;
    if (!coding.label) {
      if (!unknown) job.find(FindingKind::ContentUnknownCoding, coding.text);
      unknown = true;
      continue;
    }
    if (used_ == job.limits.layers) {
      return job.find(FindingKind::ContentLimit, "more than " + std::to_string(used_) + " codings");
    }
    if (coding.cleaned) {
      job.find(FindingKind::ContentMislabelled,
               coding.text + ": read as " + std::string(name(*coding.label)));
    }
    below = &add_layer(*below, *coding.label, unknown, job);
  }
}

bool ContentDecoder::any_active() const {
  const auto end = layers_.begin() + static_cast<std::ptrdiff_t>(used_);
  return std::any_of(layers_.begin(), end, [](const auto& layer) { return layer->active(); });
}

DecodeResult ContentDecoder::drain(std::string& out, CodingJob& job) {
  CodingLayer& top = *layers_[used_ - 1];
  DecodeResult result;
  for (ByteView block = top.next(); !block.empty(); block = top.next()) {
    if (!any_active()) return {};
    result.total_bytes += block.size();
    out.append(block.substr(0, job.limits.output_bytes - out.size()));
  }
  // Where an end came too early for anything to come out, the body stays as it came.
  result.decoded = any_active() && (result.total_bytes > 0 || !top.cut());
  return result;
}

DecodeResult ContentDecoder::decode(ByteView codings, ByteView body, bool complete, std::string& out,
                                    CodingJob& job) {
  out.clear();
  used_ = 0;
  if (body.empty()) return {};
  BodySource source(body, complete);
  stack_layers(codings, source, job);
  const DecodeResult result = used_ == 0 ? DecodeResult{} : drain(out, job);
  if (layers_.size() > kLayersKept) layers_.resize(kLayersKept);
  return result;
}

}  // namespace

DecodeResult decode_content(ByteView codings, ByteView body, bool complete, const DecodeLimits& limits,
                            event::Side side, std::string& out, std::vector<event::Finding>& findings) {
  // A decoder's tables and windows cost more to make than a small body costs to decode.
  thread_local ContentDecoder decoder;
  CodingJob job{limits, body.size(), complete, side, findings};
  return decoder.decode(codings, body, complete, out, job);
}

}  // namespace webtap::http
