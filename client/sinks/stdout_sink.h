// stdout: events on standard output, as JSON lines, native entries or ECS documents. It keeps no position of
// its own: after a crash the last second's events come once more.
#pragma once

#include <memory>

#include "client/sinks/sink.h"
#include "client/sinks/sink_url.h"

namespace webtap::client {

void check_stdout_url(const SinkUrl& url);
std::unique_ptr<Sink> open_stdout_sink(const SinkUrl& url, Say say);

}  // namespace webtap::client
