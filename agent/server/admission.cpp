// Who is let in, and what they get.
#include <algorithm>
#include <utility>

#include "agent/server/server_impl.h"
#include "webtap/base/digest.h"
#include "webtap/base/text.h"

namespace webtap::server {
namespace {

// A durable name belongs to an identity: two identities may use the same one.
std::string cursor_suffix(const std::string& identity) {
  static constexpr char kHex[] = "0123456789abcdef";
  const auto digest = sha256_prefix(identity);
  std::string suffix = "-";
  for (std::size_t i = 0; i < 6; ++i) {
    suffix += kHex[digest[i] >> 4];
    suffix += kHex[digest[i] & 15];
  }
  return suffix;
}

std::uint64_t granted(std::uint64_t wanted, std::uint64_t usual, std::uint64_t largest) {
  return wanted == 0 ? usual : std::min(wanted, largest);
}

}  // namespace

std::optional<wire::Error> Server::Impl::admit(Session& session, const wire::Subscribe& wanted,
                                               Admission& admission) {
  using wire::ErrorCode;
  if (stopping_) return wire::Error{ErrorCode::Internal, "the sensor is stopping", 1000};
  if (wanted.protocol_version == 0) return wire::Error{ErrorCode::Version, "this sensor speaks version 1", 0};
  const auto grant = trust_.subscribers.grant(session.identity());
  if (!grant) {
    return wire::Error{ErrorCode::NotPermitted,
                       "the subscribers' table does not name " + joined(names_of(session.identity())), 0};
  }
  if (wanted.bodies && !grant->bodies) {
    return wire::Error{ErrorCode::NotPermitted,
                       "bodies were asked for, and " + grant->identity + " may not have them", 0};
  }
  admission.grant = *grant;
  if (!wanted.durable_name.empty()) admission.cursor = wanted.durable_name + cursor_suffix(grant->identity);
  if (auto error = check_name(admission)) return error;
  if (auto error = check_connections(session, admission)) return error;
  Selection selection;
  selection.filter = wanted.filter;
  selection.hosts = grant->hosts;
  selection.bodies = wanted.bodies;
  selection.masked_fields = grant->masked_fields;
  selection.compression = compression_of(wanted);
  selection.local = options_.compression == Options::Compression::Remote && session.is_local();
  admission.selection = parcels_.shared(std::move(selection));
  admission.welcome = welcome(wanted, admission);
  if (begins_at_a_time(wanted, admission.cursor)) {
    Selection at_first = *admission.selection;
    at_first.since = wanted.start.time;
    admission.then = std::exchange(admission.selection, parcels_.shared(std::move(at_first)));
  }
  if (!admission.cursor.empty()) {
    spool_.set_cursor(admission.cursor, admission.welcome.start_position - 1);
  }
  const std::lock_guard lock(counters_mutex_);
  ++counters_.subscribed;
  ++counters_.open;
  return std::nullopt;
}

// Whether the spool can remember this durable name: there is room for so many in all, of which one identity
// cannot take more than its share.
std::optional<wire::Error> Server::Impl::check_name(const Admission& admission) const {
  if (admission.cursor.empty() || spool_.cursor(admission.cursor)) return std::nullopt;
  const spool::Cursors cursors = spool_.cursors();
  const std::string suffix = cursor_suffix(admission.grant.identity);
  const auto own = static_cast<std::size_t>(
      std::ranges::count_if(cursors, [&](const auto& cursor) { return cursor.first.ends_with(suffix); }));
  const auto refuse = [](const std::string& who, std::size_t names) {
    return wire::Error{wire::ErrorCode::InvalidSubscription,
                       "the sensor remembers " + std::to_string(names) + " durable names" + who +
                           ", and no more; a name is forgotten 30 days after it was last used",
                       0};
  };
  if (own >= options_.limits.durable_names)
    return refuse(" of " + admission.grant.identity, options_.limits.durable_names);
  if (cursors.size() >= spool::kMaxCursors) return refuse("", spool::kMaxCursors);
  return std::nullopt;
}

wire::Compression Server::Impl::compression_of(const wire::Subscribe& wanted) const {
  const bool zstd =
      std::ranges::find(wanted.compressions, wire::Compression::Zstd) != wanted.compressions.end();
  return zstd && options_.compression != Options::Compression::Never ? wire::Compression::Zstd
                                                                     : wire::Compression::None;
}

std::size_t Server::Impl::sharers_of(const Selection& selection) const {
  return static_cast<std::size_t>(std::ranges::count_if(sessions_, [&](const auto& session) {
    return session->subscribed() && session->admission()->selection.get() == &selection;
  }));
}

// A durable name that subscribes anew replaces its old connection, which may be dead without knowing.
std::optional<wire::Error> Server::Impl::check_connections(Session& session, const Admission& admission) {
  const auto sessions = sessions_;
  for (const auto& other : sessions) {
    if (other.get() == &session || !other->subscribed() || other->ending() || admission.cursor.empty())
      continue;
    if (other->admission()->cursor == admission.cursor) {
      other->leave({wire::GoodbyeCode::Replaced, "the same durable name subscribed anew", 0});
    }
  }
  if (connections_of(admission.grant.identity) < admission.grant.connections) return std::nullopt;
  return wire::Error{wire::ErrorCode::TooManyConnections,
                     admission.grant.identity + " has " + std::to_string(admission.grant.connections) +
                         " connections already, and may have no more",
                     10'000};
}

std::size_t Server::Impl::connections_of(const std::string& identity) const {
  return static_cast<std::size_t>(std::ranges::count_if(sessions_, [&](const auto& session) {
    return session->subscribed() && !session->ending() && session->admission()->grant.identity == identity;
  }));
}

wire::Welcome Server::Impl::welcome(const wire::Subscribe& wanted, const Admission& admission) const {
  const Limits& limits = options_.limits;
  wire::Welcome welcome;
  welcome.protocol_version = std::min(wanted.protocol_version, wire::kProtocolVersion);
  welcome.sensor_name = options_.sensor_name;
  welcome.sensor_uuid = spool_.sensor();
  welcome.software = options_.software;
  welcome.boot_epoch = spool_.epoch();
  welcome.first_position = std::min(spool_.first(), next_position());
  welcome.next_position = next_position();
  welcome.start_position = start_of(wanted, admission.cursor);
  welcome.permissions = {admission.grant.hosts, admission.selection->bodies};
  welcome.compression = admission.selection->compression;
  welcome.window.bytes =
      granted(wanted.window.bytes, limits.default_window_bytes, limits.largest_window_bytes);
  welcome.window.events =
      granted(wanted.window.events, limits.default_window_events, limits.largest_window_events);
  welcome.heartbeat_seconds = static_cast<std::uint32_t>(limits.heartbeat.count());
  welcome.silence_seconds = static_cast<std::uint32_t>(limits.silence.count());
  return welcome;
}

bool Server::Impl::begins_at_a_time(const wire::Subscribe& wanted, const std::string& cursor) const {
  const bool resumes = wanted.resume.position != 0 && wanted.resume.sensor_uuid == spool_.sensor();
  const bool known = !cursor.empty() && spool_.cursor(cursor).has_value();
  return wanted.start.at == wire::Start::At::Timed && !resumes && !known;
}

wire::Position Server::Impl::start_of(const wire::Subscribe& wanted, const std::string& cursor) const {
  const wire::Position next = next_position();
  const wire::Position first = std::min(spool_.first(), next);
  if (wanted.resume.position != 0 && wanted.resume.sensor_uuid == spool_.sensor()) {
    return std::min(wanted.resume.position, next);
  }
  if (!cursor.empty()) {
    if (const auto known = spool_.cursor(cursor)) return std::min(known->acknowledged + 1, next);
  }
  switch (wanted.start.at) {
    case wire::Start::At::Earliest:
    case wire::Start::At::Timed:
      return first;
    case wire::Start::At::Numbered:
      return std::clamp(wanted.start.position, first, next);
    case wire::Start::At::Latest:
      break;
  }
  return next;
}

}  // namespace webtap::server
