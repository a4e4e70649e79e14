// A folder in memory, where the system has such: nothing there waits for a disk.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/fuzz/input.h"

namespace webtap::fuzz {

struct Folder {
  Folder() {
    const bool memory = access("/dev/shm", W_OK) == 0;
    path = (memory ? "/dev/shm" : std::filesystem::temp_directory_path().string()) + "/webtap-fuzz-XXXXXX";
    require(mkdtemp(path.data()) != nullptr, "there is a folder");
  }
  ~Folder() { std::filesystem::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path;
};

}  // namespace webtap::fuzz
