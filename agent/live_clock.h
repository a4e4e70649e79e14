// Time for the stages of a live lane: it follows the system's clock, but never jumps where that one is set.
// Packets are stamped by the system's clock; between the stamp and the event, time-outs are measured. A clock
// set back an hour would stop them for an hour, one set forward would end every connection.
#pragma once

#include <functional>

#include "webtap/base/time.h"

namespace webtap::agent {

class LiveClock {
 public:
  using Read = std::function<Timestamp()>;

  LiveClock();  // the system's clocks
  // `steady` counts from any moment.
  LiveClock(Read wall, Read steady);

  // Reads the clocks. Between two calls, nothing else changes.
  void tick();
  // As of the last tick.
  Timestamp now() const { return now_; }
  // What a packet's stamp is in this time. One that is further from now than packets wait in a ring comes
  // from a clock that was set meanwhile: it becomes now.
  Timestamp from_wall(Timestamp stamp) const {
    const Timestamp time = stamp - ahead_;
    return time > now_ + kFurthest || time < now_ - kFurthest ? now_ : time;
  }
  // And back.
  Timestamp to_wall(Timestamp time) const { return time + ahead_; }

  static constexpr Duration kFurthest = std::chrono::seconds(10);
  // The system's clock may be slewed; what it gains or loses at once beyond this, it was set.
  static constexpr Duration kSlack = std::chrono::milliseconds(500);

 private:
  Read wall_;
  Read steady_;
  Duration origin_{};  // of the steady clock: this time less the steady one
  Duration ahead_{};   // the system's clock less this one
  Timestamp now_;
};

}  // namespace webtap::agent
