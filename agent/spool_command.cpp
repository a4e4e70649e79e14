#include "agent/spool_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <vector>

#include "agent/config.h"
#include "agent/spool/inspection.h"

namespace webtap::agent {
namespace {

int check(const SpoolCommand& command) {
  spool::FileOperations operations;
  spool::Directory directory(command.directory, spool::Directory::Access::Look, operations);
  const spool::SpoolReport report = spool::inspect(directory, operations);
  std::fputs(spool::to_text(report).c_str(), stdout);
  return report.is_sound() ? kDone : kFailed;
}

// Each record as on the stream: four bytes of length, most significant first, and its bytes.
bool write_record(ByteView bytes) {
  const auto length = static_cast<std::uint32_t>(bytes.size());
  const unsigned char prefix[4] = {
      static_cast<unsigned char>(length >> 24), static_cast<unsigned char>(length >> 16 & 0xff),
      static_cast<unsigned char>(length >> 8 & 0xff), static_cast<unsigned char>(length & 0xff)};
  return std::fwrite(prefix, 1, sizeof prefix, stdout) == sizeof prefix &&
         std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size();
}

int export_records(const SpoolCommand& command, Console& console) {
  spool::FileOperations operations;
  spool::Directory directory(command.directory, spool::Directory::Access::Look, operations);
  bool written = true;
  spool::for_each_record(directory, [&](const spool::RecordView& record) {
    if ((record.flags & spool::kGapFlag) != 0) {
      const spool::Gap gap = spool::gap_of(record);
      console.say("missing " + std::to_string(gap.from) + " to " + std::to_string(gap.to) + ": " +
                  spool::to_string(gap.reason));
      return true;
    }
    written = write_record(record.bytes);
    return written;
  });
  if (written && std::fflush(stdout) == 0) return kDone;
  console.say("cannot write the records to standard output");
  return kFailed;
}

}  // namespace

SpoolCommand parse_spool_command(int argc, const char* const* argv) {
  SpoolCommand command;
  CLI::App app("Looks at the spool of a sensor.", "webtap-agent spool");
  app.require_subcommand(1);
  const auto add = [&](const char* name, SpoolCommand::Action action, const char* what) {
    CLI::App& sub = *app.add_subcommand(name, what);
    sub.add_option("DIR", command.directory, "The spool's directory")->type_name("")->required();
    sub.callback([&command, action] { command.action = action; });
  };
  add("check", SpoolCommand::Action::Check,
      "Say what is there and what is damaged; exit status 1 if anything is");
  add("repair", SpoolCommand::Action::Repair,
      "Put aside what is damaged, keep what is whole; no sensor may use it");
  add("export", SpoolCommand::Action::Export,
      "Write the records to standard output, each behind its length in four bytes, the most significant "
      "first");
  std::vector<std::string> arguments(argv, argv + argc);
  std::ranges::reverse(arguments);  // as CLI11 wants them
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    command.text = app.help();
    command.action = SpoolCommand::Action::Help;
  } catch (const CLI::ParseError& error) {
    throw UsageError(std::string(error.what()) + "; see webtap-agent spool --help");
  }
  return command;
}

int run_spool_command(const SpoolCommand& command, Console& console) {
  switch (command.action) {
    case SpoolCommand::Action::Help:
      std::fputs(command.text.c_str(), stdout);
      return kDone;
    case SpoolCommand::Action::Check:
      return check(command);
    case SpoolCommand::Action::Repair:
      spool::repair(command.directory, [&](const std::string& text) { console.say(text); });
      return check(command);
    case SpoolCommand::Action::Export:
      return export_records(command, console);
  }
  return kFailed;
}

}  // namespace webtap::agent
