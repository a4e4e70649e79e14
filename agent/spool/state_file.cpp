#include "agent/spool/state_file.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "agent/spool/crc32c.h"
#include "agent/spool/little_endian.h"
#include "webtap/base/bytes.h"

namespace webtap::spool {
namespace {

constexpr std::string_view kMagic = "WTSTATE\n";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kChecksumAt = 8;
constexpr std::size_t kFixed = 160;
constexpr std::size_t kCursor = 1 + kMaxCursorName + 16;
static_assert(kFixed + kMaxCursors * kCursor <= kStateSlot);

std::uint32_t checksum(ByteView slot) {
  return ~crc32c(~0u, slot.substr(kChecksumAt + 4, kStateSlot - kChecksumAt - 4));
}

std::uint64_t to_number(Timestamp time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}
Timestamp to_time(std::uint64_t number) { return Timestamp(Duration(static_cast<std::int64_t>(number))); }

bool read_cursors(const char* at, std::uint32_t count, Cursors& cursors) {
  if (count > kMaxCursors) return false;
  for (; count != 0; --count, at += kCursor) {
    const auto length = static_cast<unsigned char>(*at);
    if (length == 0 || length > kMaxCursorName) return false;
    const char* numbers = at + 1 + kMaxCursorName;
    cursors[std::string(at + 1, length)] = {load<std::uint64_t>(numbers),
                                            to_time(load<std::uint64_t>(numbers + 8))};
  }
  return true;
}

}  // namespace

std::vector<char> write_state(const State& state) {
  std::vector<char> slot(kStateSlot);
  char* at = slot.data();
  std::memcpy(at, kMagic.data(), kMagic.size());
  store(at + 12, kVersion);
  std::memcpy(at + 16, state.sensor.data(), state.sensor.size());
  const Gap lost = state.lost.value_or(Gap{});
  const std::array<std::uint64_t, 12> numbers{state.generation,  state.epoch,
                                              state.reserved,    state.tail,
                                              state.first,       state.delete_first,
                                              state.delete_last, state.clean ? 1u : 0u,
                                              lost.from,         lost.to,
                                              lost.count,        static_cast<std::uint64_t>(lost.reason)};
  for (std::size_t i = 0; i < numbers.size(); ++i) store(at + 32 + 8 * i, numbers[i]);
  std::uint32_t count = 0;
  for (const auto& [name, cursor] : state.cursors) {
    if (count == kMaxCursors || name.empty() || name.size() > kMaxCursorName) continue;
    char* entry = at + kFixed + count++ * kCursor;
    *entry = static_cast<char>(name.size());
    std::memcpy(entry + 1, name.data(), name.size());
    store(entry + 1 + kMaxCursorName, cursor.acknowledged);
    store(entry + 1 + kMaxCursorName + 8, to_number(cursor.used));
  }
  store(at + 32 + 8 * numbers.size(), count);
  store(at + kChecksumAt, checksum({at, kStateSlot}));
  return slot;
}

std::optional<State> read_state(ByteView slot) {
  if (slot.size() < kStateSlot || slot.substr(0, kMagic.size()) != kMagic) return std::nullopt;
  const char* at = slot.data();
  if (load<std::uint32_t>(at + kChecksumAt) != checksum(slot)) return std::nullopt;
  if (load<std::uint32_t>(at + 12) != kVersion) return std::nullopt;
  const auto number = [&](std::size_t i) { return load<std::uint64_t>(at + 32 + 8 * i); };
  State state;
  std::memcpy(state.sensor.data(), at + 16, state.sensor.size());
  state.generation = number(0);
  state.epoch = number(1);
  state.reserved = number(2);
  state.tail = number(3);
  state.first = number(4);
  state.delete_first = number(5);
  state.delete_last = number(6);
  state.clean = number(7) != 0;
  if (number(8) != 0) state.lost = Gap{number(8), number(9), number(10), static_cast<GapReason>(number(11))};
  const bool lost_is_sane =
      !state.lost || (state.lost->from <= state.lost->to && state.lost->to < state.reserved &&
                      state.lost->reason >= GapReason::Retention && state.lost->reason <= GapReason::Restart);
  const bool whole = lost_is_sane && state.reserved != 0 && state.first != 0 && state.tail < state.reserved &&
                     read_cursors(at + kFixed, load<std::uint32_t>(at + 32 + 8 * 12), state.cursors);
  return whole ? std::optional(state) : std::nullopt;
}

std::optional<State> StateFile::load() {
  int error = 0;
  const Descriptor file = directory_.open("state", O_RDONLY, error);
  std::optional<State> newest;
  for (int slot = 0; slot < 2 && file; ++slot) {
    std::vector<char> bytes(kStateSlot);
    if (pread(file.number(), bytes.data(), bytes.size(), slot * static_cast<off_t>(kStateSlot)) !=
        static_cast<ssize_t>(kStateSlot))
      continue;
    const auto state = read_state({bytes.data(), bytes.size()});
    if (state && (!newest || state->generation > newest->generation)) newest = state;
  }
  return newest;
}

int StateFile::save(State& state) {
  int error = 0;
  bool made = false;
  if (!file_) {
    file_ = directory_.open("state", O_RDWR, error);
    made = !file_ && error == ENOENT;
    if (made) file_ = directory_.open("state", O_RDWR | O_CREAT, error);
    if (!file_) return error;
  }
  ++state.generation;
  std::vector<char> slot = write_state(state);
  const iovec piece{slot.data(), slot.size()};
  error = operations_.write(file_.number(), {&piece, 1}, state.generation % 2 * kStateSlot);
  if (error == 0) error = operations_.sync(file_.number());
  if (error == 0 && made) error = directory_.sync();
  if (error == 0) {
    operations_.reached(FaultPoint::StateWritten);
    return 0;
  }
  --state.generation;
  file_.close();  // its pages are in doubt
  return error;
}

}  // namespace webtap::spool
