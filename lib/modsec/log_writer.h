// Writes entries again in the dialect in which they were read.
#pragma once

#include <string>

#include "webtap/modsec/log_entry.h"

namespace webtap::modsec {

// Writes the entry at the end of `out`, its last LF included; in a serial file of native text one more LF
// follows. Reading that gives an equal entry. The text is the one that was read, but for JSON that was laid
// out or escaped in another way than the dialect's writer does, and for line ends of boundary lines that were
// not all alike.
void append_log_entry(const LogEntry& entry, std::string& out);

}  // namespace webtap::modsec
