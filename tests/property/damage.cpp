#include "tests/property/damage.h"

#include <algorithm>
#include <utility>

namespace webtap::property {

Damage Damager::damage(const Capture& capture) {
  Damage out;
  out.lossy.resize(capture.packets.size());
  out.moved.resize(capture.packets.size());
  lose(capture, out);
  constexpr double kStrengths[] = {0, 0, 0.02, 0.2};
  duplicate(out, kStrengths[below(4)]);
  reorder(out, kStrengths[below(4)]);
  return out;
}

void Damager::lose(const Capture& capture, Damage& out) {
  const std::size_t count = capture.packets.size();
  constexpr double kStrengths[] = {0.005, 0.02, 0.05, 0.2};
  const std::size_t kind = below(8);
  const double drop = kind < 4 ? kStrengths[kind] : 0;
  const double cuts = kind == 4 ? kStrengths[below(4)] : kind == 3 ? 0.02 : 0;
  const std::size_t first = kind > 4 && count != 0 ? below(count) : count;  // one packet, or a burst
  const std::size_t last = first + (kind == 7 ? 1 + below(10) : 1);
  for (std::size_t i = 0; i < count; ++i) {
    const bool dropped = (i >= first && i < last) || chance(drop);
    Damaged one{capture.packets[i], i};
    if (dropped || chance(cuts)) out.lossy[i] = true;
    if (dropped) continue;
    if (out.lossy[i]) cut(one.packet);
    out.packets.push_back(std::move(one));
  }
}

void Damager::cut(Packet& packet) {
  packet.bytes.resize(packet.bytes.size() -
                      std::min(packet.bytes.size(), 1 + below(packet.bytes.size() + 1)));
}

// A mirror's second copy comes at once, or up to three packets later.
void Damager::duplicate(Damage& out, double probability) {
  std::vector<Damaged> all;
  std::vector<std::pair<std::size_t, Damaged>> due;
  for (std::size_t i = 0; i < out.packets.size(); ++i) {
    all.push_back(out.packets[i]);
    if (chance(probability)) {
      due.emplace_back(i + below(4), out.packets[i]);
      out.moved[out.packets[i].original] = true;
    }
    const auto ripe = [&](const auto& copy) { return copy.first <= i; };
    for (auto& copy : due) {
      if (!ripe(copy)) continue;
      copy.second.packet.time = out.packets[i].packet.time;
      all.push_back(copy.second);
    }
    std::erase_if(due, ripe);
  }
  out.packets = std::move(all);
}

// Packets change places, not times: a capture's clock does not go back.
void Damager::reorder(Damage& out, double probability) {
  for (std::size_t i = 0; i + 1 < out.packets.size(); ++i) {
    if (!chance(probability)) continue;
    const std::size_t to = std::min(out.packets.size() - 1, i + 1 + below(3));
    Damaged& one = out.packets[i];
    Damaged& other = out.packets[to];
    if (other.packet.time - one.packet.time >= kDisorder || other.packet.time < one.packet.time) continue;
    out.moved[one.original] = out.moved[other.original] = true;
    std::swap(one, other);
    std::swap(one.packet.time, other.packet.time);
  }
}

}  // namespace webtap::property
