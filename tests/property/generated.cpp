#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "tests/bench/traffic.h"
#include "tests/property/captures.h"

namespace webtap::property {

Capture generated_capture(std::uint64_t seed, bool long_bodies, std::uint64_t transactions) {
  std::string path = std::filesystem::temp_directory_path() / "webtap-generated-XXXXXX";
  const int file = mkstemp(path.data());
  if (file < 0) return {};
  close(file);
  {
    bench::CaptureWriter writer(path);
    const bench::Messages messages(bench::Heads::Browser,
                                   long_bodies ? bench::Bodies::Long : bench::Bodies::Short, seed);
    bench::Profile profile;
    profile.connections = 12;
    profile.transactions = transactions;
    profile.most_per_connection = 8;
    profile.mss = long_bodies ? 1460 : 180;
    bench::Traffic(profile, messages, writer, seed).run();
    writer.finish();
  }
  Capture capture = load(path);
  std::remove(path.c_str());
  capture.name = "generated-" + std::to_string(seed) + (long_bodies ? "-long" : "-short");
  return capture;
}

}  // namespace webtap::property
