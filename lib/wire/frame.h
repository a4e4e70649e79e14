// What a sensor and a subscriber say to each other: proto/webtap/v1/stream.proto as plain structs, where each
// field is explained; docs/wire.md has the rules of the conversation.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "webtap/base/bytes.h"
#include "webtap/base/endpoint.h"
#include "webtap/base/time.h"

namespace webtap::wire {

using Uuid = std::array<std::uint8_t, 16>;
// A number of the sensor's spool, from 1; 0 = none.
using Position = std::uint64_t;

// Which events are wanted: those that match one member of each list that is not empty.
struct StatusRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;  // included

  bool operator==(const StatusRange&) const = default;
};

struct Network {
  IpAddress address;  // the bits behind the prefix are zero
  std::uint8_t prefix_length = 0;

  bool operator==(const Network&) const = default;
};

struct Filter {
  std::vector<std::string> hosts;    // globs, against the host in lower case, without port
  std::vector<std::string> methods;  // as sent
  std::vector<StatusRange> statuses;
  std::vector<std::string> paths;  // globs, against the target up to `?`
  std::vector<Network> clients;
  bool alerts = false;  // only events whose audit-log entry has a Message line

  bool operator==(const Filter&) const = default;
};

// Where a subscription begins that nothing is known of.
struct Start {
  enum class At : std::uint8_t { Latest, Earliest, Numbered, Timed };
  At at = At::Latest;
  wire::Position position = 0;  // with At::Numbered
  Timestamp time{};             // with At::Timed

  bool operator==(const Start&) const = default;
};

// Where the subscriber's own record says that it goes on; position 0: it has none.
struct Resume {
  Uuid sensor_uuid{};
  Position position = 0;  // the first not yet durable

  bool operator==(const Resume&) const = default;
};

struct Window {
  std::uint64_t bytes = 0;  // of serialised events; 0 = the sensor's default
  std::uint64_t events = 0;

  bool operator==(const Window&) const = default;
};

enum class Compression : std::uint8_t { None = 0, Zstd = 1 };

struct Subscribe {
  std::uint32_t protocol_version = 0;
  std::string client_name;
  std::string client_software;
  std::string durable_name;
  Start start;
  Resume resume;
  Filter filter;
  bool bodies = false;
  std::vector<Compression> compressions;  // those known here; None is left out
  Window window;

  bool operator==(const Subscribe&) const = default;
};

struct Permissions {
  std::vector<std::string> hosts;  // globs; "*" = every event
  bool bodies = false;

  bool operator==(const Permissions&) const = default;
};

struct Welcome {
  std::uint32_t protocol_version = 0;
  std::string sensor_name;
  Uuid sensor_uuid{};
  std::string software;
  std::uint64_t boot_epoch = 0;
  Position first_position = 0;
  Position next_position = 0;
  Position start_position = 0;
  Permissions permissions;
  Compression compression = Compression::None;
  Window window;
  std::uint32_t heartbeat_seconds = 0;
  std::uint32_t silence_seconds = 0;

  bool operator==(const Welcome&) const = default;
};

// A serialised Batch, in the frame's bytes: for BatchReader.
struct Batch {
  ByteView bytes;

  bool operator==(const Batch&) const = default;
};

struct Ack {
  wire::Position position = 0;

  bool operator==(const Ack&) const = default;
};

enum class GapReason : std::uint8_t {
  Unspecified = 0,  // or one that is not known here
  Retention = 1,
  Damage = 2,
  DiskFull = 3,
  WriteError = 4,
  Overload = 5,
  TooLarge = 6,
  Restart = 7,
};

struct Gap {
  Position from = 0;
  Position to = 0;
  std::uint64_t count = 0;  // events; 0 = unknown
  GapReason reason = GapReason::Unspecified;

  bool operator==(const Gap&) const = default;
};

struct Skip {
  Position to = 0;

  bool operator==(const Skip&) const = default;
};

struct Heartbeat {
  Position next_position = 0;
  Timestamp time{};

  bool operator==(const Heartbeat&) const = default;
};

enum class GoodbyeCode : std::uint8_t {
  Unspecified = 0,  // or one that is not known here
  Done = 1,
  Shutdown = 2,
  Replaced = 3,
  Revoked = 4,
  Overload = 5,
};

// Sentences and names are cut to their limit and made printable (no control characters, valid UTF-8), both
// when encoded and when decoded.
struct Goodbye {
  GoodbyeCode code = GoodbyeCode::Unspecified;
  std::string sentence;
  std::uint32_t retry_after_ms = 0;

  bool operator==(const Goodbye&) const = default;
};

enum class ErrorCode : std::uint8_t {
  Unspecified = 0,  // or one that is not known here
  Malformed = 1,
  FrameTooLarge = 2,
  Unexpected = 3,
  Version = 4,
  InvalidSubscription = 5,
  NotPermitted = 6,
  TooManyConnections = 7,
  InvalidAck = 8,
  TimedOut = 9,
  Internal = 10,
};

struct Error {
  ErrorCode code = ErrorCode::Unspecified;
  std::string sentence;
  std::uint32_t retry_after_ms = 0;  // 0 = the same again will fail again

  bool operator==(const Error&) const = default;
};

// A kind of frame that is not known here: to be ignored.
struct UnknownFrame {
  bool operator==(const UnknownFrame&) const = default;
};

using Frame =
    std::variant<UnknownFrame, Subscribe, Welcome, Batch, Ack, Gap, Skip, Heartbeat, Goodbye, Error>;

// "retention", "disk-full": for counters and messages.
std::string_view name_of(GapReason reason);
std::string_view name_of(GoodbyeCode code);
std::string_view name_of(ErrorCode code);

}  // namespace webtap::wire
