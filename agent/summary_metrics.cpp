#include "agent/summary_metrics.h"

#include <array>
#include <chrono>

#include "agent/summary_counts.h"
#include "webtap/event/finding.h"

namespace webtap::agent {
namespace {

using metrics::Exposition;
using Samples = Exposition::Samples;

double number(std::uint64_t count) { return static_cast<double>(count); }
double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

Samples samples(const Counts& counts) {
  Samples made;
  for (const auto& [name, count] : counts) made.emplace_back(name, number(count));
  return made;
}

// Kinds that were not found yet have a metric too: a rate can be told from the first one on.
Samples all_findings(const audit::Counters& audit) {
  Samples made{{"other", 0}};
  for (std::size_t kind = 0; kind < audit.findings.size(); ++kind) {
    const auto* const text = event::finding_text(static_cast<event::FindingKind>(kind));
    made.emplace_back(text == nullptr ? "other" : std::string(text->name), number(audit.findings[kind]));
  }
  return made;
}

Samples masked_by_place(const audit::MaskCounts& masked) {
  Samples made = samples(places(masked.unnamed));
  for (const audit::PlaceCounts& counts : masked.named) {
    for (auto& sample : samples(places(counts))) made.push_back(std::move(sample));
  }
  return made;
}

void add_capture(Exposition& out, const Summary& s) {
  out.counter("webtap_capture_packets_total", "Packets that were read.", number(s.decode.packets));
  out.counter("webtap_capture_bytes_total", "Bytes of these packets on the wire.", number(s.decode.bytes));
  if (!s.shed) {
    out.counter("webtap_input_files_total", "Capture files that were read.", number(s.files_read));
    out.counter("webtap_input_files_damaged_total", "Capture files that were damaged or not readable.",
                number(s.files_damaged));
    return;
  }
  Samples up, received, dropped, below;
  for (const InterfaceSummary& interface : s.interfaces) {
    up.emplace_back(interface.name, interface.up ? 1 : 0);
    received.emplace_back(interface.name, number(interface.received));
    dropped.emplace_back(interface.name, number(interface.dropped));
    below.emplace_back(interface.name, number(interface.dropped_below));
  }
  const char* const label = "interface";
  out.gauges("webtap_interface_up", "1 where packets can come from the interface, else 0.", label, up);
  out.counters("webtap_interface_received_packets_total",
               "Packets that the kernel had for the sensor, those that it dropped included.", label,
               received);
  out.counters("webtap_interface_kernel_dropped_packets_total",
               "Packets that the kernel dropped because the sensor's ring was full.", label, dropped);
  out.counters("webtap_interface_dropped_packets_total", "Packets that the interface or its driver dropped.",
               label, below);
  out.counter("webtap_shed_connections_total", "New connections that were left out whole, under load.",
              number(s.shed->connections));
  out.counter("webtap_shed_events_total", "Events that were left out whole, under load.",
              number(s.shed->events));
}

void add_decode(Exposition& out, const decode::Counters& decode) {
  out.counter("webtap_decode_segments_total", "TCP segments that were found.", number(decode.segments));
  out.counter("webtap_decode_tunnelled_segments_total", "TCP segments that came in a tunnel.",
              number(decode.tunnelled));
  out.counters("webtap_decode_skipped_packets_total", "Packets that gave no segment.", "reason",
               samples(packets_skipped(decode)));
  const decode::FragmentCounters& fragments = decode.fragments;
  out.counters("webtap_decode_fragmented_datagrams_total", "IP datagrams that came in fragments.", "outcome",
               {{"reassembled", number(fragments.reassembled)},
                {"incomplete", number(fragments.incomplete)},
                {"evicted", number(fragments.evicted)}});
  out.gauge("webtap_decode_fragmented_datagrams_waiting", "IP datagrams some of whose fragments are missing.",
            number(fragments.waiting));
  out.counter("webtap_decode_conflicting_bytes_total", "Bytes that came in two fragments, and differed.",
              number(fragments.conflicting_bytes));
}

void add_stream(Exposition& out, const stream::Counters& stream) {
  out.counter("webtap_stream_connections_total", "TCP connections that were followed.",
              number(stream.connections));
  out.gauge("webtap_stream_open_connections", "TCP connections that are followed now.",
            number(stream.open_connections));
  out.counters("webtap_stream_ended_connections_total", "TCP connections that ended.", "reason",
               samples(connection_ends(stream)));
  out.counter("webtap_stream_bytes_total", "Bytes that were put in order.", number(stream.bytes_delivered));
  out.counter("webtap_stream_retransmitted_bytes_total", "Bytes that came again.",
              number(stream.retransmitted_bytes));
  out.counter("webtap_stream_conflicting_bytes_total", "Bytes that came again, and differed.",
              number(stream.conflicting_bytes));
  out.counter("webtap_stream_out_of_order_segments_total", "Segments that came before their turn.",
              number(stream.out_of_order_segments));
  out.counter("webtap_stream_stray_segments_total", "Segments of no connection that is followed.",
              number(stream.stray_segments));
  out.counter("webtap_stream_gaps_total", "Holes that nothing filled: packets were lost.",
              number(stream.gaps));
  out.counter("webtap_stream_gap_bytes_total", "Bytes of these holes.", number(stream.gap_bytes));
  out.gauge("webtap_stream_buffered_bytes", "Bytes that wait for what comes before them.",
            number(stream.buffered_bytes));
}

void add_http(Exposition& out, const Summary& s) {
  out.counters("webtap_http_connections_total", "Connections by what was spoken on them.", "protocol",
               samples(connection_protocols(s.http)));
  out.counter("webtap_http_transactions_total", "HTTP transactions.", number(s.http.transactions));
  out.counter("webtap_http_requests_total", "HTTP requests.", number(s.http.requests));
  out.counter("webtap_http_responses_total", "HTTP responses.", number(s.http.responses));
  out.counter("webtap_http_evicted_transactions_total", "Transactions let go early to stay within memory.",
              number(s.http.evicted_transactions));
  out.counter("webtap_http_unparsed_bytes_total", "Bytes of connections that are no HTTP, tunnels included.",
              number(s.http.unparsed_bytes));
  out.counter("webtap_events_total", "Events that were made, one for each transaction.",
              number(s.audit.events));
  out.counters("webtap_findings_total", "What was found wrong with transactions, or worth saying of them.",
               "finding", all_findings(s.audit));
  out.counter("webtap_decoded_bodies_total", "Bodies whose compression was undone.",
              number(s.audit.bodies_decoded));
  out.counters("webtap_masked_values_total", "Values that became *.", "place", masked_by_place(s.masked));
}

void add_output(Exposition& out, const Summary& s) {
  out.gauge("webtap_queue_events", "Events that wait for the writer.", number(s.queue.events));
  out.gauge("webtap_queue_bytes", "Bytes of these events.", number(s.queue.bytes));
  out.gauge("webtap_queue_capacity_events", "Events that may wait for the writer.",
            number(s.queue.capacity_events));
  out.counter("webtap_queue_full_total", "How often the queue to the writer was full.", number(s.queue.full));
  out.counter("webtap_output_events_total", "Events that were written to audit logs.",
              number(s.events_written));
  out.counter("webtap_output_lost_events_total", "Events that could not be written to audit logs.",
              number(s.events_lost));
  out.counter("webtap_output_bytes_total", "Bytes that were written to audit logs.", number(s.bytes_written));
  out.counter("webtap_output_files_total", "Audit-log files that were opened or made.",
              number(s.files_written));
  if (!s.latency) return;
  std::array<double, sink::kLatencyBounds.size()> bounds{};
  for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = seconds(sink::kLatencyBounds[i]);
  out.histogram("webtap_event_latency_seconds",
                "From the last packet of a transaction until its event was given to all outputs.", bounds,
                s.latency->buckets, seconds(s.latency->sum));
}

void add_spool(Exposition& out, const ServedSummary& served) {
  const spool::SpoolCounters& spool = served.spool;
  out.counter("webtap_spool_appended_events_total", "Events that were given to the spool.",
              number(spool.appended));
  out.counter("webtap_spool_synced_events_total", "Events that are on the spool's disk.", number(spool.kept));
  out.counters(
      "webtap_spool_missing_events_total",
      "Events that the spool has not: refused (too large, or memory full), or lost (not taken by the "
      "disk in time).",
      "reason", {{"refused", number(spool.refused)}, {"lost", number(spool.lost)}});
  out.counter("webtap_spool_failures_total", "Failures to write or sync.", number(spool.failures));
  out.counter("webtap_spool_damages_total", "Damaged places that readers met.", number(spool.damages));
  out.gauge("webtap_spool_bytes", "Size of the spool on disk.", number(spool.bytes));
  out.gauge("webtap_spool_segments", "Files of the spool.", number(spool.segments));
  out.gauge("webtap_spool_cursors", "Durable subscribers that the spool remembers.", number(served.cursors));
  out.gauge("webtap_spool_cursor_lag_events",
            "Events that the durable subscriber furthest behind has not acknowledged.", number(served.lag));
}

void add_server(Exposition& out, const server::Counters& server) {
  out.counter("webtap_subscriber_connections_total", "Connections that were accepted.",
              number(server.accepted));
  out.counters("webtap_subscriber_refused_connections_total", "Connections that did not come to subscribe.",
               "reason", samples(refusals(server)));
  out.counter("webtap_subscriptions_total", "Subscriptions that were granted.", number(server.subscribed));
  out.gauge("webtap_subscribers", "Subscribers that are connected now.", number(server.open));
  out.counter("webtap_subscriber_events_total", "Events that were sent, to all subscribers together.",
              number(server.events));
  out.counter("webtap_subscriber_bytes_total", "Bytes that were sent to subscribers.", number(server.bytes));
  out.counter("webtap_subscriber_gaps_total", "Gaps that were told to subscribers.", number(server.gaps));
  out.counters("webtap_subscriber_unsent_events_total", "Events that could not be sent, which a gap says.",
               "reason",
               {{"unreadable", number(server.unreadable)}, {"too-large", number(server.too_large)}});
  const auto time = [](Timestamp end) { return seconds(end.time_since_epoch()); };
  Samples ends{{"certificate", time(server.validity.certificate)}, {"ca", time(server.validity.ca)}};
  if (server.validity.crl) ends.emplace_back("crl", time(*server.validity.crl));
  out.gauges("webtap_certificate_expiry_timestamp_seconds",
             "When the certificates and the revocation list that are in force end, in seconds since 1970.",
             "kind", ends);
}

}  // namespace

void add_metrics(Exposition& out, const Summary& summary) {
  out.gauges("webtap_build_info", "1, with the version of webtap-agent.", "version", {{WEBTAP_VERSION, 1}});
  add_capture(out, summary);
  add_decode(out, summary.decode);
  add_stream(out, summary.stream);
  add_http(out, summary);
  add_output(out, summary);
  if (!summary.served) return;
  add_spool(out, *summary.served);
  add_server(out, summary.served->server);
}

}  // namespace webtap::agent
