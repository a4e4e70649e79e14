// Events as text in ModSecurity's native format (version 2.9): parts in the order A B C I F E H J Z,
// separated by boundary lines. docs/audit-format.md says what each part holds.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "webtap/base/endpoint.h"
#include "webtap/event/audit_event.h"
#include "webtap/modsec/parts.h"
#include "webtap/modsec/time_text.h"

namespace webtap::modsec {

// Not shared between threads: it remembers texts from one event to the next.
class NativeWriter {
 public:
  explicit NativeWriter(Parts parts);

  // The most bytes that the entry can have; not much more than it has, but for texts full of bytes that must
  // be escaped.
  std::size_t bound(const event::AuditEvent& event) const;
  // Writes the entry, from its A boundary to the LF of its Z boundary, into bound(event) bytes of room, and
  // returns its end. In a serial file one more LF follows each entry.
  char* write(const event::AuditEvent& event, char* out);
  // The same, at the end of a string.
  void append(const event::AuditEvent& event, std::string& out);

 private:
  class AddressText {
   public:
    char* write(const IpAddress& address, char* out);

   private:
    IpAddress address_;
    std::size_t size_ = 0;
    char text_[kMaxAddressText];
  };

  // Transaction ids of one sensor begin alike.
  class IdText {
   public:
    char* write(std::string_view raw, char* out);

   private:
    static constexpr std::size_t kSize = 24;
    static constexpr std::size_t kStart = 16;
    std::string start_ = std::string(kStart, '-');  // of the last id of that size, made safe
  };

  // A line of part H whose text is mostly that of the event before.
  class LineText {
   public:
    using Put = char* (*)(char* out, std::string_view raw);

    explicit LineText(Put put) : put_(put) {}
    char* write(std::string_view raw, char* out);

   private:
    Put put_;
    std::string raw_;
    std::string text_;  // of raw_
  };

  char* write_part_a(const event::AuditEvent& event, char* out);
  char* write_part_h(const event::AuditEvent& event, bool part_e_written, char* out);

  Parts parts_;
  TimeText time_;
  IdText id_;
  AddressText client_;
  AddressText server_;
  LineText producer_;
  LineText server_banner_;
  LineText sensor_;
};

// What the native text of an event holds of it, and so what reading it gives: heads with every line ended by
// CR LF, no name, no sizes, no findings of severity Info, host and status as the heads say them, and
// nothing of the parts that are left out. Everything else is kept, byte for byte.
event::AuditEvent representable(const event::AuditEvent& event, Parts parts);

}  // namespace webtap::modsec
