#include "client/sinks/table.h"

#include <array>
#include <string>

#include "client/base/exit_status.h"
#include "client/sinks/audit_sink.h"
#include "client/sinks/stdout_sink.h"

namespace webtap::client {
namespace {

constexpr std::array kKinds{
    SinkKind{"audit", "audit:DIR?format=serial|concurrent|json&parts=ABCEFHZ&max-hosts=1000",
             "audit logs below DIR, each event once", check_audit_url, open_audit_sink},
    SinkKind{"stdout", "stdout:?format=json|serial|ecs", "standard output", check_stdout_url,
             open_stdout_sink},
};

}  // namespace

std::span<const SinkKind> sink_kinds() { return kKinds; }

const SinkKind& sink_kind(const SinkUrl& url) {
  std::string known;
  for (const SinkKind& kind : kKinds) {
    if (kind.scheme == url.scheme) {
      kind.check(url);
      return kind;
    }
    known += (known.empty() ? "" : ", ") + std::string(kind.scheme);
  }
  throw UsageError("there is no sink '" + url.scheme + ":'; there are: " + known);
}

}  // namespace webtap::client
