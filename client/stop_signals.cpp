#include "client/stop_signals.h"

#include <unistd.h>

#include <csignal>
#include <utility>

#include "client/base/exit_status.h"

namespace webtap::client {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

void block_stop_signals() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

StopSignals::StopSignals(std::function<void()> stop) : stop_(std::move(stop)), thread_([this] { wait(); }) {}

StopSignals::~StopSignals() {
  ended_ = true;
  pthread_kill(thread_.native_handle(), SIGTERM);
  thread_.join();
}

void StopSignals::wait() {
  const sigset_t set = stop_signals();
  int number = 0;
  if (sigwait(&set, &number) != 0 || ended_) return;
  stop_();
  if (sigwait(&set, &number) == 0 && !ended_) _exit(kFailed);
}

}  // namespace webtap::client
