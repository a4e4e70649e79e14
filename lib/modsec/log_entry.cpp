#include "webtap/modsec/log_entry.h"

#include <algorithm>

#include "webtap/modsec/boundary_lines.h"
#include "webtap/modsec/decimal.h"
#include "webtap/modsec/escape.h"
#include "webtap/modsec/time_text.h"

namespace webtap::modsec {
namespace {

constexpr std::size_t kMaxTime = 64;
constexpr std::size_t kMaxAddress = 64;

ByteView take_word(ByteView& text) {
  const ByteView word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return word;
}

bool set_time(ByteView text, EntryHeader& header) {
  header.time_text = text;
  auto time = parse_time(text);
  header.has_zone = time.has_value();
  if (!time) time = parse_slash_time(text);
  if (!time) time = parse_c_time(text);
  if (time) header.time = *time;
  return time.has_value();
}

bool take_peer(ByteView& text, EntryPeer& peer) {
  const ByteView address = take_word(text);
  peer.address = address;
  return address.size() <= kMaxAddress && parse_decimal(take_word(text), peer.port);
}

void read_trailer(ByteView content, LogEntry& entry) {
  while (!content.empty() && entry.trailer.size() < kMaxTrailerLines) {
    const std::size_t end = content.find('\n');
    ByteView line = content.substr(0, end);
    content.remove_prefix(end == ByteView::npos ? content.size() : end + 1);
    if (entry.crlf && line.ends_with('\r')) line.remove_suffix(1);
    // ModSecurity 3 ends the part with an empty line.
    if (line.empty() && content.empty()) return;
    const std::size_t colon = line.find(": ");
    const bool keyed = colon != ByteView::npos && line.substr(0, colon).find(' ') == ByteView::npos;
    const bool bare = !keyed && line.ends_with(':') && line.find(' ') == ByteView::npos;
    if (keyed)
      entry.trailer.push_back({std::string(line.substr(0, colon)), std::string(line.substr(colon + 2))});
    else if (bare)
      entry.trailer.push_back({std::string(line.substr(0, line.size() - 1)), {}});
    else
      entry.trailer.push_back({{}, std::string(line)});
  }
}

void read_messages(LogEntry& entry) {
  for (const TrailerLine& line : entry.trailer) {
    if (line.key == "Message")
      entry.messages.push_back(parse_rule_message(line.value));
    else if (line.key == "ModSecurity" || line.key == "Coraza")
      entry.messages.push_back(parse_unescaped_rule_message(line.value));
  }
}

Dialect native_dialect(const LogEntry& entry) {
  const TokenShape shape = token_shape(entry.boundary);
  if (shape == TokenShape::ModSecurity3) return Dialect::ModSecurity3;
  if (entry.boundary == entry.header.transaction_id) return Dialect::Jwall;
  if (shape == TokenShape::Coraza) return Dialect::Coraza;
  const std::string* producer = entry.trailer_value("Producer");
  if (producer != nullptr && producer->starts_with("webtap/")) return Dialect::Webtap;
  return entry.trailer_value("WAF") != nullptr ? Dialect::Atomicorp : Dialect::ModSecurity2;
}

const JsonValue* first_of(const JsonValue& object, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (const JsonValue* found = object.find(name)) return found;
  return nullptr;
}

bool find_json_dialect(LogEntry& entry, const JsonValue& transaction) {
  if (entry.object.find("webtap") != nullptr)
    entry.dialect = Dialect::WebtapJson;
  else if (first_of(transaction, {"transaction_id", "remote_address"}) != nullptr)
    entry.dialect = Dialect::ModSecurity2Json;
  else if (first_of(transaction, {"timestamp", "unix_timestamp"}) != nullptr)
    entry.dialect = Dialect::CorazaJson;
  else if (transaction.find("client_ip") != nullptr && first_of(transaction, {"time_stamp", "server_id"}))
    entry.dialect = Dialect::ModSecurity3Json;
  else
    return false;
  return true;
}

void read_json_peer(const JsonValue* address, const JsonValue* port, EntryPeer& peer) {
  if (address != nullptr) peer.address = address->text;
  // What is no port is none: a transaction is worth keeping all the same.
  if (port == nullptr || !parse_decimal(port->text, peer.port)) peer.port = 0;
}

void read_json_messages(LogEntry& entry) {
  if (const JsonValue* texts = entry.object.find("audit_data", "messages"))
    for (const JsonMember& text : texts->members) {
      if (entry.messages.size() == kMaxTrailerLines) return;
      entry.messages.push_back(parse_rule_message(text.value.text));
    }
  const JsonValue* objects = entry.object.find("messages");
  if (objects == nullptr) objects = entry.object.find("transaction", "messages");
  if (objects == nullptr) return;
  for (const JsonMember& object : objects->members) {
    if (entry.messages.size() == kMaxTrailerLines) return;
    entry.messages.push_back(rule_message(object.value));
  }
}

}  // namespace

std::string_view to_string(Dialect dialect) {
  switch (dialect) {
    case Dialect::Webtap:
      return "webtap native";
    case Dialect::ModSecurity2:
      return "ModSecurity 2 native";
    case Dialect::Atomicorp:
      return "Atomicorp native";
    case Dialect::Jwall:
      return "jwall native";
    case Dialect::ModSecurity3:
      return "ModSecurity 3 native";
    case Dialect::Coraza:
      return "Coraza native";
    case Dialect::WebtapJson:
      return "webtap JSON";
    case Dialect::ModSecurity2Json:
      return "ModSecurity 2 JSON";
    case Dialect::ModSecurity3Json:
      return "ModSecurity 3 JSON";
    case Dialect::CorazaJson:
      return "Coraza JSON";
    case Dialect::ModSecurity2Index:
      return "ModSecurity 2 index";
    case Dialect::ModSecurity3Index:
      return "ModSecurity 3 index";
  }
  return "no dialect";
}

bool is_native(Dialect dialect) { return dialect <= Dialect::Coraza; }

bool is_json(Dialect dialect) { return dialect >= Dialect::WebtapJson && dialect <= Dialect::CorazaJson; }

const EntryPart* LogEntry::part(char letter) const {
  const auto found = std::ranges::find(parts, letter, &EntryPart::letter);
  return found == parts.end() ? nullptr : &*found;
}

const std::string* LogEntry::trailer_value(std::string_view key) const {
  const auto found = std::ranges::find(trailer, key, &TrailerLine::key);
  return found == trailer.end() ? nullptr : &found->value;
}

bool parse_entry_header(ByteView line, EntryHeader& header) {
  const std::size_t time_end = line.find(']');
  if (!line.starts_with('[') || time_end == ByteView::npos || time_end > kMaxTime) return false;
  if (!set_time(line.substr(1, time_end - 1), header)) return false;
  line.remove_prefix(time_end + 1);
  if (!line.starts_with(' ')) return false;
  line.remove_prefix(1);
  header.transaction_id = take_word(line);
  if (header.transaction_id.empty() || header.transaction_id.size() > kMaxToken) return false;
  return take_peer(line, header.client) && take_peer(line, header.server) && line.empty();
}

bool complete_native_entry(LogEntry& entry, std::string& problem) {
  if (entry.parts.empty() || entry.parts.front().letter != 'A') {
    problem = "part A is missing";
    return false;
  }
  ByteView header = entry.parts.front().content;
  header = header.substr(0, header.find('\n'));
  if (entry.crlf && header.ends_with('\r')) header.remove_suffix(1);
  if (!parse_entry_header(header, entry.header)) {
    problem = "part A cannot be read";
    return false;
  }
  if (const EntryPart* part = entry.part('H')) read_trailer(part->content, entry);
  read_messages(entry);
  entry.dialect = native_dialect(entry);
  return true;
}

bool complete_json_entry(LogEntry& entry, std::string& problem) {
  const JsonValue* transaction = entry.object.find("transaction");
  if (transaction == nullptr || !find_json_dialect(entry, *transaction)) {
    problem = "an object that is no entry of a known audit log";
    return false;
  }
  EntryHeader& header = entry.header;
  if (const JsonValue* time = first_of(*transaction, {"time", "time_stamp", "timestamp"}))
    set_time(time->text, header);
  if (const JsonValue* id = first_of(*transaction, {"transaction_id", "unique_id", "id"}))
    header.transaction_id = id->text;
  read_json_peer(first_of(*transaction, {"remote_address", "client_ip"}),
                 first_of(*transaction, {"remote_port", "client_port"}), header.client);
  read_json_peer(first_of(*transaction, {"local_address", "host_ip"}),
                 first_of(*transaction, {"local_port", "host_port"}), header.server);
  read_json_messages(entry);
  return true;
}

}  // namespace webtap::modsec
