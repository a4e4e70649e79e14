// What a capture suffers on its way: packets that are lost, cut, seen twice, or out of order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

#include "tests/property/captures.h"

namespace webtap::property {

// A packet of the damaged capture.
struct Damaged {
  Packet packet;
  std::size_t original = 0;  // its index in the original capture
};

struct Damage {
  std::vector<Damaged> packets;
  // By the index in the original capture.
  std::vector<bool> lossy;  // dropped, or cut
  std::vector<bool> moved;  // seen twice, or out of order
};

class Damager {
 public:
  explicit Damager(std::uint32_t seed) : random_(seed) {}

  // A kind and a strength of damage drawn at random: from one lost packet to every fifth one.
  Damage damage(const Capture& capture);

 private:
  bool chance(double probability) { return std::uniform_real_distribution<>()(random_) < probability; }
  std::size_t below(std::size_t limit) { return random_() % limit; }
  void lose(const Capture& capture, Damage& out);
  void cut(Packet& packet);
  void duplicate(Damage& out, double probability);
  void reorder(Damage& out, double probability);

  std::mt19937 random_;
};

// Packets move past one another only if less than this lies between them: half of what the sensor tolerates.
constexpr Duration kDisorder = std::chrono::milliseconds(50);

}  // namespace webtap::property
