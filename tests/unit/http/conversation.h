// Plays a conversation of two peers to the HTTP stage, without TCP, and collects the transactions that come
// out.
#pragma once

#include <string>
#include <vector>

#include "agent/http/http_stage.h"

namespace webtap::http::test {

// One step: bytes of a side, a gap, or the end of a direction.
struct Step {
  enum class What { Client, Server, ClientGap, ServerGap, ClientEnd, ServerEnd } what;
  std::string bytes;
  std::uint64_t gap = 0;
};

inline Step client(std::string bytes) { return {Step::What::Client, std::move(bytes)}; }
inline Step server(std::string bytes) { return {Step::What::Server, std::move(bytes)}; }
inline Step client_gap(std::uint64_t length) { return {Step::What::ClientGap, "", length}; }
inline Step server_gap(std::uint64_t length) { return {Step::What::ServerGap, "", length}; }
inline Step client_end() { return {Step::What::ClientEnd, ""}; }
inline Step server_end() { return {Step::What::ServerEnd, ""}; }

using Conversation = std::vector<Step>;

// How the bytes of a step reach the stage: in pieces of `piece` bytes (0: whole), and cut once at `cut`,
// counted over all bytes of the conversation.
struct Cutting {
  std::size_t piece = 0;
  std::size_t cut = 0;
};

struct Options {
  Limits limits;
  bool handshake_seen = true;
  stream::EndReason end = stream::EndReason::Finished;
};

struct Outcome {
  std::vector<Transaction> transactions;
  Counters counters;
};

Outcome play(const Conversation& conversation, const Options& options = {}, const Cutting& cutting = {});
std::size_t total_bytes(const Conversation& conversation);

// "GET /a -> 200 [body]" and the findings' names: what a test compares.
std::string summary(const Transaction& transaction);
std::vector<std::string> summaries(const std::vector<Transaction>& transactions);
// Plays whole, cut at every position (of more than 2,000: at every n-th), and byte by byte; fails the test
// where these differ. Gives the outcome.
Outcome play_every_way(const Conversation& conversation, const Options& options = {});

bool has(const Transaction& transaction, event::FindingKind kind);
const event::Finding* find(const Transaction& transaction, event::FindingKind kind);

}  // namespace webtap::http::test
