#include "tests/property/captures.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "agent/capture/capture_file.h"

namespace webtap::property {
namespace {

namespace fs = std::filesystem;

class Collector final : public capture::PacketHandler {
 public:
  explicit Collector(std::vector<Packet>& packets) : packets_(packets) {}
  void on_packet(const capture::Packet& packet) override {
    packets_.push_back({packet.time, packet.link_type, std::string(packet.bytes), packet.wire_length});
  }

 private:
  std::vector<Packet>& packets_;
};

fs::path data_folder() {
  const char* root = std::getenv("WEBTAP_TEST_DATA");
  if (root != nullptr && *root != '\0') return root;
  return fs::path(WEBTAP_SOURCE_DIR).parent_path() / "shared" / "data";
}

bool is_capture(const fs::path& path) {
  const std::string extension = path.extension();
  return extension == ".pcap" || extension == ".cap" || extension == ".pcapng";
}

}  // namespace

Capture load(const std::string& path) {
  Capture loaded{fs::path(path).filename(), {}};
  Collector collector(loaded.packets);
  capture::CaptureFile file(path, "");
  while (file.read(collector, 1000) == capture::CaptureFile::Status::More) {
  }
  return loaded;
}

std::vector<Capture> test_captures(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code absent;
  for (const auto& entry : fs::recursive_directory_iterator(data_folder() / folder, absent))
    if (is_capture(entry.path())) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  std::vector<Capture> captures;
  for (const std::string& path : paths) captures.push_back(load(path));
  return captures;
}

std::size_t runs(std::size_t usual) {
  const char* wanted = std::getenv("WEBTAP_PROPERTY_RUNS");
  return wanted == nullptr ? usual : std::strtoul(wanted, nullptr, 10);
}

}  // namespace webtap::property
