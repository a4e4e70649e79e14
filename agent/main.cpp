// webtap-agent: wires the parts, and answers signals. SIGINT and SIGTERM stop reading: transactions that are
// open are written as incomplete, and the exit status is that of an input that ended there; a second one
// kills. SIGUSR1 prints a summary, SIGHUP has certificates and subscribers read anew.
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <thread>

#include "agent/check_command.h"
#include "agent/config.h"
#include "agent/console.h"
#include "agent/read_run.h"
#include "agent/run_command.h"
#include "webtap/base/signals.h"

namespace webtap::agent {
namespace {

std::atomic<bool> stop_requested = false;
int null_descriptor = -1;
static_assert(std::atomic<bool>::is_always_lock_free);

// A read that waits for standard input is interrupted, tries again, and finds the end of input.
void on_stop(int) {
  const int saved = errno;
  stop_requested = true;
  dup2(null_descriptor, STDIN_FILENO);
  errno = saved;
}

void handle_signals() {
  null_descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
  struct sigaction action {};
  action.sa_handler = on_stop;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // A reader that went away and a file-size limit are errors of write(2), which is where they are handled.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
}

// A hangup ends a run that has nothing to read anew.
sigset_t waited_for(const ReadConfig& config) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  if (config.stream.listens) sigaddset(&set, SIGHUP);
  return set;
}

// Waits for SIGUSR1 and SIGHUP, in a thread of its own as the main thread may wait for input.
class SignalThread {
 public:
  SignalThread(ReadRun& run, const sigset_t& set) : run_(run), set_(set), thread_([this] { wait(); }) {}
  ~SignalThread() {
    ended_ = true;
    pthread_kill(thread_.native_handle(), SIGUSR1);
    thread_.join();
  }

 private:
  void wait() {
    block_signals();
    for (int number = 0; sigwait(&set_, &number) == 0 && !ended_;) {
      if (number == SIGHUP) {
        run_.reload();
      } else {
        run_.print_summary();
      }
    }
  }

  ReadRun& run_;
  const sigset_t set_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

int read(const ReadConfig& config, Console& console) {
  const sigset_t set = waited_for(config);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);  // for every thread, before there are any
  handle_signals();
  ReadRun run(config, console);
  const SignalThread signals(run, set);
  return run.run(stop_requested);
}

int run(int argc, const char* const* argv, Console& console) {
  const CommandLine line = parse_command_line(argc, argv);
  if (line.action == CommandLine::Action::Spool) return run_spool_command(line.spool, console);
  if (line.action == CommandLine::Action::Read) return read(line.read, console);
  if (line.action == CommandLine::Action::Run) return run_command(argc, argv, line.run);
  if (line.action == CommandLine::Action::Check) return check_command(line.run);
  std::fputs(line.text.c_str(), stdout);
  return kDone;
}

}  // namespace
}  // namespace webtap::agent

int main(int argc, char** argv) {
  using namespace webtap;
  agent::Console console;
  try {
    return agent::run(argc, argv, console);
  } catch (const agent::UsageError& error) {
    console.say(error.what());
    return agent::kUsage;
  } catch (const capture::FilterError& error) {
    console.say(error.what());
    return agent::kUsage;
  } catch (const std::exception& error) {
    console.say(error.what());
    return agent::kFailed;
  }
}
