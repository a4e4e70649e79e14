// One entry of an audit log of any writer, with everything that its text held. log_reader.h makes them,
// log_writer.h writes them again, entry_event.h makes events of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "webtap/base/time.h"
#include "webtap/modsec/concurrent.h"
#include "webtap/modsec/json_value.h"
#include "webtap/modsec/rule_message.h"

namespace webtap::modsec {

// Who writes such entries, and in which format.
enum class Dialect : std::uint8_t {
  Webtap,             // native text, `Producer: webtap/…`
  ModSecurity2,       // native text; also what has no producer's name
  Atomicorp,          // native text of Atomicorp's builds of ModSecurity 2: `WAF:` for `Producer:`
  Jwall,              // native text that jwall's Collector wrote again: the boundary is the transaction id
  ModSecurity3,       // native text, boundary lines with three dashes
  Coraza,             // native text, boundaries of ten characters
  WebtapJson,         // has the member "webtap"
  ModSecurity2Json,   // has transaction.transaction_id; also Coraza's JSONLEGACY
  ModSecurity3Json,   // has transaction.client_ip and .time_stamp or .server_id
  CorazaJson,         // has transaction.timestamp or .unix_timestamp
  ModSecurity2Index,  // a line of concurrent storage's index; webtap's own too
  ModSecurity3Index,
};
std::string_view to_string(Dialect dialect);
bool is_native(Dialect dialect);
bool is_json(Dialect dialect);

// One end of the connection, as it stands in the log: nothing, or no address at all, in some releases.
struct EntryPeer {
  std::string address;
  std::uint16_t port = 0;

  bool operator==(const EntryPeer&) const = default;
};

// When and who: part A, and its like in the other formats.
struct EntryHeader {
  std::string time_text;
  Timestamp time;         // when the transaction was logged (ModSecurity 2), or began (3, Coraza)
  bool has_zone = false;  // false: the text has no zone, and was taken as UTC
  std::string transaction_id;
  EntryPeer client;
  EntryPeer server;

  bool operator==(const EntryHeader&) const = default;
};

struct EntryPart {
  char letter = 0;      // A to Z; Z itself is not there
  std::string content;  // as it stands, without the line end that belongs to the next boundary line

  bool operator==(const EntryPart&) const = default;
};

// A line of part H, "key: value"; the key is empty where there is none.
struct TrailerLine {
  std::string key;
  std::string value;

  bool operator==(const TrailerLine&) const = default;
};

inline constexpr std::size_t kMaxTrailerLines = 16384;  // further ones stand in part H alone

struct LogEntry {
  Dialect dialect = Dialect::ModSecurity2;
  EntryHeader header;
  std::vector<RuleMessage> messages;

  // Native text.
  std::string boundary;          // what stands between the first two dashes and "-A--"
  bool crlf = false;             // its own lines end with CR LF
  std::vector<EntryPart> parts;  // in the log's order, part A first
  std::vector<TrailerLine> trailer;

  JsonValue object;        // JSON
  std::string index_text;  // an index's line, without its end
  IndexLine index;         // what it says

  bool operator==(const LogEntry&) const = default;

  // The first part with this letter; null where there is none.
  const EntryPart* part(char letter) const;
  // The value of the first line of part H with this key; null where there is none.
  const std::string* trailer_value(std::string_view key) const;
};

// What stands in part A: time, transaction id, both end points. False where it does not.
bool parse_entry_header(ByteView line, EntryHeader& header);

// Fills `trailer`, `messages` and the dialect from the parts, or from the object. False, and `problem` says
// why, where that cannot be.
bool complete_native_entry(LogEntry& entry, std::string& problem);
bool complete_json_entry(LogEntry& entry, std::string& problem);

}  // namespace webtap::modsec
