#include "webtap/sink/unsynced.h"

#include <unistd.h>

#include <future>
#include <thread>
#include <utility>

namespace webtap::sink {
namespace {

bool sync(const Unsynced& unsynced) {
  bool synced = true;
  for (const Descriptor& file : unsynced.files) synced = fdatasync(file.number()) == 0 && synced;
  if (unsynced.file_system) synced = syncfs(unsynced.file_system.number()) == 0 && synced;
  return synced;
}

}  // namespace

bool sync_within(Unsynced unsynced, std::chrono::milliseconds patience) {
  if (unsynced.files.empty() && !unsynced.file_system) return true;
  std::promise<bool> promise;
  std::future<bool> result = promise.get_future();
  std::thread([unsynced = std::move(unsynced), promise = std::move(promise)]() mutable {
    promise.set_value(sync(unsynced));
  }).detach();
  return result.wait_for(patience) == std::future_status::ready && result.get();
}

}  // namespace webtap::sink
