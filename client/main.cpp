// webtap-client: what was asked for, and exit statuses.
#include <csignal>
#include <cstdio>
#include <exception>

#include "client/config.h"
#include "client/console.h"
#include "client/convert.h"
#include "client/subscribe.h"
#include "client/tail.h"

namespace webtap::client {
namespace {

int run(int argc, const char* const* argv, Console& console) {
  const CommandLine line = parse_command_line(argc, argv);
  switch (line.action) {
    case CommandLine::Action::Subscribe:
      return subscribe(line, console);
    case CommandLine::Action::Tail:
      return tail(line, console);
    case CommandLine::Action::Convert:
      return convert(line, console);
    case CommandLine::Action::Print:
      break;
  }
  std::fputs(line.text.c_str(), stdout);
  return kDone;
}

}  // namespace
}  // namespace webtap::client

int main(int argc, char** argv) {
  using namespace webtap;
  // A reader that went away and a file-size limit are errors of write(2), which is where they are handled.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  client::Console console;
  try {
    return client::run(argc, argv, console);
  } catch (const client::UsageError& error) {
    console.say(error.what());
    return client::kUsage;
  } catch (const std::exception& error) {
    console.say(error.what());
    return client::kFailed;
  }
}
