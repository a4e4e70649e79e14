// Entries of any writer's audit log as events.
//
// webtap's own entries give exactly the event, as native_reader.h and json_reader.h read them. Of another
// writer's entry an event keeps:
//   transaction id         as it is
//   client, server         0.0.0.0 where the log has no address, or none that can be read
//   started, finished      the Stopwatch's start and end where there is one, else the header's time; a time
//                          without zone is taken as UTC
//   request, response      heads with every line ended by CR LF, bodies; ModSecurity 3's part E without its
//                          escapes; of JSON, heads made of the start line's members and the header members
//                          (a CR or LF in one is a space). A response whose log has no status line (Coraza)
//                          has an empty first line
//   host, status, banner   as the heads say; the banner as Server of part H says, where it does
//   messages               each message's text; ModSecurity 3's and Coraza's in ModSecurity 2's form
//   sensor                 Sensor-Id; server_id of JSON
//   producer               Producer (WAF) without its full stop; of JSON, its strings joined by "; "
//   boundary               as it is where it is 8 lower-case hexadecimal digits that do not occur in the
//                          event; else made from what the event says, so that the same entry gives the same
// It has nothing for: parts D, G, I, J and K; of part H, all lines but those above (Apache-Error, Action,
// Apache-Handler, Stopwatch2, Sanitised-…, WebApp-Info, Engine-Mode, Rules-Performance-Info); of JSON, their
// counterparts (matched_rules, uploads, …); which spaces and line ends a head had.
#pragma once

#include <string>

#include "webtap/event/audit_event.h"
#include "webtap/modsec/log_entry.h"

namespace webtap::modsec {

// Fills `event`. False, and `problem` says why, where the entry is none of a transaction (an index line names
// a file that holds one), or is webtap's own and says what it cannot.
bool to_event(const LogEntry& entry, event::AuditEvent& event, std::string& problem);

}  // namespace webtap::modsec
