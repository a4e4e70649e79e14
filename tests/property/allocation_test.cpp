// Once the pools are warm, the capture thread asks for no memory: neither for a packet nor for an event.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "agent/audit/auditor.h"
#include "agent/decode/decoder.h"
#include "agent/http/http_stage.h"
#include "agent/stream/reassembler.h"
#include "tests/property/captures.h"

namespace {

std::atomic<std::uint64_t> allocations = 0;

void* allocate(std::size_t size, std::size_t alignment) {
  ++allocations;
  void* memory = alignment <= alignof(std::max_align_t)
                     ? std::malloc(size)
                     : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) std::abort();
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size, 1); }
void* operator new[](std::size_t size) { return allocate(size, 1); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

namespace webtap::property {
namespace {

// A ring of events, as the queue between the threads is.
class Ring final : public audit::EventHandler {
 public:
  event::AuditEvent& slot() override {
    event::AuditEvent& next = slots_[published % slots_.size()];
    next.clear();
    return next;
  }
  void publish() override { ++published; }
  std::uint64_t published = 0;

 private:
  std::vector<event::AuditEvent> slots_ = std::vector<event::AuditEvent>(16);
};

audit::Options options() {
  audit::Options options;
  options.sensor = "test";
  options.producer = "webtap";
  return options;
}

struct Sensor {
  Ring ring;
  audit::Auditor auditor{options(), ring};
  http::HttpStage http{{}, auditor};
  stream::Reassembler reassembler{{}, http};
  decode::Decoder decoder{reassembler};

  void play(const Capture& capture, Duration later) {
    for (const Packet& packet : capture.packets)
      decoder.on_packet({packet.time + later, packet.link_type, packet.bytes, packet.wire_length});
  }
};

// Buffers wander between the pools and grow to what they are asked for: after some rounds none has to grow
// any more. What is asked for each packet, or each event, would never end.
TEST(Allocation, none_for_a_packet_and_none_for_an_event) {
  using namespace std::chrono_literals;
  const Capture capture = generated_capture(7, false, 300);
  Sensor sensor;
  std::uint64_t asked = 1;
  for (int round = 0; round < 50 && asked != 0; ++round) {
    const std::uint64_t before = allocations;
    const std::uint64_t events = sensor.ring.published;
    sensor.play(capture, round * 1h);
    asked = allocations - before;
    ASSERT_GE(sensor.ring.published - events, 290u);
  }
  EXPECT_EQ(asked, 0u) << "in a round of " << capture.packets.size() << " packets";
}

}  // namespace
}  // namespace webtap::property
