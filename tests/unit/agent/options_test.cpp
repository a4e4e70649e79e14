// Every option of `run`, on the command line and as a key of the file: one table for both.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "agent/config.h"

namespace webtap::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CommandLine parse(std::vector<std::string> words) {
  std::vector<const char*> argv{"webtap-agent"};
  for (const std::string& word : words) argv.push_back(word.c_str());
  return parse_command_line(static_cast<int>(argv.size()), argv.data());
}

std::string complaint(std::vector<std::string> words) {
  try {
    parse(std::move(words));
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

class TextFile {
 public:
  explicit TextFile(const std::string& text) {
    path_ = std::filesystem::temp_directory_path() /
            ("webtap-options-" + std::to_string(getpid()) + "-" + std::to_string(++made_) + ".yaml");
    std::ofstream(path_) << text;
  }
  ~TextFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_; }

 private:
  static inline int made_ = 0;
  std::filesystem::path path_;
};

struct Row {
  const char* key;
  const char* value;
  const char* other;  // a value that the command line has, for the same key in the file
  std::function<std::string(const RunConfig&)> found;
  const char* shown = nullptr;  // how `found` shows the value, if not as it is
};

std::string list(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}
std::string number(auto value) { return std::to_string(value); }

const std::vector<Row>& rows() {
  using C = RunConfig;
  static const std::vector<Row> kRows{
      {"interface", "eth0", "eth7", [](const C& c) { return list(c.interfaces); }},
      {"filter", "tcp port 80", "udp", [](const C& c) { return c.filter; }},
      {"threads", "3", "4", [](const C& c) { return number(c.threads); }},
      {"ring", "2MiB", "4MiB", [](const C& c) { return number(c.ring_bytes >> 20) + "MiB"; }},
      {"snaplen", "2000", "3000", [](const C& c) { return number(c.snaplen); }},
      {"promiscuous", "true", "false", [](const C& c) { return c.promiscuous ? "true" : "false"; }},
      {"max-memory", "100MiB", "101MiB", [](const C& c) { return number(c.max_memory >> 20) + "MiB"; }},
      {"metrics", "127.0.0.1:9100", "127.0.0.2:1",
       [](const C& c) { return c.metrics.address + ":" + number(c.metrics.port); }},
      {"user", "nobody", "daemon", [](const C& c) { return c.service.user; }},
      {"log-level", "debug", "error",
       [](const C& c) { return number(static_cast<int>(c.service.log_level)); }, "3"},
      {"output", "/logs", "/other", [](const C& c) { return c.output.directory; }},
      {"format", "json", "concurrent", [](const C& c) { return number(static_cast<int>(c.output.format)); },
       "1"},
      {"parts", "ABZ", "AZ", [](const C& c) { return c.output.parts.has('B') ? "ABZ" : "AZ"; }},
      {"max-body", "2k", "3k", [](const C& c) { return number(c.max_body >> 10) + "k"; }},
      {"bodies", "wire", "decoded", [](const C& c) { return c.bodies == audit::Bodies::Wire ? "wire" : ""; }},
      {"mask", "a, b", "c", [](const C& c) { return list(c.masked_names); }, "a,b"},
      {"mask-dry-run", "true", "false", [](const C& c) { return c.mask_dry_run ? "true" : "false"; }},
      {"checksums", "true", "false", [](const C& c) { return c.verify_checksums ? "true" : "false"; }},
      {"sensor", "edge", "core", [](const C& c) { return c.sensor; }},
      {"max-hosts", "7", "8", [](const C& c) { return number(c.output.max_hosts); }},
      {"rotate-size", "64KiB", "65KiB",
       [](const C& c) { return number(c.output.rotation.bytes >> 10) + "KiB"; }},
      {"rotate-age", "12h", "13h",
       [](const C& c) {
         return number(std::chrono::duration_cast<std::chrono::hours>(c.output.rotation.age).count()) + "h";
       }},
      {"rotate-keep", "5", "6", [](const C& c) { return number(c.output.rotation.keep); }},
      {"listen", "[::1]:7443", ":1",
       [](const C& c) { return "[" + c.stream.address + "]:" + number(c.stream.port); }},
      {"cert", "c1.pem", "c2.pem", [](const C& c) { return c.stream.tls.certificate; }},
      {"key", "k1.pem", "k2.pem", [](const C& c) { return c.stream.tls.key; }},
      {"ca", "a1.pem", "a2.pem", [](const C& c) { return c.stream.tls.ca; }},
      {"crl", "r1.pem", "r2.pem", [](const C& c) { return c.stream.tls.crl; }},
      {"tls", "1.2", "1.3",
       [](const C& c) { return c.stream.tls.minimum_version == tls::MinimumVersion::Tls12 ? "1.2" : "1.3"; }},
      {"subscribers", "table.yaml", "none.yaml", [](const C& c) { return c.stream.subscribers; }},
      {"spool", "/spool", "/else", [](const C& c) { return c.stream.spool; }},
      {"spool-size", "17MiB", "18MiB", [](const C& c) { return number(c.stream.spool_bytes >> 20) + "MiB"; }},
      {"spool-age", "7d", "8d",
       [](const C& c) {
         return number(std::chrono::duration_cast<std::chrono::days>(c.stream.spool_age).count()) + "d";
       }},
      {"compress", "always", "never",
       [](const C& c) {
         return c.stream.compression == server::Options::Compression::Always ? "always" : "never";
       }},
      {"audit-log", "fallback", "always",
       [](const C& c) { return c.stream.audit_logs == AuditLogs::Fallback ? "fallback" : "always"; }},
  };
  return kRows;
}

// What has to stand beside a key for it to mean something.
std::vector<std::pair<std::string, std::string>> needed_beside(const std::string& key) {
  std::vector<std::pair<std::string, std::string>> needed{{"interface", "lo"}, {"output", "/var/log"}};
  static const std::vector<std::string> kStream{"listen",     "cert",      "key",         "ca",
                                                "crl",        "tls",       "subscribers", "spool",
                                                "spool-size", "spool-age", "compress",    "audit-log"};
  if (std::ranges::find(kStream, key) != kStream.end()) {
    for (const char* name : {"cert", "key", "ca"}) needed.emplace_back(name, "x.pem");
    needed.emplace_back("listen", ":7443");
  }
  if (key == "rotate-keep") needed.emplace_back("rotate-size", "1MiB");
  if (key == "mask-dry-run") needed.emplace_back("mask", "x");
  std::erase_if(needed, [&](const auto& entry) { return entry.first == key; });
  return needed;
}

std::string flag(const std::string& key, const std::string& value) { return "--" + key + "=" + value; }

TEST(Options, each_has_a_key_of_its_name_and_each_key_stands_in_the_table) {
  std::vector<std::string> tabled;
  for (const Row& row : rows()) tabled.emplace_back(row.key);
  std::vector<std::string> known;
  for (const KnownKey& key : configuration_keys()) known.push_back(key.name);
  EXPECT_THAT(tabled, testing::UnorderedElementsAreArray(known));
}

TEST(Options, on_the_command_line) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.key);
    std::vector<std::string> words{"run", flag(row.key, row.value)};
    for (const auto& [key, value] : needed_beside(row.key)) words.push_back(flag(key, value));
    EXPECT_EQ(row.found(parse(words).run), row.shown != nullptr ? row.shown : row.value);
  }
}

TEST(Options, in_the_file) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.key);
    std::string text = std::string(row.key) + ": '" + row.value + "'\n";
    for (const auto& [key, value] : needed_beside(row.key)) text += key + ": '" + value + "'\n";
    const TextFile file(text);
    const CommandLine line = parse({"run", "--config", file.path()});
    EXPECT_EQ(line.action, CommandLine::Action::Run);
    EXPECT_EQ(row.found(line.run), row.shown != nullptr ? row.shown : row.value);
    EXPECT_EQ(row.found(parse({"check", "--config", file.path()}).run), row.found(line.run));
  }
}

TEST(Options, the_command_line_goes_before_the_file) {
  for (const Row& row : rows()) {
    SCOPED_TRACE(row.key);
    std::string text = std::string(row.key) + ": '" + row.value + "'\n";
    std::vector<std::string> alone{"run", flag(row.key, row.other)};
    for (const auto& [key, value] : needed_beside(row.key)) {
      text += key + ": '" + value + "'\n";
      alone.push_back(flag(key, value));
    }
    const TextFile file(text);
    const std::string found =
        row.found(parse({"run", "--config", file.path(), flag(row.key, row.other)}).run);
    EXPECT_EQ(found, row.found(parse(alone).run));
    EXPECT_NE(found, row.shown != nullptr ? row.shown : row.value);
  }
}

TEST(Options, what_ends_the_line_is_a_filter) {
  EXPECT_EQ(parse({"run", "-i", "lo", "-o", "x", "tcp", "port", "80"}).run.filter, "tcp port 80");
  EXPECT_EQ(parse({"run", "tcp", "port", "80", "-i", "lo", "-o", "x"}).run.filter, "tcp port 80");
  EXPECT_EQ(parse({"run", "-i", "lo", "-o", "x", "--", "tcp", "and", "-1", "<", "2"}).run.filter,
            "tcp and -1 < 2");
  const TextFile file("interface: lo\noutput: x\nfilter: tcp port 81\n");
  EXPECT_EQ(parse({"run", "--config", file.path()}).run.filter, "tcp port 81");
  EXPECT_EQ(parse({"run", "--config", file.path(), "udp", "or", "tcp"}).run.filter, "udp or tcp");
  EXPECT_EQ(parse({"run", "--config", file.path(), "--", "udp"}).run.filter, "udp");
  EXPECT_THAT(complaint({"run", "-i", "lo", "-o", "x", "--filter", "tcp", "udp"}), HasSubstr("given twice"));
}

TEST(Options, interfaces_and_masks_are_lists) {
  EXPECT_THAT(parse({"run", "-i", "a", "-i", "b,c", "-o", "x"}).run.interfaces, ElementsAre("a", "b", "c"));
  const TextFile file("interface: [a, b]\noutput: x\nmask:\n  - Cookie\n  - '[odd]'\n");
  EXPECT_THAT(parse({"run", "--config", file.path()}).run.interfaces, ElementsAre("a", "b"));
  EXPECT_THAT(parse({"run", "--config", file.path()}).run.masked_names, ElementsAre("Cookie", "[odd]"));
}

TEST(Options, what_is_wrong_is_said) {
  const std::vector<std::pair<std::vector<std::string>, const char*>> wrong{
      {{"run"}, "-i INTERFACE"},
      {{"run", "-i", "lo"}, "run needs -o DIR"},
      {{"run", "-i", "a/b", "-o", "x"}, "name of an interface"},
      {{"run", "-i", "lo", "-i", "lo", "-o", "x"}, "twice"},
      {{"run", "-i", "lo\n", "-o", "x"}, "control characters"},
      {{"run", "-i", "lo", "-o", "x", "--threads", "0"}, "from 1 to 64"},
      {{"run", "-i", "lo", "-o", "x", "--threads", "2x"}, "from 1 to 64"},
      {{"run", "-i", "lo", "-o", "x", "--ring", "1k"}, "at least 1MiB"},
      {{"run", "-i", "lo", "-o", "x", "--ring", "3g"}, "at most 2GiB"},
      {{"run", "-i", "lo", "-o", "x", "--ring", "99999999999999999999"}, "too large"},
      {{"run", "-i", "lo", "-o", "x", "--ring", "17179869184g"}, "too large"},
      {{"run", "-i", "lo", "-o", "x", "--snaplen", "1"}, "at least 128"},
      {{"run", "-i", "lo", "-o", "x", "--max-memory", "1m"}, "at least 64MiB"},
      {{"run", "-i", "lo", "-o", "x", "--metrics", "9100"}, "ADDRESS:PORT"},
      {{"run", "-i", "lo", "-o", "x", "--metrics", ":70000"}, "ADDRESS:PORT"},
      {{"run", "-i", "lo", "-o", "x", "--log-level", "loud"}, "debug|error|info|warning"},
      {{"run", "-i", "lo", "-o", "x", "--rotate-age", "0s"}, "an age such as"},
      {{"run", "-i", "lo", "-o", "x", "--rotate-size", "1k"}, "at least 64KiB"},
      {{"run", "-i", "lo", "-o", "x", "--rotate-keep", "3"}, "--rotate-size"},
      {{"run", "-i", "lo", "-o", "x", "--wait-for", "siem"}, "--wait-for"},
      {{"run", "-i", "lo", "-o", "x", "--unknown"}, "webtap-agent run --help"},
      {{"check"}, "-i INTERFACE"},
      {{"read", "x.pcap", "-o", "x", "-i", "lo"}, "-i"},
  };
  for (const auto& [words, part] : wrong) EXPECT_THAT(complaint(words), HasSubstr(part)) << list(words);
}

TEST(Options, the_line_that_gave_a_wrong_value_is_named) {
  const TextFile file("# a comment\ninterface: lo\noutput: x\nmax-body: 2GiB\n");
  EXPECT_EQ(complaint({"run", "--config", file.path()}),
            "configuration '" + file.path() + "': line 4: 'max-body' is at most 1GiB");
  EXPECT_EQ(complaint({"run", "--config", file.path(), "--max-body", "1x"}),
            "--max-body takes a number of bytes such as 65536, 64k or 1MiB, not '1x'");
  EXPECT_EQ(complaint({"run", "--config", file.path(), "--max-body", "1k"}), "");
}

// Each key stands in the shipped example, set or behind a '#', and on the page of the manual.
TEST(Options, each_key_is_in_the_example_and_in_the_manual) {
  for (const char* path : {WEBTAP_ROOT "/deploy/agent.yaml", WEBTAP_ROOT "/docs/configuration.md"}) {
    std::stringstream text;
    text << "\n" << std::ifstream(path).rdbuf();
    for (const KnownKey& key : configuration_keys()) {
      const bool is_there = text.str().find("\n" + key.name + ":") != std::string::npos ||
                            text.str().find("\n# " + key.name + ":") != std::string::npos ||
                            text.str().find("\n| `" + key.name + "` |") != std::string::npos;
      EXPECT_TRUE(is_there) << key.name << " in " << path;
    }
  }
}

TEST(Options, the_example_is_accepted_and_masks_what_it_should) {
  const RunConfig config = parse({"check", "--config", WEBTAP_ROOT "/deploy/agent.yaml"}).run;
  for (const char* name : {"Authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "password"}) {
    EXPECT_THAT(config.masked_names, testing::Contains(name));
  }
  EXPECT_FALSE(config.output.directory.empty());
}

// Each line of the example that is commented out is one that could be used.
TEST(Options, the_example_is_accepted_with_everything_switched_on) {
  std::ifstream example(WEBTAP_ROOT "/deploy/agent.yaml");
  std::string text, line;
  const std::vector<KnownKey> keys = configuration_keys();
  while (std::getline(example, line)) {
    const bool is_key = std::ranges::any_of(
        keys, [&](const KnownKey& key) { return line.starts_with("# " + key.name + ": "); });
    text += (is_key ? line.substr(2) : line) + "\n";
  }
  text.replace(text.find("mask-dry-run: true"), 18, "mask-dry-run: false");
  const TextFile file(text);
  EXPECT_EQ(complaint({"check", "--config", file.path()}), "");
}

}  // namespace
}  // namespace webtap::agent
