#include "agent/summary.h"

#include <nlohmann/json.hpp>
#include <string_view>

#include "agent/summary_counts.h"

namespace webtap::agent {
namespace {

void add_line(std::string& out, std::string_view title, const Counts& counts) {
  std::string line;
  for (const auto& [name, count] : counts) {
    if (count != 0) line += (line.empty() ? "" : ", ") + name + ' ' + std::to_string(count);
  }
  if (line.empty()) return;
  constexpr std::size_t kColumn = 16;
  out.append(title)
      .append(title.size() < kColumn ? kColumn - title.size() : 1, ' ')
      .append(line)
      .append("\n");
}

// By names only where this is what the run was for.
void add_masked(std::string& out, const Summary& s) {
  const std::uint64_t total = s.masked.total();
  if (!s.mask_dry_run && total != 0) out += "values masked   " + std::to_string(total) + "\n";
  if (!s.mask_dry_run) return;
  out += "would mask      " + std::to_string(total) + " values; nothing was written\n";
  for (std::size_t i = 0; i < s.masked_names.size(); ++i) {
    if (places(s.masked.named[i]) == places({}))
      out += "  " + s.masked_names[i] + ": nothing\n";
    else
      add_line(out, "  " + s.masked_names[i], places(s.masked.named[i]));
  }
  add_line(out, "  (no name)", places(s.masked.unnamed));
}

void add_live(std::string& out, const Summary& s) {
  for (const InterfaceSummary& interface : s.interfaces) {
    add_line(out, "  " + interface.name + (interface.up ? "" : " (down)"), losses(interface));
  }
  if (s.shed) add_line(out, "  shed", sheds(*s.shed));
}

nlohmann::ordered_json object(const Counts& counts) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [name, count] : counts) json[name] = count;
  return json;
}

nlohmann::ordered_json live(const Summary& s) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const InterfaceSummary& interface : s.interfaces) {
    json["interfaces"][interface.name] = object(losses(interface));
    json["interfaces"][interface.name]["up"] = interface.up;
  }
  if (s.shed) json["shed"] = object(sheds(*s.shed));
  return json;
}

}  // namespace

std::string to_text(const Summary& s) {
  std::string out;
  const auto number = [](std::uint64_t n) { return std::to_string(n); };
  out += "packets         " + number(s.decode.packets) + " (" + number(s.decode.bytes) + " bytes)" +
         (s.stopped ? ", stopped by a signal" : "") + "\n";
  add_live(out, s);
  add_line(out, "  not used", packets_skipped(s.decode));
  add_line(out, "  in tunnels", {{"segments", s.decode.tunnelled}});
  add_line(out, "  datagrams", fragments(s.decode.fragments));
  out += "connections     " + number(s.stream.connections) + "\n";
  add_line(out, "  spoke", connection_protocols(s.http));
  add_line(out, "  ended", connection_ends(s.stream));
  add_line(out, "  saw", stream_troubles(s.stream));
  add_line(out, "  not parsed", {{"bytes", s.http.unparsed_bytes}});
  out += "transactions    " + number(s.http.transactions) + " (" + number(s.http.requests) + " requests, " +
         number(s.http.responses) + " responses)\n";
  add_line(out, "  let go early", {{"to stay within memory", s.http.evicted_transactions}});
  add_line(out, "  findings", findings(s.audit));
  add_masked(out, s);
  if (!s.mask_dry_run) {
    out += "events written  " + number(s.events_written) + " (" + number(s.bytes_written) + " bytes in " +
           number(s.files_written) + " files)\n";
  }
  add_line(out, "  not written", {{"events", s.events_lost}});
  if (s.served) {
    const auto& spool = s.served->spool;
    const auto& server = s.served->server;
    out += "events spooled  " + number(spool.appended) + " (" + number(spool.bytes) + " bytes in " +
           number(spool.segments) + " segments)\n";
    add_line(out, "  not kept", spool_troubles(spool));
    out += "subscriptions   " + number(server.subscribed) + " (" + number(server.events) + " events sent)\n";
    add_line(out, "  missing", send_troubles(server));
    add_line(out, "  refused", refusals(server));
  }
  add_line(out, "input files", {{"damaged or unreadable", s.files_damaged}});
  return out;
}

std::string to_json(const Summary& s) {
  nlohmann::ordered_json json;
  json["input"] = {{"files", s.files_read}, {"damaged", s.files_damaged}, {"stopped", s.stopped}};
  json["packets"] = {{"count", s.decode.packets},
                     {"bytes", s.decode.bytes},
                     {"segments", s.decode.segments},
                     {"tunnelled", s.decode.tunnelled}};
  json["packets"]["skipped"] = object(packets_skipped(s.decode));
  json["fragmented-datagrams"] = object(fragments(s.decode.fragments));
  json["connections"] = {{"count", s.stream.connections}, {"open", s.stream.open_connections}};
  json["connections"]["protocols"] = object(connection_protocols(s.http));
  json["connections"]["ended"] = object(connection_ends(s.stream));
  json["stream"] = object(stream_troubles(s.stream));
  json["stream"]["bytes"] = s.stream.bytes_delivered;
  json["stream"]["unparsed-bytes"] = s.http.unparsed_bytes;
  json["transactions"] = {{"count", s.http.transactions},
                          {"requests", s.http.requests},
                          {"responses", s.http.responses},
                          {"evicted", s.http.evicted_transactions}};
  json["findings"] = object(findings(s.audit));
  json["masked"] = {{"dry-run", s.mask_dry_run}, {"values", s.masked.total()}};
  json["masked"]["names"] = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < s.masked_names.size(); ++i) {
    json["masked"]["names"][s.masked_names[i]] = object(places(s.masked.named[i]));
  }
  json["masked"]["unnamed"] = object(places(s.masked.unnamed));
  json["bodies-decoded"] = s.audit.bodies_decoded;
  json["events"] = {{"made", s.audit.events},   {"written", s.events_written}, {"lost", s.events_lost},
                    {"bytes", s.bytes_written}, {"files", s.files_written},    {"queue-full", s.queue.full}};
  if (!s.interfaces.empty()) json["live"] = live(s);
  if (s.served) {
    const auto& spool = s.served->spool;
    const auto& server = s.served->server;
    json["spool"] = {{"appended", spool.appended}, {"kept", spool.kept},           {"bytes", spool.bytes},
                     {"segments", spool.segments}, {"cursors", s.served->cursors}, {"lag", s.served->lag}};
    json["spool"].update(object(spool_troubles(spool)));
    json["subscribers"] = {{"accepted", server.accepted},
                           {"subscribed", server.subscribed},
                           {"open", server.open},
                           {"events", server.events},
                           {"bytes", server.bytes}};
    json["subscribers"].update(object(send_troubles(server)));
    json["subscribers"]["refused"] = object(refusals(server));
  }
  // A name may be in another charset than UTF-8.
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace webtap::agent
