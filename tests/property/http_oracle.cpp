// What loss may do to transactions.
#include <algorithm>
#include <map>

#include "agent/http/start_line.h"
#include "tests/property/loss_oracle.h"

namespace webtap::property {
namespace {

using event::AuditEvent;
using event::FindingKind;

Ends ends_of(const AuditEvent& event) { return ends(event.client, event.server); }

std::string title(const AuditEvent& event) {
  const std::string& head = event.request.present ? event.request.head : event.response.head;
  return to_string(event.client) + ">" + to_string(event.server) + " '" +
         head.substr(0, head.find('\r')).substr(0, 60) + "' " + std::to_string(event.status);
}

// The event says that something of it is missing, or may be.
bool says_loss(const AuditEvent& event) {
  return std::any_of(event.findings.begin(), event.findings.end(), [](const event::Finding& finding) {
    return finding.kind <= FindingKind::PairingUncertain && finding.kind != FindingKind::BodyTruncated &&
           finding.kind != FindingKind::HeadTruncated && finding.kind != FindingKind::OverlapConflict;
  });
}

bool has(const AuditEvent& event, FindingKind kind) {
  return std::any_of(event.findings.begin(), event.findings.end(),
                     [&](const event::Finding& finding) { return finding.kind == kind; });
}

std::map<Ends, std::vector<std::string>> texts(const Outcome& outcome, const std::set<Ends>& without,
                                               bool times) {
  std::map<Ends, std::vector<std::string>> all;
  for (const AuditEvent& event : outcome.events)
    if (!without.contains(ends_of(event))) all[ends_of(event)].push_back(text_of(event, times, true));
  return all;
}

// Where a message lies in its direction.
struct Extent {
  std::uint64_t begin = 0;
  std::uint64_t head_end = 0;
  std::uint64_t end = 0;
};

// Finds the messages of a direction one behind the other.
class Places {
 public:
  explicit Places(const PassedOn& direction) : direction_(direction) {}

  // `interim`: other responses come before it, and what is lost of them may have been this one.
  std::optional<Extent> next(const event::HttpMessage& message, bool interim) {
    if (!message.present || message.head.empty()) return std::nullopt;
    const std::size_t found = direction_.bytes.find(message.head, from_);
    if (found == std::string::npos) return std::nullopt;
    const std::size_t begin = interim ? from_ : found;
    from_ = found + message.wire_size;
    const std::uint64_t head_end = std::min<std::uint64_t>(found + message.head.size() + 4, from_);
    return Extent{begin, head_end, from_};
  }

 private:
  const PassedOn& direction_;
  std::size_t from_ = 0;
};

bool all_seen(const PassedOn& direction, std::uint64_t begin, std::uint64_t end) {
  if (end > direction.seen.size()) return false;
  return std::all_of(direction.seen.begin() + static_cast<std::ptrdiff_t>(begin),
                     direction.seen.begin() + static_cast<std::ptrdiff_t>(end),
                     [](bool seen) { return seen; });
}

}  // namespace

// What the damage did not touch does not change by a byte; what it only moved does not either, but for times.
void check_untouched(const Outcome& before, const Outcome& after, const Touched& touched,
                     std::vector<std::string>& wrong) {
  if (texts(before, touched.any, true) != texts(after, touched.any, true))
    wrong.push_back("a connection that was not damaged changed");
  const auto moved_before = texts(before, touched.lossy, false);
  const auto moved_after = texts(after, touched.lossy, false);
  for (const auto& [both, events] : moved_before) {
    if (touched.opening.contains(both)) continue;
    const auto same = moved_after.find(both);
    if (same == moved_after.end() || same->second != events)
      wrong.push_back(to_string(both.first) + " " + to_string(both.second) +
                      ": copies and disorder changed events");
  }
}

// An event that says nothing of loss is one of the undamaged capture.
void check_complete(const Outcome& before, const Outcome& after, std::vector<std::string>& wrong) {
  std::multiset<std::string> whole;
  for (const AuditEvent& event : before.events) whole.insert(text_of(event, false, false));
  for (const AuditEvent& event : after.events) {
    if (says_loss(event)) continue;
    const auto found = whole.find(text_of(event, false, false));
    if (found == whole.end())
      wrong.push_back("damaged, and not said: " + title(event));
    else
      whole.erase(found);
  }
}

// A transaction whose bytes all came is there, whole; one whose heads came is there.
void check_seen(const SeenConnection& before, const SeenConnection& after, const Outcome& original,
                const Outcome& outcome, std::vector<std::string>& wrong) {
  const Ends both = ends(before.connection.initiator, before.connection.responder);
  std::multiset<std::string> texts_after, requests_after, responses_after;
  std::set<std::string> unsure_requests, unsure_responses;
  for (const AuditEvent& event : outcome.events) {
    if (ends_of(event) != both) continue;
    texts_after.insert(text_of(event, false, false));
    if (event.request.present) requests_after.insert(event.request.head);
    if (event.response.present) responses_after.insert(event.response.head);
    if (!has(event, FindingKind::PairingUncertain)) continue;
    unsure_requests.insert(event.request.head);
    unsure_responses.insert(event.response.head);
  }
  const auto take = [](std::multiset<std::string>& from, const std::string& text) {
    const auto found = from.find(text);
    if (found == from.end()) return false;
    from.erase(found);
    return true;
  };
  std::optional<Places> from_client, from_server;
  for (const AuditEvent& event : original.events) {
    if (ends_of(event) != both) continue;
    if (!from_client) from_client.emplace(before.from(event.client));
    if (!from_server) from_server.emplace(before.from(event.server));
    const std::optional<Extent> request = from_client->next(event.request, false);
    const std::optional<Extent> response =
        from_server->next(event.response, has(event, FindingKind::InterimResponse));
    const PassedOn& client = after.from(event.client);
    const PassedOn& server = after.from(event.server);
    const bool request_head = request && all_seen(client, request->begin, request->head_end);
    const bool response_head = response && all_seen(server, response->begin, response->head_end);
    // What does not look like a request line is one because a response answers it.
    const ByteView line = ByteView(event.request.head).substr(0, event.request.head.find('\n'));
    const bool looks_like_one =
        http::plausible_request_line(line) && !has(event, FindingKind::InvalidRequestLine);
    const bool told = response_head || looks_like_one;
    if (request_head && told && !take(requests_after, event.request.head))
      wrong.push_back("request lost: " + title(event));
    if (response_head && !take(responses_after, event.response.head))
      wrong.push_back("response lost: " + title(event));
    const bool whole = request && response && all_seen(client, request->begin, request->end) &&
                       all_seen(server, response->begin, response->end);
    // How many messages of a pipelining client, or answers to it, were lost, nothing tells who cannot look
    // ahead: both are there, and say that they may not belong to one another.
    const bool unsure =
        unsure_requests.contains(event.request.head) && unsure_responses.contains(event.response.head);
    if (whole && !says_loss(event) && !take(texts_after, text_of(event, false, false)) && !unsure)
      wrong.push_back("changed, but all of it came: " + title(event));
  }
}

}  // namespace webtap::property
