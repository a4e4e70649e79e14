#include "agent/server/selection.h"

#include <algorithm>
#include <cstdint>

#include "agent/server/glob.h"
#include "webtap/base/text.h"
#include "webtap/event/finding.h"
#include "webtap/event/head.h"

namespace webtap::server {
namespace {

bool any_matches(const std::vector<std::string>& globs, std::string_view text) {
  return std::ranges::any_of(globs, [text](const std::string& glob) { return matches(glob, text); });
}

bool contains(const wire::Network& network, const IpAddress& address) {
  if (network.address.version != address.version) return false;
  for (std::size_t i = 0; i * 8 < network.prefix_length; ++i) {
    const unsigned bits = std::min<unsigned>(8, network.prefix_length - static_cast<unsigned>(i * 8));
    const auto mask = static_cast<std::uint8_t>(0xff00u >> bits);
    if (((network.address.bytes[i] ^ address.bytes[i]) & mask) != 0) return false;
  }
  return true;
}

// Whether the event's entry has a Message line.
bool is_alert(const wire::EventView& event) {
  return !event.messages.empty() || std::ranges::any_of(event.findings, [](const wire::FindingView& finding) {
    const event::FindingText* text = event::finding_text(finding.kind);
    return text == nullptr || text->severity != event::Severity::Info;
  });
}

bool passes_request_line(const wire::Filter& filter, ByteView head) {
  if (filter.methods.empty() && filter.paths.empty()) return true;
  const event::RequestLine line = event::request_line(head);
  if (!filter.methods.empty() && std::ranges::find(filter.methods, line.method) == filter.methods.end())
    return false;
  return filter.paths.empty() || any_matches(filter.paths, line.target.substr(0, line.target.find('?')));
}

bool passes_filter(const wire::Filter& filter, const wire::EventView& event) {
  if (!filter.statuses.empty() && std::ranges::none_of(filter.statuses, [&](const wire::StatusRange& range) {
        return event.status >= range.first && event.status <= range.last;
      })) {
    return false;
  }
  if (!filter.clients.empty() && std::ranges::none_of(filter.clients, [&](const wire::Network& network) {
        return contains(network, event.client.address);
      })) {
    return false;
  }
  if (filter.alerts && !is_alert(event)) return false;
  return passes_request_line(filter, event.request.head);
}

bool is_any(const std::vector<std::string>& globs) { return std::ranges::find(globs, "*") != globs.end(); }

}  // namespace

bool Selection::is_everything() const {
  return filter == wire::Filter{} && is_any(hosts) && bodies && masked_fields.empty();
}

bool passes(const Selection& selection, const wire::EventView& event) {
  const bool any_host = is_any(selection.hosts);
  if (!any_host || !selection.filter.hosts.empty()) {
    const std::string host = host_name(event.host);
    if (!any_host && !any_matches(selection.hosts, host)) return false;
    if (!selection.filter.hosts.empty() && !any_matches(selection.filter.hosts, host)) return false;
  }
  return passes_filter(selection.filter, event);
}

std::string host_name(std::string_view host) {
  if (host.starts_with('[')) {
    host = host.substr(1, host.find(']') == std::string_view::npos ? host.size() : host.find(']') - 1);
  } else if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
    host = host.substr(0, colon);
  }
  std::string name(host);
  std::ranges::transform(name, name.begin(), lower);
  return name;
}

}  // namespace webtap::server
