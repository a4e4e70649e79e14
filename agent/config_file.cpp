#include "agent/config_file.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <numeric>

namespace webtap::agent {
namespace {

constexpr std::size_t kLargestFile = 1u << 20;
constexpr std::size_t kMostValues = 10'000;  // of a list

// How many letters have to be put in, left out or changed to make one of the other (Levenshtein).
std::size_t distance(const std::string& one, const std::string& other) {
  std::vector<std::size_t> row(other.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < one.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < other.size(); ++j) {
      const std::size_t changed = diagonal + (one[i] == other[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

class FileReader {
 public:
  FileReader(const std::string& path, const std::vector<KnownKey>& known) : path_(path), known_(known) {}

  std::vector<FileEntry> read(const std::string& text) const {
    YAML::Node document;
    try {
      document = YAML::Load(text);
    } catch (const YAML::Exception& error) {
      complain(error.mark, error.msg);
    }
    std::vector<FileEntry> entries;
    if (document.IsNull()) return entries;  // nothing but comments
    if (!document.IsMap()) complain(document.Mark(), "expected lines of the form 'key: value'");
    for (const auto& member : document) {
      FileEntry entry = this->entry(member.first, member.second);
      const auto same = std::ranges::find(entries, entry.key, &FileEntry::key);
      if (same != entries.end()) {
        complain(member.first.Mark(),
                 "the key '" + entry.key + "' stands in line " + std::to_string(same->line) + " already");
      }
      entries.push_back(std::move(entry));
    }
    return entries;
  }

 private:
  [[noreturn]] void complain(const YAML::Mark& mark, const std::string& why) const {
    const std::string place = mark.is_null() ? "" : "line " + std::to_string(mark.line + 1) + ": ";
    throw UsageError("configuration '" + path_ + "': " + place + why);
  }

  FileEntry entry(const YAML::Node& key, const YAML::Node& value) const {
    if (!key.IsScalar()) complain(key.Mark(), "expected a key");
    const KnownKey& known = known_key(key);
    FileEntry entry{known.name, {}, key.Mark().line + 1};
    if (value.IsScalar()) {
      entry.values.push_back(scalar(value, known));
    } else if (known.kind == KnownKey::Kind::List && value.IsSequence()) {
      if (value.size() > kMostValues) complain(key.Mark(), "'" + known.name + "' is too long a list");
      for (const auto& member : value) entry.values.push_back(scalar(member, known));
    }
    if (entry.values.empty()) complain(key.Mark(), "'" + known.name + "' takes " + expected(known));
    return entry;
  }

  std::string scalar(const YAML::Node& value, const KnownKey& known) const {
    if (!value.IsScalar()) complain(value.Mark(), "'" + known.name + "' takes " + expected(known));
    const std::string& text = value.Scalar();
    const bool is_right =
        known.kind == KnownKey::Kind::Flag ? text == "true" || text == "false" : !text.empty();
    if (is_right) return text;
    complain(value.Mark(), "'" + known.name + "' takes " + expected(known) + ", not '" + text + "'");
  }

  static std::string expected(const KnownKey& known) {
    switch (known.kind) {
      case KnownKey::Kind::Flag:
        return "true or false";
      case KnownKey::Kind::List:
        return "a list, as [a, b], or one value (" + known.type + ")";
      case KnownKey::Kind::Value:
        break;
    }
    return "a value (" + known.type + ")";
  }

  const KnownKey& known_key(const YAML::Node& key) const {
    const std::string& name = key.Scalar();
    const auto found = std::ranges::find(known_, name, &KnownKey::name);
    if (found != known_.end()) return *found;
    complain(key.Mark(), "unknown key '" + name + "'" + suggestion(name));
  }

  // A key that is nearer than a third of its letters is likely meant; a slip of underlines always is.
  std::string suggestion(const std::string& name) const {
    if (name.size() > 64) return "";
    std::string meant;
    std::size_t nearest = std::max<std::size_t>(1, name.size() / 3) + 1;
    for (const KnownKey& known : known_) {
      const std::size_t away = distance(name, known.name);
      if (away >= nearest) continue;
      nearest = away;
      meant = known.name;
    }
    return meant.empty() ? "" : ", did you mean '" + meant + "'?";
  }

  const std::string& path_;
  const std::vector<KnownKey>& known_;
};

}  // namespace

ConfigFile ConfigFile::read(const std::string& path, const std::vector<KnownKey>& known) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  std::string text(kLargestFile + 1, '\0');
  if (file) file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad()) {
    throw UsageError("cannot read configuration '" + path +
                     "': " + (errno != 0 ? std::strerror(errno) : "it is no file"));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kLargestFile) throw UsageError("configuration '" + path + "' is larger than 1 MiB");
  return from_text(text, path, known);
}

ConfigFile ConfigFile::from_text(const std::string& text, const std::string& path,
                                 const std::vector<KnownKey>& known) {
  ConfigFile file;
  file.path_ = path;
  file.entries_ = FileReader(path, known).read(text);
  return file;
}

void ConfigFile::complain(const OptionError& error) const {
  const auto entry = std::ranges::find_if(
      entries_, [&](const FileEntry& candidate) { return "--" + candidate.key == error.option(); });
  if (entry == entries_.end()) throw error;
  throw UsageError("configuration '" + path_ + "': line " + std::to_string(entry->line) + ": '" + entry->key +
                   "' " + error.why());
}

}  // namespace webtap::agent
