#include "agent/decode/fragment_buffer.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "webtap/base/random.h"

namespace webtap::decode {
namespace {

// A datagram's payload has no more bytes; what would be beyond is an attack on whoever puts it together.
constexpr std::uint32_t kLargestPayload = 65535;

// A clock that a damaged capture sets further than this would overflow when time-outs are added to it.
constexpr Timestamp kLatest{Duration(std::int64_t{1} << 61)};
constexpr Timestamp kEarliest{Duration(-(std::int64_t{1} << 61))};

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t random_word(RandomSource& random) {
  return std::uint64_t{random.u32()} << 32 | random.u32() | 1;
}

// Of its tables and lists.
std::size_t overhead(std::size_t entry) { return entry + 128; }

}  // namespace

std::size_t FragmentBuffer::Hash::operator()(const IpAddress& address) const {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::memcpy(&high, address.bytes.data(), sizeof high);
  std::memcpy(&low, address.bytes.data() + sizeof high, sizeof low);
  return mix(mix(high ^ key[0], key[1]) ^ low ^ static_cast<std::uint64_t>(address.version), key[0]);
}

std::size_t FragmentBuffer::Hash::operator()(const Key& datagram) const {
  const std::uint64_t rest = std::uint64_t{datagram.identification} << 8 | datagram.protocol;
  return mix(mix((*this)(datagram.source) ^ key[1], key[0]) ^ (*this)(datagram.destination), key[1] ^ rest);
}

FragmentBuffer::FragmentBuffer(const FragmentLimits& limits) : limits_(limits) {
  limits_.timeout = std::max(limits_.timeout, Duration(1));
  limits_.memory = std::max(limits_.memory, Duration(1));
  RandomSource random;
  const Hash hash{{random_word(random), random_word(random)}};
  entries_ = std::unordered_map<Key, Entry, Hash>(0, hash);
  sources_ = std::unordered_map<IpAddress, Source, Hash>(0, hash);
}

Verdict FragmentBuffer::add(Part& part, Segment& segment, IpHeader& header) {
  now_ = std::max(now_, std::clamp(segment.time, kEarliest, kLatest));
  const bool more = header.more_fragments;
  const FragmentRange range{header.fragment_offset, header.fragment_offset + part.wire_length, !more,
                            header.protocol};
  if (part.wire_length == 0 || range.end > kLargestPayload) return Skipped::Malformed;
  if (more && part.wire_length % 8 != 0) return Skipped::Malformed;

  const bool is_ipv4 = segment.source.address.version == IpVersion::V4;
  Entry& entry = find({segment.source.address, segment.destination.address, header.identification,
                       is_ipv4 ? header.protocol : std::uint8_t{0}});
  take_in(entry, range, part.bytes);
  const bool complete = entry.datagram.complete();
  if (complete) {
    part = entry.datagram.assemble();
    header.protocol = entry.datagram.protocol();
    header.fragmented = false;
    segment.conflicting_bytes += entry.datagram.conflicting_bytes();
    counters_.conflicting_bytes += entry.datagram.conflicting_bytes();
    ++counters_.reassembled;
    remember(entry);
  }
  account(entry);
  // Only now: `part` may lie in another datagram, whose payload was a fragment itself.
  expire(&entry);
  make_room(entry);
  return complete ? std::nullopt : Verdict(Skipped::Fragment);
}

FragmentCounters FragmentBuffer::counters() const {
  FragmentCounters counters = counters_;
  counters.waiting = waiting_.size();
  return counters;
}

// Networks give a host a whole /64: an attacker has as many IPv6 addresses as it likes.
IpAddress FragmentBuffer::source_of(const Key& key) {
  IpAddress source = key.source;
  if (source.version == IpVersion::V6)
    std::fill(source.bytes.begin() + 8, source.bytes.end(), std::uint8_t{0});
  return source;
}

FragmentBuffer::Entry& FragmentBuffer::find(const Key& key) {
  const auto [found, is_new] = entries_.try_emplace(key);
  Entry& entry = found->second;
  if (is_new) {
    entry.key = key;
    wait(entry);
    return entry;
  }
  const Duration age = now_ - entry.since;
  if (age < (entry.remembered ? limits_.memory : limits_.timeout)) return entry;
  // An identification that is used again.
  if (!entry.remembered) ++counters_.incomplete;
  leave_lists(entry);
  total_bytes_ -= std::exchange(entry.cost, 0);
  entry.datagram = {};
  wait(entry);
  return entry;
}

void FragmentBuffer::wait(Entry& entry) {
  entry.since = now_;
  entry.remembered = false;
  entry.place = waiting_.insert(waiting_.end(), &entry);
  entry.source = &sources_[source_of(entry.key)];
  entry.place_in_source = entry.source->waiting.insert(entry.source->waiting.end(), &entry);
  entry.source->bytes += entry.cost;
}

void FragmentBuffer::remember(Entry& entry) {
  leave_lists(entry);
  entry.since = now_;
  entry.remembered = true;
  entry.place = remembered_.insert(remembered_.end(), &entry);
}

void FragmentBuffer::leave_lists(Entry& entry) {
  (entry.remembered ? remembered_ : waiting_).erase(entry.place);
  if (entry.remembered) return;
  Source& source = *std::exchange(entry.source, nullptr);
  source.waiting.erase(entry.place_in_source);
  source.bytes -= entry.cost;
  if (source.waiting.empty()) sources_.erase(source_of(entry.key));
}

// A fragment that is not what the remembered datagram had there belongs to another one with the same
// identification, and so do those that came since, as they came within Limits::memory.
void FragmentBuffer::take_in(Entry& entry, const FragmentRange& range, ByteView bytes) {
  if (entry.remembered && !entry.datagram.repeats(range, bytes)) {
    leave_lists(entry);
    wait(entry);
  }
  entry.datagram.add(range, bytes, limits_.pieces);
  if (!entry.remembered) entry.datagram.forget_payload();
}

void FragmentBuffer::account(Entry& entry) {
  const std::size_t cost = overhead(sizeof(Entry)) + entry.datagram.cost();
  total_bytes_ += cost - entry.cost;
  if (entry.source != nullptr) entry.source->bytes += cost - entry.cost;
  entry.cost = cost;
}

void FragmentBuffer::erase(Entry& entry) {
  total_bytes_ -= entry.cost;
  leave_lists(entry);
  entries_.erase(Key(entry.key));
}

void FragmentBuffer::expire(const Entry* spared) {
  while (!remembered_.empty() && remembered_.front() != spared &&
         now_ - remembered_.front()->since >= limits_.memory) {
    erase(*remembered_.front());
  }
  while (!waiting_.empty() && waiting_.front() != spared &&
         now_ - waiting_.front()->since >= limits_.timeout) {
    ++counters_.incomplete;
    erase(*waiting_.front());
  }
}

// Gives up the oldest but for one; whether there was any.
bool FragmentBuffer::evict(Order& order, const Entry& spared) {
  const auto oldest = std::ranges::find_if(order, [&](const Entry* entry) { return entry != &spared; });
  if (oldest == order.end()) return false;
  Entry& entry = **oldest;
  if (!entry.remembered) ++counters_.evicted;
  erase(entry);
  return true;
}

// A source over its share loses its own oldest. Else what is only remembered goes first, then what has waited
// longest. The entry that has just grown is spared: alone it is within every limit.
void FragmentBuffer::make_room(const Entry& grown) {
  if (grown.source != nullptr) {
    Source& source = *grown.source;
    while (source.waiting.size() > limits_.source_datagrams || source.bytes > limits_.source_bytes) {
      if (!evict(source.waiting, grown)) break;
    }
  }
  while (entries_.size() > limits_.datagrams || total_bytes_ > limits_.total_bytes) {
    if (!evict(remembered_, grown) && !evict(waiting_, grown)) break;
  }
}

}  // namespace webtap::decode
