// Events that a sink refused for good, or that could not be read: one JSON object a line, with the reason.
#pragma once

#include <cstdint>
#include <string>

#include "client/sinks/sink.h"
#include "webtap/base/bytes.h"
#include "webtap/modsec/json_writer.h"
#include "webtap/sink/descriptor.h"

namespace webtap::client {

class DeadLetters {
 public:
  // The file is made when there is something to write. An empty path: nothing is kept, it is only said.
  DeadLetters(std::string path, Say say) : path_(std::move(path)), say_(std::move(say)) {}

  // All throw SinkError: nothing is acknowledged that is neither in the sink nor here.
  void refused(const wire::Resume& where, const std::string& reason, const event::AuditEvent& event);
  void unreadable(const wire::Resume& where, const std::string& reason, ByteView bytes);
  // Makes durable what was written.
  void sync();

  std::uint64_t count() const { return count_; }

 private:
  void put(const wire::Resume& where, const std::string& reason, const std::string& member,
           const std::string& content);

  const std::string path_;
  const Say say_;
  sink::Descriptor file_;
  bool unsynced_ = false;
  std::uint64_t count_ = 0;
  modsec::JsonWriter json_{modsec::Parts::all()};
};

}  // namespace webtap::client
