// Finds HTTP in the bytes of connections and makes transactions of it (RFC 9110, RFC 9112): HTTP/1.1, 1.0 and
// 0.9, on any port, told by what the first bytes say. Lenient as servers and browsers are; every deviation is
// a finding of the transaction. After lost bytes, parsing goes on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "agent/http/transaction.h"
#include "agent/stream/chunk.h"

namespace webtap::http {

// Why each limit is what it is: docs/limits.md.
struct Limits {
  std::size_t head_bytes = 64u << 10;    // kept of one head, line ends included
  std::size_t body_bytes = 1u << 20;     // kept of one body
  std::size_t pipelined = 1024;          // transactions of one connection waiting for their response
  std::size_t total_bytes = 256u << 20;  // held for messages under way, of all connections
  std::size_t findings = 64;             // of one transaction; more are counted only
  bool keep_framing = false;             // bodies as they came: with chunk sizes and trailers
};

struct Counters {
  std::uint64_t transactions = 0;
  std::uint64_t requests = 0;
  std::uint64_t responses = 0;
  std::uint64_t connections_http = 0;      // connections on which HTTP was found
  std::uint64_t connections_tls = 0;       // connections that began with a TLS ClientHello
  std::uint64_t connections_http2 = 0;     // connections that began with an HTTP/2 preface
  std::uint64_t connections_unknown = 0;   // connections with data, but no HTTP
  std::uint64_t unparsed_bytes = 0;        // bytes of connections that were no HTTP, tunnels included
  std::uint64_t evicted_transactions = 0;  // let go early to stay within total_bytes
};

class HttpStage final : public stream::ChunkHandler {
 public:
  HttpStage(const Limits& limits, TransactionHandler& next);
  ~HttpStage() override;

  void on_chunk(const stream::Chunk& chunk) override;
  void expect(std::uint32_t slot, bool near) override;
  void on_conflict(const stream::Connection& connection, stream::Direction direction, std::uint64_t offset,
                   std::uint64_t length) override;
  void on_direction_end(const stream::Connection& connection, stream::Direction direction,
                        Timestamp time) override;
  void on_end(const stream::Connection& connection, stream::EndReason reason, Timestamp time) override;
  const Counters& counters() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace webtap::http
