// What one subscription is sent: which events, and how much of each. Subscriptions with equal selections
// share what is made for them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "webtap/wire/event_codec.h"
#include "webtap/wire/frame.h"

namespace webtap::server {

struct Selection {
  wire::Filter filter;             // what the subscriber wants
  std::vector<std::string> hosts;  // globs: what it may have; one "*" is everything
  bool bodies = false;
  std::vector<std::string> masked_fields;  // of heads, in lower case: their values become `*`
  bool local = false;  // of subscribers on this machine: compressed only where many share it
  wire::Compression compression = wire::Compression::None;
  Timestamp since = Timestamp::min();  // events that were kept earlier do not pass

  bool operator==(const Selection&) const = default;
  // Whether every event passes, whole.
  bool is_everything() const;
};

// Whether the event is part of the selection.
bool passes(const Selection& selection, const wire::EventView& event);

// "WWW.Example.com:8080" as host globs see it: "www.example.com"; "[2001:db8::1]:80" is "2001:db8::1".
std::string host_name(std::string_view host);

}  // namespace webtap::server
