// ModSecurity 2's concurrent storage: a file an entry, and a line in an index for each, which mlogc (2.9.6
// and later) reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "webtap/event/audit_event.h"
#include "webtap/modsec/time_text.h"

namespace webtap::modsec {

// "/20261122/20261122-0345/20261122-034519-TRANSACTION-ID", below the storage directory: the time in UTC at
// which the transaction finished. Never leaves that directory, whatever the transaction id is.
std::string entry_path(const event::AuditEvent& event);

inline constexpr std::size_t kMaxIndexLine = 3980;  // LF included; fits a pipe's atomic write

// Not shared between threads.
class IndexWriter {
 public:
  // Writes the line of an entry file at the end of `out`: `size` bytes with this MD5 in hexadecimal digits. A
  // request line that is too long is cut between two escapes, and the line then ends with " L" as
  // ModSecurity's.
  void append(const event::AuditEvent& event, std::string_view path, std::uint64_t size,
              std::string_view md5_hex, std::string& out);

 private:
  TimeText time_;
};

// A line of such an index. Texts are as they stand there, escapes included; "-" stands for none.
struct IndexLine {
  std::string hostname;
  std::string remote_address;
  std::string remote_user;
  std::string local_user;
  Timestamp time;
  std::string request_line;
  std::optional<std::uint16_t> status;      // "-" on some platforms
  std::optional<std::uint64_t> bytes_sent;  // "-" on some platforms
  std::string referer;
  std::string user_agent;
  std::string transaction_id;
  std::string session;
  std::string path;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string md5;         // 32 hexadecimal digits
  bool shortened = false;  // the line ends with " L"

  bool operator==(const IndexLine&) const = default;
};

// Reads from both ends: the request line may hold anything, and half an escape where it was cut.
std::optional<IndexLine> parse_index_line(std::string_view line);
// A line of ModSecurity 3's index, which has the same members but for local_user and session (they are "-"),
// nothing escaped, and a path below the root.
std::optional<IndexLine> parse_version3_index_line(std::string_view line);

}  // namespace webtap::modsec
