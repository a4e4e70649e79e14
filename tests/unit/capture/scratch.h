// A folder of one test's files, and what a CaptureFile reads from them.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "agent/capture/capture_file.h"

namespace webtap::capture {

class ScratchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = ::testing::TempDir() + "capture-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string path(const std::string& name) const { return folder_ / name; }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  static std::string contents(const std::string& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

 private:
  std::filesystem::path folder_;
};

struct Kept {
  Timestamp time;
  LinkType link_type;
  std::string bytes;
  std::uint32_t wire_length;

  bool operator==(const Kept&) const = default;
};

struct Reading final : PacketHandler {
  void on_packet(const Packet& packet) override {
    packets.push_back({packet.time, packet.link_type, std::string(packet.bytes), packet.wire_length});
  }

  std::vector<Kept> packets;
  CaptureFile::Status status = CaptureFile::Status::More;
  std::optional<Damage> damage;
};

// Reads a file until there is nothing more to read.
inline Reading read_all(const std::string& path, const std::string& filter = "") {
  Reading reading;
  CaptureFile file(path, filter);
  while (reading.status == CaptureFile::Status::More) reading.status = file.read(reading, 7);
  reading.damage = file.damage();
  return reading;
}

// The sentence with which a file, or its filter, is refused; empty where it is not.
inline std::string refusal(const std::string& path, const std::string& filter = "") {
  try {
    CaptureFile file(path, filter);
  } catch (const CaptureError& error) {
    return error.what();
  }
  return "";
}

inline Timestamp at(std::int64_t microseconds) { return Timestamp(Duration(microseconds)); }

}  // namespace webtap::capture
