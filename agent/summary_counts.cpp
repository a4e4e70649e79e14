#include "agent/summary_counts.h"

#include <array>
#include <string_view>

#include "webtap/event/finding.h"

namespace webtap::agent {
namespace {

constexpr std::array<std::string_view, 6> kEndReasons{"finished",   "reset",   "idle-timeout",
                                                      "port-reuse", "evicted", "end-of-capture"};

}  // namespace

Counts packets_skipped(const decode::Counters& decode) {
  Counts counts;
  for (std::size_t kind = 0; kind < decode.skipped.size(); ++kind) {
    counts.emplace_back(decode::name(static_cast<decode::Skipped>(kind)), decode.skipped[kind]);
  }
  return counts;
}

Counts fragments(const decode::FragmentCounters& fragments) {
  return {{"reassembled", fragments.reassembled},
          {"incomplete", fragments.incomplete},
          {"evicted", fragments.evicted},
          {"waiting", fragments.waiting},
          {"conflicting-bytes", fragments.conflicting_bytes}};
}

Counts stream_troubles(const stream::Counters& stream) {
  return {{"gaps", stream.gaps},
          {"gap-bytes", stream.gap_bytes},
          {"conflicting-bytes", stream.conflicting_bytes},
          {"retransmitted-bytes", stream.retransmitted_bytes},
          {"out-of-order-segments", stream.out_of_order_segments},
          {"stray-segments", stream.stray_segments}};
}

Counts connection_ends(const stream::Counters& stream) {
  Counts counts;
  for (std::size_t reason = 0; reason < kEndReasons.size(); ++reason) {
    counts.emplace_back(kEndReasons[reason], stream.ended[reason]);
  }
  return counts;
}

Counts connection_protocols(const http::Counters& http) {
  return {{"http", http.connections_http},
          {"tls", http.connections_tls},
          {"http2", http.connections_http2},
          {"unknown", http.connections_unknown}};
}

Counts findings(const audit::Counters& audit) {
  Counts counts;
  for (std::size_t number = 0; number < audit.findings.size(); ++number) {
    if (audit.findings[number] == 0) continue;
    const auto* text = event::finding_text(static_cast<event::FindingKind>(number));
    counts.emplace_back(text == nullptr ? "other" : std::string(text->name), audit.findings[number]);
  }
  return counts;
}

Counts places(const audit::PlaceCounts& masked) {
  Counts counts;
  for (std::size_t place = 0; place < masked.size(); ++place) {
    counts.emplace_back(audit::place_name(static_cast<audit::Place>(place)), masked[place]);
  }
  return counts;
}

Counts spool_troubles(const spool::SpoolCounters& spool) {
  return {{"refused", spool.refused},
          {"too-large", spool.too_large},
          {"lost", spool.lost},
          {"failures", spool.failures},
          {"damages", spool.damages}};
}

Counts send_troubles(const server::Counters& server) {
  return {{"gaps", server.gaps}, {"unreadable", server.unreadable}, {"too-large", server.too_large}};
}

Counts losses(const InterfaceSummary& interface) {
  return {{"received", interface.received},
          {"dropped-by-kernel", interface.dropped},
          {"dropped-by-interface", interface.dropped_below}};
}

Counts sheds(const ShedSummary& shed) { return {{"connections", shed.connections}, {"events", shed.events}}; }

Counts refusals(const server::Counters& server) { return {server.refused.begin(), server.refused.end()}; }

}  // namespace webtap::agent
