#include "agent/spool/state_file.h"

#include <unistd.h>

#include <algorithm>
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
constexpr std::uint32_t kVersion = 2;
constexpr std::uint32_t kOldVersion = 1;
constexpr std::size_t kChecksumAt = 8;
constexpr std::size_t kCountAt = 128;
constexpr std::size_t kFixed = 160;
constexpr std::size_t kCursor = 1 + kMaxCursorName + 16;
static_assert(kFixed + kMaxCursors * kCursor <= kStateSlot);

std::uint32_t checksum(ByteView used) { return ~crc32c(~0u, used.substr(kChecksumAt + 4)); }

// The bytes of the slot that its checksum covers; empty where it is none.
ByteView used_part(ByteView slot) {
  if (slot.size() < kFixed || slot.substr(0, kMagic.size()) != kMagic) return {};
  const auto version = load<std::uint32_t>(slot.data() + 12);
  const auto count = load<std::uint32_t>(slot.data() + kCountAt);
  if ((version != kVersion && version != kOldVersion) || count > kMaxCursors) return {};
  const std::size_t filled = kFixed + count * kCursor;
  const std::size_t size = version == kOldVersion ? kOldStateSlot : filled;
  return filled <= size && size <= slot.size() ? slot.substr(0, size) : ByteView();
}

std::uint64_t to_number(Timestamp time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}
Timestamp to_time(std::uint64_t number) { return Timestamp(Duration(static_cast<std::int64_t>(number))); }

bool read_cursors(const char* at, std::uint32_t count, Cursors& cursors) {
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
  std::vector<char> slot(kFixed + std::min(state.cursors.size(), kMaxCursors) * kCursor);
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
  store(at + kCountAt, count);
  slot.resize(kFixed + count * kCursor);
  store(at + kChecksumAt, checksum({at, slot.size()}));
  return slot;
}

std::optional<State> read_state(ByteView slot) {
  const ByteView used = used_part(slot);
  if (used.empty()) return std::nullopt;
  const char* at = used.data();
  if (load<std::uint32_t>(at + kChecksumAt) != checksum(used)) return std::nullopt;
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
                     read_cursors(at + kFixed, load<std::uint32_t>(at + kCountAt), state.cursors);
  return whole ? std::optional(state) : std::nullopt;
}

// A state of version 1 has both slots where the first slot is now: what is saved next goes to the second.
std::optional<State> StateFile::load() {
  int error = 0;
  const Descriptor file = directory_.open("state", O_RDONLY, error);
  std::optional<State> newest;
  bool newest_is_old = false;
  std::vector<char> bytes(file ? kStateSlot : 0);
  for (const std::size_t at : {std::size_t{0}, kOldStateSlot, kStateSlot}) {
    const ssize_t count = file ? pread(file.number(), bytes.data(), bytes.size(), static_cast<off_t>(at)) : 0;
    const auto state = read_state({bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0))});
    if (!state || (newest && state->generation <= newest->generation)) continue;
    newest = state;
    newest_is_old = spool::load<std::uint32_t>(bytes.data() + 12) == kOldVersion;
  }
  if (newest_is_old) newest->generation += newest->generation % 2;
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
