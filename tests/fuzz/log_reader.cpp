// An audit log of any writers, whole and in pieces whose size the first byte says: the entries are the same.
// Each entry, written again, is read as the same one, and gives an event or a reason.
#include "webtap/modsec/log_reader.h"

#include "tests/fuzz/input.h"
#include "webtap/modsec/entry_event.h"
#include "webtap/modsec/log_writer.h"

namespace {

using namespace webtap::modsec;

struct Entries final : LogEntryHandler {
  void on_entry(LogEntry& entry, std::uint64_t offset) override {
    entries.push_back(entry);
    offsets.push_back(offset);
  }
  void on_damage(const Damage& found) override { damage.push_back(found); }

  std::vector<LogEntry> entries;
  std::vector<std::uint64_t> offsets;
  std::vector<Damage> damage;
};

Entries read(webtap::ByteView text, std::size_t piece, std::size_t entry_bytes) {
  Entries found;
  LogReader reader(found, {.entry_bytes = entry_bytes});
  for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
    reader.push(webtap::fuzz::Exact(text.substr(0, piece)).view());
  reader.finish();
  return found;
}

void check_entry(const LogEntry& entry) {
  using webtap::fuzz::require;
  std::string text;
  append_log_entry(entry, text);
  const Entries again = read(text, text.size(), 1u << 20);
  require(again.entries.size() == 1 && again.entries[0] == entry, "what is written is read as the same");
  webtap::event::AuditEvent event;
  std::string problem;
  require(to_event(entry, event, problem) == problem.empty(), "an event, or why there is none");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using webtap::fuzz::require;
  constexpr std::size_t kEntryBytes = 4096;
  webtap::fuzz::Input input(data, size);
  const std::size_t piece = input.u8() + 1u;
  const webtap::fuzz::Exact text(input.rest());
  const Entries whole = read(text.view(), size + 1, kEntryBytes);
  const Entries pieces = read(text.view(), piece, kEntryBytes);
  require(whole.entries == pieces.entries && whole.offsets == pieces.offsets && whole.damage == pieces.damage,
          "cuts change nothing");
  std::uint64_t end = 0;
  for (const Damage& damage : whole.damage) {
    require(damage.offset >= end, "damage comes in order");
    end = damage.offset + damage.length;
  }
  require(end <= text.view().size(), "damage lies within the log");
  for (const LogEntry& entry : whole.entries) check_entry(entry);
  return 0;
}
