// A spool in a folder of its own, file operations that fail when they are told to, and what readers get.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "agent/spool/spool.h"

namespace webtap::spool {

// As the system's, but for a disk that is full or refuses to sync.
class FaultyFiles : public FileOperations {
 public:
  int write(int file, std::span<const iovec> pieces, std::uint64_t offset) override {
    const bool is_state = pieces[0].iov_len >= 8 && std::memcmp(pieces[0].iov_base, "WTSTATE\n", 8) == 0;
    if (write_error != 0 && (state_fails_too || !is_state)) {
      // A full disk takes a part.
      const iovec part{pieces[0].iov_base, std::min<std::size_t>(pieces[0].iov_len / 2, 50)};
      if (part.iov_len != 0) FileOperations::write(file, {&part, 1}, offset);
      return write_error;
    }
    return FileOperations::write(file, pieces, offset);
  }
  int sync(int file) override {
    if (syncs_to_fail > 0) {
      --syncs_to_fail;
      return EIO;
    }
    return FileOperations::sync(file);
  }
  void reached(FaultPoint point) override {
    if (on_point) on_point(point);
  }

  std::atomic<int> write_error = 0;
  std::atomic<int> syncs_to_fail = 0;
  bool state_fails_too = true;
  std::function<void(FaultPoint)> on_point;
};

// What a reader was given: a record, or a gap.
struct Given {
  Position position = 0;
  std::string bytes;
  std::optional<Gap> gap;

  bool operator==(const Given&) const = default;
};
inline void PrintTo(const Given& given, std::ostream* out) {
  if (given.gap) {
    *out << "gap " << given.gap->from << "-" << given.gap->to << " (" << given.gap->count << ", "
         << to_string(given.gap->reason) << ")";
  } else {
    *out << given.position << " '" << given.bytes.substr(0, 20) << "'";
  }
}
inline Given record(Position position, std::string bytes) {
  return {position, std::move(bytes), std::nullopt};
}
inline Given gap(Position from, Position to, std::uint64_t count, GapReason reason) {
  return {to, "", Gap{from, to, count, reason}};
}

inline std::vector<Given> read_all(Spool& spool, Position from, Reader::Until until = Reader::Until::Synced,
                                   std::size_t max_bytes = 1000) {
  Reader reader = spool.reader(from);
  ReadBatch batch;
  std::vector<Given> given;
  for (;;) {
    switch (reader.read(max_bytes, until, batch)) {
      case Reader::Result::Records:
        for (const RecordView& view : batch.records)
          given.push_back(record(view.position, std::string(view.bytes)));
        break;
      case Reader::Result::Gap:
        given.push_back({batch.gap->to, "", batch.gap});
        break;
      case Reader::Result::Again:
        break;
      case Reader::Result::CaughtUp:
        return given;
    }
  }
}

class SpoolTest : public ::testing::Test {
 protected:
  SpoolTest() {
    // In memory where that is possible: what is synced here thousands of times is for nobody to keep.
    std::string name = (access("/dev/shm", W_OK) == 0 ? "/dev/shm/" : ::testing::TempDir()) + "spool-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    folder_ = name;
    options_.directory = folder_ / "spool";
    options_.linger = std::chrono::milliseconds(1);
    options_.retry = std::chrono::milliseconds(1);
    options_.block_bytes = 4096;
    options_.memory_bytes = 64u << 10;
    options_.say = [this](const std::string& text) { said_ += text + "\n"; };
  }
  ~SpoolTest() override { std::filesystem::remove_all(folder_); }

  static bool sync(Spool& spool) { return spool.sync(std::chrono::minutes(1)); }
  static bool append(Spool& spool, const std::string& bytes) {
    return spool.append(spool.next(), Timestamp(Duration(1)), bytes);
  }
  // The files of the spool's epochs, in the order of their positions.
  std::vector<std::filesystem::path> segments(const std::string& suffix = ".seg") const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(options_.directory)) {
      if (entry.path().extension() == suffix) found.push_back(entry.path());
    }
    std::ranges::sort(found, {}, [](const auto& path) { return path.filename(); });
    return found;
  }
  static std::string contents(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  static void write(const std::filesystem::path& path, const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::filesystem::path folder_;
  SpoolOptions options_;
  FaultyFiles files_;
  std::string said_;
};

}  // namespace webtap::spool
