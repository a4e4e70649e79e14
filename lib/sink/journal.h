// Ties a position in a sensor's stream to the lengths that the files of a directory have there, so that after
// a crash both go on from the same event: each event is in the files once. docs/client.md says how it looks.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "webtap/sink/descriptor.h"
#include "webtap/sink/file_watcher.h"
#include "webtap/sink/output_directory.h"

namespace webtap::sink {

inline constexpr std::string_view kJournalFile = ".webtap-position";

// The first position that the files do not hold; 0 = nothing is known.
struct Place {
  std::array<std::uint8_t, 16> sensor_uuid{};
  std::uint64_t position = 0;

  bool operator==(const Place&) const = default;
};

class Journal final : public FileWatcher {
 public:
  // Reads the journal of the directory, or begins one, and cuts each file that it names back to the length
  // noted last. Throws OutputError. The directory outlives the journal.
  explicit Journal(const OutputDirectory& directory);

  const Place& place() const { return place_; }
  // What was found not to be as it was left: sentences.
  const std::vector<std::string>& remarks() const { return remarks_; }

  int before_first_write(const std::vector<FileLength>& files) override;
  // Durably: the files hold everything before `place`, and these changed since the last call. Gives 0, or
  // errno; the journal is of no use then, until it is read anew.
  int note(const Place& place, const std::vector<FileLength>& changed);

 private:
  void read();
  void take_records(std::string_view text);
  bool take_record(std::string_view line);
  void put_right();
  void cut(const std::string& name, std::uint64_t length);
  int append(std::string_view record);
  int rewrite();

  const OutputDirectory& directory_;
  Descriptor file_;
  Place place_;
  std::map<std::string, std::uint64_t> lengths_;  // of every file that was ever written
  std::vector<std::string> remarks_;
  int broken_ = 0;  // why it cannot be written any more: errno
  std::uint64_t size_ = 0;
  std::uint64_t size_when_rewritten_ = 0;
};

}  // namespace webtap::sink
