// Signals are for the thread that waits for them: the others are not interrupted by any.
#pragma once

#include <pthread.h>

#include <csignal>

namespace webtap {

// For the calling thread.
inline void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace webtap
