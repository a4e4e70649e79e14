#include "agent/loss_report.h"

#include <algorithm>

namespace webtap::agent {
namespace {

std::uint64_t ended(const Summary& summary, stream::EndReason reason) {
  return summary.stream.ended[static_cast<std::size_t>(reason)];
}

}  // namespace

LossReport::Losses LossReport::losses(const Summary& summary) {
  Losses losses;
  for (const InterfaceSummary& interface : summary.interfaces) {
    losses.emplace_back("packets of " + interface.name + " dropped by the kernel", interface.dropped);
    losses.emplace_back("packets dropped by " + interface.name + " itself", interface.dropped_below);
  }
  if (summary.shed) {
    losses.emplace_back("new connections shed", summary.shed->connections);
    losses.emplace_back("events dropped before they were written", summary.shed->events);
  }
  losses.emplace_back("holes in connections", summary.stream.gaps);
  losses.emplace_back("bytes missing in them", summary.stream.gap_bytes);
  losses.emplace_back("connections let go to stay within memory", ended(summary, stream::EndReason::Evicted));
  losses.emplace_back("transactions let go to stay within memory", summary.http.evicted_transactions);
  losses.emplace_back("events not written", summary.events_lost);
  return losses;
}

std::string LossReport::look(const Summary& summary, Clock::time_point now) {
  if (any_ && now - last_ < kEvery) return {};
  std::string text = say(losses(summary));
  if (text.empty()) return text;
  any_ = true;
  last_ = now;
  return text;
}

std::string LossReport::rest(const Summary& summary) { return say(losses(summary)); }

std::string LossReport::say(Losses now) {
  std::string text;
  for (const auto& [name, count] : now) {
    const auto before = std::ranges::find(said_, name, &Losses::value_type::first);
    const std::uint64_t said = before == said_.end() ? 0 : before->second;
    if (count > said) text += (text.empty() ? "" : ", ") + std::to_string(count - said) + ' ' + name;
  }
  said_ = std::move(now);
  return text.empty() ? text : "lost: " + text;
}

}  // namespace webtap::agent
