// Numbers of event.proto; a test compares what is written with them with what libprotobuf writes.
#pragma once

namespace webtap::wire::field {

// Event
inline constexpr unsigned kName = 1;
inline constexpr unsigned kTransactionId = 2;
inline constexpr unsigned kBoundary = 3;
inline constexpr unsigned kSensor = 4;
inline constexpr unsigned kProducer = 5;
inline constexpr unsigned kStarted = 6;
inline constexpr unsigned kFinished = 7;
inline constexpr unsigned kClient = 8;
inline constexpr unsigned kServer = 9;
inline constexpr unsigned kRequest = 10;
inline constexpr unsigned kResponse = 11;
inline constexpr unsigned kHost = 12;
inline constexpr unsigned kStatus = 13;
inline constexpr unsigned kServerBanner = 14;
inline constexpr unsigned kFindings = 15;
inline constexpr unsigned kMessages = 16;
inline constexpr unsigned kRequestBody = 100;
inline constexpr unsigned kResponseBody = 101;
// EventName
inline constexpr unsigned kSensorUuid = 1;
inline constexpr unsigned kBootEpoch = 2;
inline constexpr unsigned kSequence = 3;
// Endpoint
inline constexpr unsigned kAddress = 1;
inline constexpr unsigned kPort = 2;
// HttpMessage
inline constexpr unsigned kPresent = 1;
inline constexpr unsigned kHead = 2;
inline constexpr unsigned kBodySize = 3;
inline constexpr unsigned kWireSize = 4;
// Finding
inline constexpr unsigned kKind = 1;
inline constexpr unsigned kSide = 2;
inline constexpr unsigned kOffset = 3;
inline constexpr unsigned kLength = 4;
inline constexpr unsigned kDetail = 5;

}  // namespace webtap::wire::field
