// What the sensor found wrong with, or worth saying of, a transaction: loss, limits, deviations from the HTTP
// RFCs, undecodable content. Findings are the event's account of its own completeness; no text is ever
// written into data to say that data is missing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace webtap::event {

// The values are part of the audit-log text and of the wire format: never renumber, only append.
enum class FindingKind : std::uint16_t {
  // Completeness.
  HeadGap = 1,  // bytes of a head are missing; offset = where in the kept head, length = how many
  BodyGap = 2,  // bytes of a body are missing; offset = where in the transferred body, length = how many
  BodyTruncated = 3,  // the body is larger than is kept; offset = bytes kept, length = bytes not kept
  HeadTruncated = 4,  // the head is larger than is kept; offset = bytes kept, length = bytes not kept
  Incomplete =
      5,          // the message ended before its framing said; length = bytes that did not come (0 = unknown)
  MidStream = 6,  // the connection was picked up in the middle
  NoRequest = 7,  // a response without a request
  NoResponse = 8,       // a request without a response
  ConnectionEnded = 9,  // the connection ended within the transaction; detail = why (reset, idle time-out, …)
  OverlapConflict = 10,  // bytes came twice, in TCP segments or IP fragments, and differed; the first copy
                         // was kept; length = bytes
  DataUnderLimit =
      11,  // the sensor let go of the transaction to stay within its memory; detail = which limit
  EventsDropped =
      12,  // before this event the sensor let go of others, of any connection, as they came faster
           // than they could be written; length = how many
  PairingUncertain =
      13,  // bytes were lost, and what is left does not tell which response answers which request

  // Content codings (RFC 9110, section 8.4).
  ContentUndecodable = 20,    // the body could not be decoded (at all or further); detail = coding: reason
  ContentLimit = 21,          // decoding was stopped by a limit; detail = which
  ContentUnknownCoding = 22,  // a coding this sensor does not know; the body is as it came; detail = coding
  ContentMislabelled =
      23,  // the body is not in the coding that its label says; detail = label: what was done
  ContentTrailingData = 24,  // bytes after the end of the coded data; length = how many

  // Deviations of a head (RFC 9112, sections 2 to 5).
  BareLineFeed = 40,
  ObsoleteFold = 41,
  SpaceBeforeColon = 42,
  ControlByte = 43,     // a control byte in a head
  MissingVersion = 44,  // a request line without a version (HTTP/0.9)
  UnknownVersion = 45,  // detail = the version
  InvalidRequestLine = 46,
  InvalidStatusLine = 47,
  LeadingGarbage = 48,  // bytes before the start line that belong to no message; length, detail = their start
  EmptyLinesBefore = 49,  // empty lines before the start line
  FieldWithoutColon = 50,
  EmptyFieldName = 51,
  InvalidFieldName = 52,  // a field name that is no token
  BareCarriageReturn = 53,
  TargetWithSpace = 54,  // a request target with white space

  // Framing (RFC 9112, section 6).
  DuplicateContentLength = 60,    // several, all equal
  ConflictingContentLength = 61,  // several, not equal; detail = the values
  InvalidContentLength = 62,      // detail = the value
  LengthAndTransferEncoding = 63,
  UnknownTransferCoding = 64,  // detail = the field's value
  ChunkedNotFinal = 65,
  DuplicateTransferEncoding = 66,
  InvalidChunkSize = 67,      // detail = the line
  InvalidChunkEnd = 68,       // no line end behind a chunk's data
  TrailerSection = 69,        // fields behind a chunked body; detail = their text
  BodyOnBodilessStatus = 70,  // data where HEAD, 1xx, 204, 304 allow none

  // Host (RFC 9112, section 3.2).
  MissingHost = 80,
  DuplicateHost = 81,
  InvalidHost = 82,
  HostDiffersFromTarget = 83,

  // Course of the exchange.
  InterimResponse = 90,    // a 1xx response; detail = its head
  SwitchedProtocols = 91,  // Upgrade (101); detail = the new protocol
  TunnelOpened = 92,       // CONNECT answered with 2xx
  ResponseBeforeRequestEnd = 93,
  ExpectWithoutBody = 94,         // Expect: 100-continue, and no body to wait with
  TransferEncodingInHttp10 = 95,  // Transfer-Encoding in a message of HTTP/1.0, which has none

  // Privacy.
  Masked = 100,  // values replaced by `*`; length = how many
};

enum class Side : std::uint8_t { Exchange = 0, Request = 1, Response = 2 };

struct Finding {
  FindingKind kind{};
  Side side = Side::Exchange;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::string detail;  // raw bytes, at most kMaxFindingDetail; escaped where it is written

  bool operator==(const Finding&) const = default;
};

inline constexpr std::size_t kMaxFindingDetail = 512;

// How loud a finding is. Info findings are facts, not faults: they travel in protobuf and JSON, but are no
// `Message:` in a native log, whose readers take every Message for an alert.
enum class Severity : std::uint8_t { Error = 3, Warning = 4, Notice = 5, Info = 6 };

struct FindingText {
  FindingKind kind;
  Severity severity;
  std::string_view name;      // "body-gap": stable, for machines and statistics
  std::string_view sentence;  // "Bytes of the body are missing": for people
};

// The texts of a kind; null for a number that is no kind.
const FindingText* finding_text(FindingKind kind);
// The kind with this name.
std::optional<FindingKind> finding_kind(std::string_view name);

}  // namespace webtap::event
