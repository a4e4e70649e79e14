#include "client/sinks/stdout_sink.h"

#include <unistd.h>

#include <cerrno>

#include "client/base/exit_status.h"
#include "client/sinks/ecs.h"
#include "client/sinks/url_options.h"
#include "webtap/base/error_text.h"
#include "webtap/modsec/json_writer.h"
#include "webtap/modsec/native_writer.h"
#include "webtap/sink/output_directory.h"
#include "webtap/sink/write_all.h"

namespace webtap::client {
namespace {

constexpr std::size_t kBlock = 64u << 10;

enum class StdoutFormat : std::uint8_t { Json, Serial, Ecs };

StdoutFormat format_of(const SinkUrl& url) {
  allow_options(url, {"format"});
  if (!url.target.empty())
    throw UsageError("the sink stdout: takes no target, but '" + url.target + "' is given");
  const std::string_view format = choice_option(url, "format", {"json", "serial", "ecs"});
  if (format == "serial") return StdoutFormat::Serial;
  return format == "ecs" ? StdoutFormat::Ecs : StdoutFormat::Json;
}

class StdoutSink final : public Sink {
 public:
  explicit StdoutSink(StdoutFormat format) : format_(format) {}

  bool write(const event::AuditEvent& event, std::string& /*refusal*/) override {
    switch (format_) {
      case StdoutFormat::Json:
        json_.append(event, text_);
        break;
      case StdoutFormat::Serial:
        native_.append(event, text_);
        text_ += '\n';
        break;
      case StdoutFormat::Ecs:
        append_ecs(event, text_);
        break;
    }
    if (text_.size() >= kBlock) flush();
    return true;
  }
  void checkpoint(const wire::Resume& /*next*/) override { flush(); }
  void pause() override { flush(); }

 private:
  void flush() {
    int error = 0;
    sink::write_all(STDOUT_FILENO, text_, error);
    text_.clear();
    if (error != 0) throw SinkGone("cannot write to standard output: " + error_text(error));
  }

  const StdoutFormat format_;
  modsec::JsonWriter json_{modsec::Parts::all()};
  modsec::NativeWriter native_{modsec::Parts::all()};
  std::string text_;
};

}  // namespace

void check_stdout_url(const SinkUrl& url) { format_of(url); }

std::unique_ptr<Sink> open_stdout_sink(const SinkUrl& url, Say /*say*/) {
  return std::make_unique<StdoutSink>(format_of(url));
}

}  // namespace webtap::client
