#include "agent/audit/auditor.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "agent/audit/head_fields.h"
#include "webtap/base/random.h"
#include "webtap/event/boundary.h"

namespace webtap::audit {
namespace {

using event::FindingKind;
using event::Side;

// The digits of each byte, the low one first.
constexpr auto kHexPairs = [] {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<std::array<char, 2>, 256> pairs{};
  for (std::size_t byte = 0; byte < pairs.size(); ++byte)
    pairs[byte] = {kDigits[byte & 15], kDigits[byte >> 4]};
  return pairs;
}();

// Whether a coding is named that changes bytes (RFC 9110, section 8.4.1: "identity" does not).
bool is_coded(ByteView codings) {
  while (!codings.empty()) {
    const std::size_t comma = std::min(codings.find(','), codings.size());
    const ByteView coding = trimmed(codings, {0, comma}).in(codings);
    if (!coding.empty() && !equal_ignoring_case(coding, "identity")) return true;
    codings.remove_prefix(std::min(comma + 1, codings.size()));
  }
  return false;
}

bool has_finding(const std::vector<event::Finding>& findings, FindingKind kind, Side side) {
  return std::ranges::any_of(findings, [&](const auto& f) { return f.kind == kind && f.side == side; });
}

// Whether a body that could not be decoded may yet be read by those who know its coding.
bool may_still_be_coded(const std::vector<event::Finding>& findings, Side side) {
  return !has_finding(findings, FindingKind::ContentMislabelled, side);
}

}  // namespace

Auditor::Auditor(Options options, EventHandler& next)
    : Auditor(std::move(options), next, [source = RandomSource{}]() mutable { return source.u32(); }) {}

Auditor::Auditor(Options options, EventHandler& next, RandomWords random)
    : options_(std::move(options)),
      next_(next),
      random_(std::move(random)),
      ids_(options_.sensor_uuid, options_.boot_epoch),
      masker_(options_.masked_names),
      next_sequence_(options_.first_sequence) {}

void Auditor::on_transaction(http::Transaction& transaction) {
  event::AuditEvent& event = next_.slot();
  name(event);
  event.started = transaction.started;
  event.finished = std::max(transaction.started, transaction.finished);
  event.client = transaction.client;
  event.server = transaction.server;
  event.status = transaction.status;
  if (!transaction.findings.empty()) event.findings.swap(transaction.findings);
  event.host = std::move(transaction.host);
  event.server_banner = transaction.server_field.in(transaction.response.head);
  const BodyForm request = take(transaction.request, Side::Request, event.request, event.findings);
  const BodyForm response = take(transaction.response, Side::Response, event.response, event.findings);
  if (masker_.enabled()) masker_.mask(event, request, response);
  draw_boundary(event);
  count(event);
  next_.publish();
}

void Auditor::name(event::AuditEvent& event) {
  event.name = {options_.sensor_uuid, options_.boot_epoch, next_sequence_};
  ids_.write(next_sequence_, event.transaction_id);
  next_sequence_ += options_.sequence_step;
  event.sensor = options_.sensor;
  event.producer = options_.producer;
}

BodyForm Auditor::take(http::Message& message, Side side, event::HttpMessage& out,
                       std::vector<event::Finding>& findings) {
  out.present = message.present;
  out.head = std::move(message.head);  // which leaves the old buffer of the one to the other
  out.body = std::move(message.body);
  out.body_size = message.body_size;
  out.wire_size = message.wire_size;
  BodyForm form;
  const bool coded = !out.body.empty() && is_coded(message.content_encoding);
  const bool decoded = coded && options_.bodies == Bodies::Decoded && decode(message, side, out, findings);
  if (!masker_.enabled()) return form;
  form.coded = coded && !decoded && may_still_be_coded(findings, side);
  form.framed = options_.bodies == Bodies::Wire && has_field(out.head, "Transfer-Encoding");
  if (message.first_gap == http::Message::kNoGap || decoded) return form;
  form.gap = static_cast<std::size_t>(std::min<std::uint64_t>(message.first_gap, out.body.size()));
  form.several_gaps = std::ranges::count_if(findings, [&](const auto& f) {
                        return f.kind == FindingKind::BodyGap && f.side == side;
                      }) != 1;
  return form;
}

// What stands behind lost bytes is nothing that a decoder could read.
bool Auditor::decode(const http::Message& message, Side side, event::HttpMessage& out,
                     std::vector<event::Finding>& findings) {
  const bool complete = message.first_gap == http::Message::kNoGap && out.body.size() == out.body_size &&
                        !has_finding(findings, FindingKind::Incomplete, side);
  const ByteView readable =
      ByteView(out.body).substr(0, std::min<std::uint64_t>(message.first_gap, out.body.size()));
  decoded_.clear();
  const http::DecodeResult result = http::decode_content(message.content_encoding, readable, complete,
                                                         options_.decode, side, decoded_, findings);
  if (!result.decoded) return false;
  out.body.swap(decoded_);
  out.body_size = result.total_bytes;
  if (result.total_bytes > out.body.size()) {
    findings.push_back({.kind = FindingKind::BodyTruncated,
                        .side = side,
                        .offset = out.body.size(),
                        .length = result.total_bytes - out.body.size(),
                        .detail = {}});
  }
  ++counters_.bodies_decoded;
  return true;
}

void Auditor::draw_boundary(event::AuditEvent& event) {
  for (;; ++counters_.boundaries_redrawn) {
    std::array<char, 8> digits;
    std::uint32_t word = random_();
    for (std::size_t i = 0; i < digits.size(); i += 2, word >>= 8) {
      digits[i] = kHexPairs[word & 255][0];
      digits[i + 1] = kHexPairs[word & 255][1];
    }
    event.boundary.assign(digits.data(), digits.size());
    if (!event::occurs(event.boundary, event)) return;
  }
}

void Auditor::count(const event::AuditEvent& event) {
  ++counters_.events;
  for (const event::Finding& finding : event.findings) {
    const auto number = static_cast<std::size_t>(finding.kind);
    ++counters_.findings[number < kFindingNumbers ? number : 0];
  }
}

}  // namespace webtap::audit
