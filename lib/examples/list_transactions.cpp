// Lists the transactions of an audit log (ModSecurity's native format) that comes on standard input.
#include <array>
#include <iostream>

#include "webtap/event/head.h"
#include "webtap/modsec/native_reader.h"

struct Printer : webtap::modsec::EntryHandler {
  void on_event(webtap::event::AuditEvent& event, std::uint64_t) override {
    const auto line = webtap::event::request_line(event.request.head);
    std::cout << line.method << ' ' << line.target << ' ' << event.status << '\n';
  }
  void on_damage(const webtap::modsec::Damage& damage) override {
    std::cerr << to_string(damage.kind) << " at byte " << damage.offset << '\n';
  }
};

int main() {
  Printer printer;
  webtap::modsec::NativeReader reader(printer);
  for (std::array<char, 65536> block; std::cin.read(block.data(), block.size()), std::cin.gcount() > 0;)
    reader.push({block.data(), static_cast<std::size_t>(std::cin.gcount())});
  reader.finish();
}
