// Lists the transactions of an audit log of any format that comes on standard input.
#include <array>
#include <iostream>

#include "webtap/event/head.h"
#include "webtap/modsec/entry_event.h"
#include "webtap/modsec/log_reader.h"

struct Printer : webtap::modsec::LogEntryHandler {
  void on_entry(webtap::modsec::LogEntry& entry, std::uint64_t) override {
    webtap::event::AuditEvent event;
    std::string problem;
    if (!to_event(entry, event, problem)) return;  // an index line
    const auto line = webtap::event::request_line(event.request.head);
    std::cout << line.method << ' ' << line.target << ' ' << event.status << '\n';
  }
  void on_damage(const webtap::modsec::Damage& damage) override {
    std::cerr << to_string(damage.kind) << " at byte " << damage.offset << (damage.detail.empty() ? "" : ": ")
              << damage.detail << '\n';
  }
};

int main() {
  Printer printer;
  webtap::modsec::LogReader reader(printer);
  for (std::array<char, 65536> block; std::cin.read(block.data(), block.size()), std::cin.gcount() > 0;)
    reader.push({block.data(), static_cast<std::size_t>(std::cin.gcount())});
  reader.finish();
}
