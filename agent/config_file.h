// The configuration file: a YAML map whose keys are the options of `run` without their dashes, each with the
// same meaning.
#pragma once

#include <string>
#include <vector>

#include "agent/usage_error.h"

namespace webtap::agent {

struct KnownKey {
  enum class Kind { Value, List, Flag } kind = Kind::Value;
  std::string name;  // "max-body"
  std::string type;  // of its value: "BYTES"
};

struct FileEntry {
  std::string key;
  std::vector<std::string> values;  // one, but of a list; "true" or "false" of a flag
  int line = 0;                     // from 1
};

class ConfigFile {
 public:
  // Throws UsageError: file, line, what was expected, and for an unknown key the known one that is nearest.
  static ConfigFile read(const std::string& path, const std::vector<KnownKey>& known);
  static ConfigFile from_text(const std::string& text, const std::string& path,
                              const std::vector<KnownKey>& known);

  const std::vector<FileEntry>& entries() const { return entries_; }
  // What the command line says goes before.
  template <typename Predicate>
  void drop_if(Predicate is_given) {
    std::erase_if(entries_, [&](const FileEntry& entry) { return is_given(entry.key); });
  }
  // Throws UsageError: what is wrong with an option, with the line that gave it where this file did.
  [[noreturn]] void complain(const OptionError& error) const;

 private:
  std::string path_;
  std::vector<FileEntry> entries_;
};

}  // namespace webtap::agent
