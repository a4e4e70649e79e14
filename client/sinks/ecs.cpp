#include "client/sinks/ecs.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>

#include "client/base/rfc3339.h"
#include "webtap/event/head.h"
#include "webtap/modsec/file_name.h"
#include "webtap/modsec/finding_message.h"

namespace webtap::client {
namespace {

using Json = nlohmann::ordered_json;

// Elastic's scale of risk, for ModSecurity's severities 0 (emergency) to 7 (debug).
constexpr std::array<int, 8> kRisk{99, 99, 99, 73, 47, 21, 21, 0};
constexpr std::array<std::string_view, 8> kLevels{"emergency", "alert",  "critical", "error",
                                                  "warning",   "notice", "info",     "debug"};

// What a message line says of its rule.
struct Rule {
  std::string id;
  std::string text;
  int severity = 8;  // ModSecurity's; 8 = it says none
  std::vector<std::string> tags;
};

// The values of `[name "…"]` in a message. The text between the quotes stays as it is escaped there.
std::vector<std::string> values(std::string_view message, std::string_view name) {
  const std::string opening = "[" + std::string(name) + " \"";
  std::vector<std::string> found;
  for (std::size_t at = message.find(opening); at != std::string_view::npos; at = message.find(opening, at)) {
    at += opening.size();
    std::size_t end = at;
    while (end < message.size() && message[end] != '"') end += message[end] == '\\' ? 2 : 1;
    if (end >= message.size()) break;
    found.emplace_back(message.substr(at, end - at));
    at = end;
  }
  return found;
}

std::string first_value(std::string_view message, std::string_view name) {
  const auto all = values(message, name);
  return all.empty() ? std::string() : all.front();
}

int severity_of(const std::string& text) {
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '7') return text[0] - '0';
  for (std::size_t i = 0; i < kLevels.size(); ++i) {
    if (event::equal_ignoring_case(text, kLevels[i])) return static_cast<int>(i);
  }
  return 8;
}

std::vector<Rule> rules_of(const event::AuditEvent& event) {
  std::vector<std::string> messages = event.messages;
  for (const event::Finding& finding : event.findings) {
    if (modsec::is_message(finding)) messages.push_back(modsec::finding_message(finding));
  }
  std::vector<Rule> rules;
  for (const std::string& message : messages) {
    rules.push_back({first_value(message, "id"), first_value(message, "msg"),
                     severity_of(first_value(message, "severity")), values(message, "tag")});
  }
  return rules;
}

Json endpoint(const Endpoint& peer) {
  const std::string address = to_string(peer.address);
  return {{"address", address}, {"ip", address}, {"port", peer.port}};
}

// As the target was seen: nothing is decoded.
Json url_of(const event::AuditEvent& event, ByteView target) {
  Json url;
  url["original"] = target;
  const std::string_view domain = modsec::without_port(event.host);
  if (!domain.empty()) url["domain"] = domain;
  if (!target.starts_with('/')) return url;
  const std::size_t question = std::min(target.find('?'), target.size());
  url["path"] = target.substr(0, question);
  if (question < target.size()) url["query"] = target.substr(question + 1);
  return url;
}

void put_mime_type(Json& message, ByteView head) {
  const auto type = event::find_field(head, "Content-Type");
  if (type) message["mime_type"] = event::trim(type->substr(0, std::min(type->find(';'), type->size())));
}

Json http_of(const event::AuditEvent& event, const event::RequestLine& line) {
  Json http;
  if (line.version.starts_with("HTTP/")) http["version"] = line.version.substr(5);
  if (event.request.present) {
    Json& request = http["request"];
    request["id"] = event.transaction_id;
    request["method"] = line.method;
    request["bytes"] = event.request.wire_size;
    request["body"]["bytes"] = event.request.body_size;
    put_mime_type(request, event.request.head);
    if (const auto referrer = event::find_field(event.request.head, "Referer"))
      request["referrer"] = *referrer;
  }
  if (event.response.present) {
    Json& response = http["response"];
    if (event.status != 0) response["status_code"] = event.status;
    response["bytes"] = event.response.wire_size;
    response["body"]["bytes"] = event.response.body_size;
    put_mime_type(response, event.response.head);
  }
  return http;
}

Json event_of(const event::AuditEvent& event, const Rule* worst) {
  const auto duration = std::chrono::duration_cast<std::chrono::nanoseconds>(event.finished - event.started);
  Json fields{{"kind", worst != nullptr ? "alert" : "event"},
              {"category", Json::array({"web", "network"})},
              {"type", Json::array({"access"})},
              {"action", "http-request"},
              {"id", event.transaction_id},
              {"sequence", event.name.sequence},
              {"start", rfc3339(event.started)},
              {"end", rfc3339(event.finished)},
              {"duration", duration.count()}};
  if (event.status != 0) fields["outcome"] = event.status < 400 ? "success" : "failure";
  if (worst != nullptr) {
    fields["code"] = worst->id;
    if (worst->severity < 8) fields["severity"] = kRisk[static_cast<std::size_t>(worst->severity)];
  }
  return fields;
}

Json findings_of(const event::AuditEvent& event) {
  Json all = Json::array();
  for (const event::Finding& finding : event.findings) {
    Json one{{"name", modsec::finding_name(finding.kind)}, {"side", modsec::side_name(finding.side)}};
    if (finding.offset != 0) one["offset"] = finding.offset;
    if (finding.length != 0) one["length"] = finding.length;
    if (!finding.detail.empty()) one["detail"] = finding.detail;
    all.push_back(std::move(one));
  }
  return all;
}

void put_rules(Json& document, const std::vector<Rule>& rules, const Rule& worst) {
  document["rule"] = {{"id", worst.id}, {"name", worst.text}};
  if (worst.severity < 8) document["log"]["level"] = kLevels[static_cast<std::size_t>(worst.severity)];
  Json tags = Json::array();
  for (const Rule& rule : rules) {
    for (const std::string& tag : rule.tags) tags.push_back(tag);
    document["webtap"]["rules"].push_back({{"id", rule.id}, {"name", rule.text}});
  }
  if (!tags.empty()) document["tags"] = std::move(tags);
}

}  // namespace

void append_ecs(const event::AuditEvent& event, std::string& out) {
  const std::vector<Rule> rules = rules_of(event);
  const auto worst = std::ranges::min_element(rules, {}, &Rule::severity);
  const event::RequestLine line = event::request_line(event.request.head);
  Json document;
  document["@timestamp"] = rfc3339(event.started);
  document["ecs"]["version"] = "9.4.0";
  document["event"] = event_of(event, rules.empty() ? nullptr : &*worst);
  document["source"] = document["client"] = endpoint(event.client);
  document["destination"] = document["server"] = endpoint(event.server);
  document["related"]["ip"] = Json::array({to_string(event.client.address), to_string(event.server.address)});
  document["network"] = {{"transport", "tcp"},
                         {"type", event.client.address.version == IpVersion::V6 ? "ipv6" : "ipv4"},
                         {"protocol", "http"},
                         {"bytes", event.request.wire_size + event.response.wire_size}};
  document["observer"] = {{"type", "sensor"}, {"product", "webtap"}, {"name", event.sensor}};
  if (event.request.present) document["url"] = url_of(event, line.target);
  document["http"] = http_of(event, line);
  if (const auto agent = event::find_field(event.request.head, "User-Agent")) {
    document["user_agent"]["original"] = *agent;
  }
  if (!event.findings.empty()) document["webtap"]["findings"] = findings_of(event);
  if (!rules.empty()) put_rules(document, rules, *worst);
  out += document.dump(-1, ' ', false, Json::error_handler_t::replace);
  out += '\n';
}

}  // namespace webtap::client
