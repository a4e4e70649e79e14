// An audit log as a stream of bytes in, events out.
#pragma once

#include <memory>

#include "webtap/base/bytes.h"
#include "webtap/modsec/entry_handler.h"

namespace webtap::client {

// Finds out from its first bytes what the log is: native entries, or JSON lines.
class LogSource {
 public:
  explicit LogSource(modsec::EntryHandler& handler);
  ~LogSource();
  LogSource(const LogSource&) = delete;
  LogSource& operator=(const LogSource&) = delete;

  void push(ByteView bytes);
  // The log ends here.
  void finish();

 private:
  class Reader;
  template <typename LogReader>
  class ReaderOf;

  modsec::EntryHandler& handler_;
  std::unique_ptr<Reader> reader_;
};

}  // namespace webtap::client
