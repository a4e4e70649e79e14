#include "client/sinks/dead_letters.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "webtap/base/error_text.h"
#include "webtap/modsec/json_text.h"
#include "webtap/sink/output_directory.h"
#include "webtap/sink/write_all.h"

namespace webtap::client {
namespace {

std::string hex(ByteView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text += kDigits[static_cast<unsigned char>(byte) >> 4];
    text += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return text;
}

ByteView bytes_of(const wire::Uuid& uuid) {
  return {reinterpret_cast<const char*>(uuid.data()), uuid.size()};
}

}  // namespace

void DeadLetters::refused(const wire::Resume& where, const std::string& reason,
                          const event::AuditEvent& event) {
  std::string content;
  json_.append(event, content);
  content.pop_back();  // the line end
  put(where, reason, "event", content);
}

void DeadLetters::unreadable(const wire::Resume& where, const std::string& reason, ByteView bytes) {
  put(where, reason, "bytes", '"' + hex(bytes) + '"');
}

void DeadLetters::put(const wire::Resume& where, const std::string& reason, const std::string& member,
                      const std::string& content) {
  ++count_;
  say_("the event at position " + std::to_string(where.position) + " goes to the dead letters: " + reason);
  if (path_.empty()) return;
  std::string line;
  modsec::JsonText json(line);
  json.open('{');
  json.key("sensor_uuid");
  json.raw_string(hex(bytes_of(where.sensor_uuid)), false);
  json.number("position", where.position);
  json.key("reason");
  json.raw_string(reason, true);
  json.key(member);
  line += content + "}\n";
  if (!file_) {
    file_ = sink::Descriptor(open(
        path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, sink::kFileMode));
  }
  int error = file_ ? 0 : errno;
  if (file_) sink::write_all(file_.number(), line, error);
  if (error != 0) throw SinkError("cannot write to the dead letters '" + path_ + "': " + error_text(error));
  unsynced_ = true;
}

void DeadLetters::sync() {
  if (!unsynced_) return;
  if (fdatasync(file_.number()) != 0) {
    throw SinkError("cannot make the dead letters '" + path_ + "' durable: " + error_text(errno));
  }
  unsynced_ = false;
}

}  // namespace webtap::client
