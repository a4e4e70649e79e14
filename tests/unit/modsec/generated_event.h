// Audit events drawn at random, hostile ones among them, and readers' output kept for a test to look at.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "webtap/modsec/entry_handler.h"
#include "webtap/modsec/parts.h"

namespace webtap::modsec {

// An event as the sensor makes them: of an ordinary exchange.
event::AuditEvent plain_event();

class EventGenerator {
 public:
  explicit EventGenerator(std::uint32_t seed) : random_(seed) {}

  // Any event: NULs, lone CRs, lines like boundaries, invalid UTF-8, empty and large texts.
  event::AuditEvent next();
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

 private:
  std::string token(std::size_t size, std::string_view alphabet);
  std::string bytes(std::size_t size);
  std::string text();
  std::string head(bool request);
  std::string body();
  event::HttpMessage message(bool request);
  event::Finding finding();
  IpAddress address();

  std::mt19937_64 random_;
};

std::string native_text(const event::AuditEvent& event, Parts parts = Parts::all());
std::string json_text(const event::AuditEvent& event, Parts parts = Parts::all());

class Collected final : public EntryHandler {
 public:
  void on_event(event::AuditEvent& event, std::uint64_t offset) override;
  void on_damage(const Damage& damage) override { damages.push_back(damage); }

  std::vector<event::AuditEvent> events;
  std::vector<std::uint64_t> offsets;
  std::vector<Damage> damages;
};

Collected read_native(std::string_view log, std::size_t step = std::string_view::npos,
                      ReaderLimits limits = {});
Collected read_json(std::string_view log, std::size_t step = std::string_view::npos,
                    ReaderLimits limits = {});

}  // namespace webtap::modsec
