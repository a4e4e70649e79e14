// Where events go: one interface, one file a sink, and table.h that lists them.
#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "webtap/event/audit_event.h"
#include "webtap/wire/frame.h"

namespace webtap::client {

// The sink cannot go on as it is: a full disk, a peer that is away. It is closed, opened again later, and
// goes on from its last checkpoint.
class SinkError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Nobody takes what the sink gives, and nobody will: who read standard output is gone.
class SinkGone : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Used by one thread. Every call may throw SinkError or SinkGone.
class Sink {
 public:
  virtual ~Sink() = default;
  // Where its own record says that it goes on; position 0: it keeps none.
  virtual wire::Resume resume() const { return {}; }
  // False where the sink refuses this event for good; `refusal` says why. The next event may be taken.
  virtual bool write(const event::AuditEvent& event, std::string& refusal) = 0;
  // Makes durable what was written, and with it that `next` comes next. Position 0: the events are of no
  // stream, and the sink's record stays.
  virtual void checkpoint(const wire::Resume& next) = 0;
  // No more events at the moment: who watches the output should see what there is.
  virtual void pause() {}
};

using Say = std::function<void(const std::string&)>;

}  // namespace webtap::client
