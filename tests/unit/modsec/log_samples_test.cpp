// Logs of real writers: every entry is read, and what was read is written again as the same text.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "tests/unit/modsec/read_entries.h"
#include "webtap/modsec/entry_event.h"

namespace webtap::modsec {
namespace {

namespace fs = std::filesystem;

fs::path data_folder(const std::string& name) {
  const char* data = std::getenv("WEBTAP_TEST_DATA");
  return fs::path(data != nullptr ? data : WEBTAP_SOURCE_DIR "/../shared/data") / name;
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Sample {
  const char* path;  // below modsec-samples
  Dialect dialect;
  std::size_t entries;
  bool canonical;  // written again, it is the same text
  std::size_t damages = 0;
};

// A raw request of mlogc has its head before the entry, and the line of who captured it.
const Sample kSamples[] = {
    {"lab/v2.9.7-native-serial.log", Dialect::ModSecurity2, 13, true},
    {"lab/v2.9.7-json.jsonl", Dialect::ModSecurity2Json, 13, true},
    {"lab/v2.9.7-concurrent/index.log", Dialect::ModSecurity2Index, 13, true},
    {"lab/v3.0.9-native-serial.log", Dialect::ModSecurity3, 14, true},
    {"lab/v3.0.9-json.jsonl", Dialect::ModSecurity3Json, 13, true},
    {"lab/v3.0.9-concurrent/index.log", Dialect::ModSecurity3Index, 13, true},
    {"lab/v3.0.9-https-post-requests.bin", Dialect::ModSecurity3Json, 13, false, 13},
    {"lab/mlogc-2.9.8-put-requests.bin", Dialect::ModSecurity2, 7, false, 7},
    {"apache2/molu8bits-modsec_audit.log", Dialect::ModSecurity2, 4, true},
    {"apache2/molu8bits-modsec_audit_v2.log", Dialect::ModSecurity2, 4, true},
    {"apache2/molu8bits-modsec_audit_v2_timems.log", Dialect::ModSecurity2, 4, true},
    {"apache2/molu8bits-modsec_audit_v2_utc_minus.log", Dialect::ModSecurity2, 3, true},
    {"apache2/molu8bits-modsec_audit_v3.log", Dialect::ModSecurity3, 4, true},
    {"apache2/molu8bits-modsec_audit_v2_json.log", Dialect::ModSecurity2Json, 4, false},
    {"mit/usiem-apache-httpd-v2-json.jsonl", Dialect::ModSecurity2Json, 3, false},
    {"mit/EyesOfArgus-v2-json-excerpt.jsonl", Dialect::ModSecurity2Json, 11, true},
    {"mit/PhalanxNode-v3.0.12-json-excerpt.jsonl", Dialect::ModSecurity3Json, 13, true},
    {"mit/FrodeHus-v3-json-SampleEntry.json", Dialect::ModSecurity3Json, 1, false},
    {"mit/Ixolit-v2-native-example_transaction.md", Dialect::ModSecurity2, 1, false, 2},
};

class LogSamples : public testing::TestWithParam<Sample> {
 protected:
  void SetUp() override {
    const fs::path path = data_folder("modsec-samples") / GetParam().path;
    if (!fs::exists(path)) GTEST_SKIP() << "no test data at " << path;
    log_ = content_of(path);
  }
  std::string log_;
};

TEST_P(LogSamples, every_entry_is_read) {
  const CollectedEntries found = read_entries(log_);
  EXPECT_EQ(found.entries.size(), GetParam().entries);
  EXPECT_EQ(found.damages.size(), GetParam().damages);
  for (const Damage& damage : found.damages)
    EXPECT_EQ(damage.kind, DamageKind::Garbage) << damage.offset << ' ' << damage.detail;
  for (const LogEntry& entry : found.entries) {
    EXPECT_EQ(entry.dialect, GetParam().dialect) << to_string(entry.dialect);
    EXPECT_NE(entry.header.time, Timestamp());
    EXPECT_FALSE(entry.header.transaction_id.empty());
    for (const RuleMessage& message : entry.messages)
      EXPECT_TRUE(message.cut || !message.id.empty() || message.file.empty()) << message.text;
  }
}

TEST_P(LogSamples, written_again_it_is_read_as_the_same) {
  expect_lossless(log_);
  if (!GetParam().canonical) return;
  const CollectedEntries found = read_entries(log_);
  for (std::size_t i = 0; i < found.entries.size(); ++i) {
    const std::string text = entry_text(found.entries[i]);
    EXPECT_EQ(text, log_.substr(found.offsets[i], text.size()));
  }
}

TEST_P(LogSamples, pieces_of_any_size_give_the_same) {
  const CollectedEntries whole = read_entries(log_);
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{13}, std::size_t{1000}})
    EXPECT_TRUE(read_entries(log_, step) == whole) << step;
}

// Cut at any byte, a log gives the entries that are complete before the cut. All bytes before it are read
// once, one by one; each time only those from the last entry on are read anew, as a reader knows nothing of
// earlier ones.
TEST_P(LogSamples, cut_at_any_byte_gives_what_is_complete) {
  constexpr std::size_t kEdge = 64u << 10;
  const CollectedEntries whole = read_entries(log_);
  std::size_t begun = 0;  // entries that begin before the cut
  std::size_t size = 0;   // of the last one
  for (std::size_t cut = 0; cut <= log_.size(); cut += cut > kEdge && log_.size() - cut > kEdge ? 61 : 1) {
    while (begun < whole.offsets.size() && whole.offsets[begun] < cut)
      size = entry_text(whole.entries[begun++]).size();
    const std::size_t from = begun == 0 ? 0 : whole.offsets[begun - 1];
    const CollectedEntries found = read_entries(std::string_view(log_).substr(from, cut - from));
    const bool complete = begun != 0 && GetParam().canonical && cut - from >= size;
    if (complete) {
      ASSERT_EQ(found.entries, std::vector{whole.entries[begun - 1]}) << cut;
    }
    if (found.entries.empty() && begun != 0) {
      ASSERT_EQ(found.damages.size(), 1u) << cut;
    }
  }
}

TEST_P(LogSamples, cut_where_an_entry_begins_it_gives_the_ones_before) {
  const CollectedEntries whole = read_entries(log_);
  for (std::size_t i = 0; i < whole.offsets.size(); ++i) {
    const CollectedEntries found = read_entries(std::string_view(log_).substr(0, whole.offsets[i]));
    ASSERT_EQ(found.entries,
              std::vector(whole.entries.begin(), whole.entries.begin() + static_cast<long>(i)));
  }
}

TEST_P(LogSamples, flipped_bytes_break_nothing) {
  std::mt19937 random(5);
  for (int round = 0; round < 40; ++round) {
    std::string log = log_;
    for (auto flips = 1 + random() % 30; flips > 0; --flips)
      log[random() % log.size()] = static_cast<char>(random() % 256);
    const CollectedEntries found = read_entries(log, 1 + random() % 700);
    for (const LogEntry& entry : found.entries) {
      event::AuditEvent event;
      std::string problem;
      const bool made = to_event(entry, event, problem);
      ASSERT_NE(made, !problem.empty());
      ASSERT_EQ(read_entries(entry_text(entry)).entries, std::vector{entry});
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, LogSamples, testing::ValuesIn(kSamples), [](const auto& sample) {
  std::string name = fs::path(sample.param.path).parent_path().filename().string() + '_' +
                     fs::path(sample.param.path).filename().string();
  std::ranges::replace_if(
      name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

TEST(LogSamplesStorage, each_file_holds_the_entry_that_the_index_names) {
  const fs::path folder = data_folder("modsec-samples") / "lab";
  if (!fs::exists(folder)) GTEST_SKIP() << "no test data at " << folder;
  for (const std::string version : {"v2.9.7", "v3.0.9"}) {
    std::map<std::string, std::uint64_t> sizes;
    for (const LogEntry& line :
         read_entries(content_of(folder / (version + "-concurrent") / "index.log")).entries)
      sizes[line.index.transaction_id] = line.index.size;
    std::size_t files = 0;
    for (const auto& file :
         fs::recursive_directory_iterator(folder / (version + "-concurrent") / "storage")) {
      if (!file.is_regular_file()) continue;
      const std::string text = content_of(file.path());
      const LogEntry entry = only_entry(text);
      EXPECT_EQ(sizes[entry.header.transaction_id], text.size()) << file.path();
      EXPECT_EQ(entry_text(entry), text.substr(0, text.find_last_not_of('\n') + 2)) << file.path();
      ++files;
    }
    EXPECT_EQ(files, 13u);
    EXPECT_EQ(sizes.size(), 13u);
  }
}

// The same traffic in three formats of one engine gives events that agree.
TEST(LogSamplesParity, json_and_native_text_of_the_same_traffic_agree) {
  const fs::path folder = data_folder("modsec-samples") / "lab";
  if (!fs::exists(folder)) GTEST_SKIP() << "no test data at " << folder;
  const auto events = [&](const std::string& name) {
    std::vector<event::AuditEvent> made;
    for (const LogEntry& entry : read_entries(content_of(folder / name)).entries) {
      std::string problem;
      EXPECT_TRUE(to_event(entry, made.emplace_back(), problem)) << problem;
    }
    return made;
  };
  for (const std::string version : {"v2.9.7", "v3.0.9"}) {
    const auto native = events(version + "-native-serial.log");
    const auto json = events(version + "-json.jsonl");
    ASSERT_GE(native.size(), json.size());
    for (std::size_t i = 0; i < json.size(); ++i) {
      EXPECT_EQ(json[i].status, native[i].status) << version << ' ' << i;
      EXPECT_EQ(json[i].messages.size(), native[i].messages.size()) << version << ' ' << i;
      // JSON strings end at the first NUL.
      const std::string body = native[i].request.body.substr(0, native[i].request.body.find('\0'));
      if (body.starts_with("----")) continue;  // multipart, whose delimiter was drawn
      EXPECT_EQ(json[i].request.body.substr(0, body.size()), body) << version << ' ' << i;
    }
  }
}

}  // namespace
}  // namespace webtap::modsec
