// All sinks that there are.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "client/sinks/sink.h"
#include "client/sinks/sink_url.h"

namespace webtap::client {

struct SinkKind {
  std::string_view scheme;
  std::string_view form;  // for --help
  std::string_view what;
  // Throws UsageError where the URL is wrong.
  void (*check)(const SinkUrl& url);
  // Throws SinkError. `say` is told what people should know.
  std::unique_ptr<Sink> (*open)(const SinkUrl& url, Say say);
};

std::span<const SinkKind> sink_kinds();
// The kind of a URL, which it has checked. Throws UsageError.
const SinkKind& sink_kind(const SinkUrl& url);

}  // namespace webtap::client
