// audit:DIR: audit logs as the sensor writes them, by the same writer, with a journal beside them so that
// each event is in them once.
#pragma once

#include <memory>

#include "client/sinks/sink.h"
#include "client/sinks/sink_url.h"

namespace webtap::client {

void check_audit_url(const SinkUrl& url);
std::unique_ptr<Sink> open_audit_sink(const SinkUrl& url, Say say);

}  // namespace webtap::client
