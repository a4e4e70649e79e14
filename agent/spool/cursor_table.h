// How far durable subscribers have come, by name. Read and set by any thread; the keeping thread brings it to
// disk.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "agent/spool/state_file.h"

namespace webtap::spool {

class CursorTable {
 public:
  enum class Answer : std::uint8_t {
    Done,
    BadName,  // not 1 to kMaxCursorName of [A-Za-z0-9._-]
    TooMany,  // there are kMaxCursors of other names
  };

  explicit CursorTable(Cursors cursors) : cursors_(std::move(cursors)) {}

  std::optional<Cursor> find(std::string_view name) const;
  Cursors all() const;
  // A cursor never goes back: a lower position than it has only says that it is in use.
  Answer set(std::string_view name, Position acknowledged, Timestamp now);
  bool remove(std::string_view name);
  // Removes those not set since `oldest`.
  void expire(Timestamp oldest);
  // The cursors, if anything changed since the last call.
  std::optional<Cursors> take_changed();
  void keep_changed();  // what was taken could not be written

 private:
  mutable std::mutex mutex_;
  Cursors cursors_;
  bool changed_ = false;
};

}  // namespace webtap::spool
