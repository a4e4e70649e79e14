// Counters of a summary that belong together, each with its name: the same in the text, in JSON and in
// metrics.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "agent/summary.h"

namespace webtap::agent {

using Counts = std::vector<std::pair<std::string, std::uint64_t>>;

Counts packets_skipped(const decode::Counters& decode);
Counts fragments(const decode::FragmentCounters& fragments);
Counts stream_troubles(const stream::Counters& stream);
Counts connection_ends(const stream::Counters& stream);
Counts connection_protocols(const http::Counters& http);
Counts findings(const audit::Counters& audit);
Counts places(const audit::PlaceCounts& masked);
Counts spool_troubles(const spool::SpoolCounters& spool);
Counts send_troubles(const server::Counters& server);
Counts losses(const InterfaceSummary& interface);
Counts sheds(const ShedSummary& shed);
Counts refusals(const server::Counters& server);

}  // namespace webtap::agent
