// Loss honesty: what was lost is said, what was not lost is there, and nothing else changes.
#include <gtest/gtest.h>

#include <memory>

#include "tests/property/loss_oracle.h"

namespace webtap::property {
namespace {

std::string said(const std::vector<std::string>& complaints) {
  std::string text;
  for (const std::string& one : complaints) text += "\n  " + one;
  return text;
}

// Each run damages one of the captures in its own way; the seed that fails can be run alone.
void damage_and_check(const std::vector<Capture>& captures, std::size_t usual_runs) {
  if (captures.empty()) GTEST_SKIP() << "no data: set WEBTAP_TEST_DATA to the folder of the test data";
  std::vector<std::unique_ptr<LossOracle>> oracles(captures.size());
  const char* only = std::getenv("WEBTAP_PROPERTY_SEED");
  const std::size_t first = only == nullptr ? 0 : std::strtoul(only, nullptr, 10);
  const std::size_t last = only == nullptr ? runs(usual_runs) : first + 1;
  std::size_t failures = 0;
  for (std::size_t run = first; run < last && failures < 10; ++run) {
    const std::size_t which = run % captures.size();
    if (!oracles[which]) oracles[which] = std::make_unique<LossOracle>(captures[which]);
    const Damage damage = Damager(static_cast<std::uint32_t>(run)).damage(captures[which]);
    const Outcome outcome = replay(damage.packets);
    EXPECT_EQ(outcome.stream.buffered_bytes, 0u);
    EXPECT_EQ(outcome.stream.open_connections, 0u);
    const std::vector<std::string> complaints = oracles[which]->complaints(damage, outcome);
    if (complaints.empty()) continue;
    ++failures;
    ADD_FAILURE() << captures[which].name << ", WEBTAP_PROPERTY_SEED=" << run << ":" << said(complaints);
  }
}

// Without damage, the oracle agrees with what came out: else it would excuse, or blame, the wrong things.
TEST(Loss, the_oracle_has_nothing_to_say_of_undamaged_captures) {
  std::vector<Capture> captures = test_captures("");
  captures.push_back(generated_capture(1, false, 100));
  for (const Capture& capture : captures) {
    Damage none;
    none.lossy.resize(capture.packets.size());
    none.moved.resize(capture.packets.size());
    for (std::size_t i = 0; i < capture.packets.size(); ++i) none.packets.push_back({capture.packets[i], i});
    const LossOracle oracle(capture);
    EXPECT_EQ(said(oracle.complaints(none, oracle.original())), "") << capture.name;
  }
}

TEST(Loss, generated_traffic) {
  std::vector<Capture> captures;
  for (std::uint64_t seed = 1; seed <= 4; ++seed)
    captures.push_back(generated_capture(seed, seed % 2 == 0, 60));
  damage_and_check(captures, 80);
}

TEST(Loss, captures_of_other_projects) {
  std::vector<Capture> captures;
  for (Capture& capture : test_captures("pcaps"))
    if (!replay(capture.packets).events.empty()) captures.push_back(std::move(capture));
  damage_and_check(captures, 400);
}

TEST(Loss, captures_beside_modsecurity) { damage_and_check(test_captures("modsec-parity"), 60); }

}  // namespace
}  // namespace webtap::property
