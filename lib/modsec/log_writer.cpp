#include "webtap/modsec/log_writer.h"

namespace webtap::modsec {
namespace {

void append_native(const LogEntry& entry, std::string& out) {
  const std::string_view line_end = entry.crlf ? "\r\n" : "\n";
  const auto boundary_line = [&](char letter) {
    out.append("--").append(entry.boundary).append("-").append(1, letter).append("--").append(line_end);
  };
  for (const EntryPart& part : entry.parts) {
    boundary_line(part.letter);
    out.append(part.content).append(line_end);
  }
  boundary_line('Z');
}

JsonStyle json_style(Dialect dialect) {
  if (dialect == Dialect::WebtapJson) return JsonStyle::Webtap;
  return dialect == Dialect::CorazaJson ? JsonStyle::Go : JsonStyle::Yajl;
}

}  // namespace

void append_log_entry(const LogEntry& entry, std::string& out) {
  if (is_native(entry.dialect)) return append_native(entry, out);
  if (is_json(entry.dialect))
    append_json(entry.object, json_style(entry.dialect), out);
  else
    out.append(entry.index_text);
  out += '\n';
}

}  // namespace webtap::modsec
