#include "agent/capture/live_capture.h"

#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <optional>
#include <utility>

#include "agent/capture/interface_state.h"
#include "agent/capture/live_filter.h"

namespace webtap::capture {
namespace {

constexpr std::int64_t kLastSecond = 253402300799;  // 9999-12-31T23:59:59Z, the last one that dates can write
// How long the kernel collects packets in a block of the ring before it shows them, at most.
constexpr int kCollect = 10;  // milliseconds
// An interface that is gone leaves packets in the ring: what was collected is shown, and read, within this.
constexpr auto kLastPackets = std::chrono::milliseconds(5 * kCollect);
// What was in the ring when the socket joined its group has been read within this.
constexpr auto kSettle = std::chrono::seconds(1);

using Clock = std::chrono::steady_clock;

struct PcapCloser {
  void operator()(pcap_t* pcap) const { pcap_close(pcap); }
};
using PcapHandle = std::unique_ptr<pcap_t, PcapCloser>;

Timestamp to_timestamp(const timeval& time) {
  const std::int64_t seconds = std::clamp<std::int64_t>(time.tv_sec, 0, kLastSecond);
  const std::int64_t microseconds = std::clamp<std::int64_t>(time.tv_usec, 0, 999'999);
  return Timestamp(std::chrono::seconds(seconds) + Duration(microseconds));
}

// What an attempt to open came to, where it failed.
struct Refusal {
  std::string reason;
  bool may_pass = false;  // it may succeed later
};

// Whether waiting helps: the interface went away, or down, while it was being opened.
bool may_pass(int status) { return status == PCAP_ERROR_NO_SUCH_DEVICE || status == PCAP_ERROR_IFACE_NOT_UP; }

std::string reason_of(pcap_t* pcap, int status) {
  if (status == PCAP_ERROR_PERM_DENIED)
    return "it takes root, or the capability CAP_NET_RAW: operation not permitted";
  std::string reason = pcap_statustostr(status);
  const std::string detail = pcap_geterr(pcap);
  if (status == PCAP_ERROR) return detail;
  return detail.empty() ? reason : reason + " (" + detail + ")";
}

// What a packet takes in the ring besides its bytes: headers, and room to align them.
constexpr double kRingOverhead = 96;

// The kernel's counts have 32 bits: the difference to the last one is right across an overflow.
void add_difference(std::uint64_t& total, std::uint32_t& last, std::uint32_t now) {
  total += static_cast<std::uint32_t>(now - last);
  last = now;
}

}  // namespace

struct LiveCapture::Impl {
  Impl(const LiveOptions& options, FanoutGroup* group, Say say)
      : options_(options), group_(group), say_(std::move(say)) {}
  ~Impl() { close(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void open_first();
  void look();
  int read(PacketHandler& handler, int limit);
  void take_statistics();

  bool open(const InterfaceState& found, Refusal& refusal);
  void join();
  void set_filter();
  void close();
  void fail();
  void look_at_open(const InterfaceState& found);
  void try_to_open(const InterfaceState& found);
  void enter(State state, const std::string& why);
  void on_packet(const pcap_pkthdr& header, const u_char* bytes);

  const LiveOptions options_;
  FanoutGroup* const group_;
  const Say say_;
  const InterfaceProbe probe_;
  PcapHandle pcap_;
  InterfaceState opened_;  // as it was then
  std::optional<Clock::time_point> gone_since_;
  bool in_group_ = false;
  State state_ = State::Absent;
  std::string why_;  // the state is so, as it was said last
  LinkType link_type_{};
  PacketHandler* handler_ = nullptr;     // during read() only
  Timestamp joined_ = Timestamp::min();  // the group; by the clock that stamps packets
  Clock::time_point opened_at_{};
  bool settled_ = true;  // no packets come any more that are older than joined_
  LiveCounters counters_;
  // For how full the ring is: what the kernel put there, less what was taken out.
  std::uint64_t taken_ = 0;
  std::uint64_t taken_base_ = 0;  // of taken_, when taken_bytes_ was 0
  std::uint64_t taken_bytes_ = 0;
  bool emptied_ = true;
  double ring_fill_ = 0;
  std::uint32_t received_ = 0;  // of the handle, as the kernel said last
  std::uint32_t dropped_ = 0;
  std::uint32_t dropped_below_ = 0;
};

void LiveCapture::Impl::open_first() {
  check_live_filter(options_.filter);
  const InterfaceState found = probe_.look(options_.interface);
  if (found.index == 0) return enter(State::Absent, "there is no such interface; waiting for it");
  if (!found.enabled) return enter(State::Absent, "it is down; waiting for it");
  Refusal refusal;
  if (open(found, refusal)) return look_at_open(found);
  if (!refusal.may_pass)
    throw CaptureError("cannot capture on interface '" + options_.interface + "': " + refusal.reason);
  enter(State::Absent, refusal.reason + "; waiting for it");
}

bool LiveCapture::Impl::open(const InterfaceState& found, Refusal& refusal) {
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  pcap_.reset(pcap_create(options_.interface.c_str(), error.data()));
  if (!pcap_) {
    refusal = {error.data(), false};
    return false;
  }
  constexpr std::size_t kMostRing = std::numeric_limits<int>::max();
  pcap_set_snaplen(pcap_.get(), options_.snaplen);
  pcap_set_promisc(pcap_.get(), options_.promiscuous ? 1 : 0);
  pcap_set_timeout(pcap_.get(), kCollect);
  pcap_set_buffer_size(pcap_.get(), static_cast<int>(std::min(options_.ring_bytes, kMostRing)));
  const int status = pcap_activate(pcap_.get());
  if (status < 0) {
    refusal = {reason_of(pcap_.get(), status), may_pass(status)};
    pcap_.reset();
    return false;
  }
  try {
    if (pcap_setnonblock(pcap_.get(), 1, error.data()) != 0) throw CaptureError(error.data());
    if (!options_.filter.empty()) set_filter();
    if (group_ != nullptr) join();
  } catch (const FilterError&) {
    close();
    throw;
  } catch (const CaptureError& failure) {
    close();
    refusal = {failure.what(), false};
    return false;
  }
  link_type_ = static_cast<LinkType>(pcap_datalink(pcap_.get()));
  opened_ = found;
  return true;
}

// Before it joined, the socket was given what belongs to the others too. Packets come in the order in which
// they were stamped: the first younger one, or an empty ring, ends the comparison, so that a clock that is
// set back later does not begin it again.
void LiveCapture::Impl::join() {
  group_->join(pcap_fileno(pcap_.get()));
  in_group_ = true;
  joined_ = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  opened_at_ = Clock::now();
  settled_ = false;
}

// Where the link type has no VLANs, or the filter leaves no place for them, it stays as it was given.
void LiveCapture::Impl::set_filter() {
  bpf_program program{};
  const std::string extended = with_tagged_frames(options_.filter);
  const auto compile = [&](const std::string& text) {
    return pcap_compile(pcap_.get(), &program, text.c_str(), 1, PCAP_NETMASK_UNKNOWN) == 0;
  };
  if (!compile(extended) && !compile(options_.filter)) {
    throw FilterError("cannot compile filter '" + options_.filter + "' for interface '" + options_.interface +
                      "': " + pcap_geterr(pcap_.get()));
  }
  const int status = pcap_setfilter(pcap_.get(), &program);
  pcap_freecode(&program);
  if (status != 0) throw CaptureError(std::string("the filter was refused: ") + pcap_geterr(pcap_.get()));
}

void LiveCapture::Impl::close() {
  if (!pcap_) return;
  take_statistics();
  received_ = dropped_ = dropped_below_ = 0;
  emptied_ = true;
  ring_fill_ = 0;
  gone_since_.reset();
  pcap_.reset();
  if (std::exchange(in_group_, false)) group_->leave();
}

void LiveCapture::Impl::look() {
  const InterfaceState found = probe_.look(options_.interface);
  if (pcap_ && found.index != opened_.index) {  // an interface of the same name is another one
    if (!gone_since_) gone_since_ = Clock::now();
  } else if (pcap_) {
    look_at_open(found);
  } else if (found.enabled) {
    try_to_open(found);
  }
}

// The handle of an interface that is disabled for a while stays good, and needs no capability again.
void LiveCapture::Impl::look_at_open(const InterfaceState& found) {
  if (found.running) return enter(State::Up, "capturing");
  enter(State::Down, found.enabled ? "it has no link; waiting for it" : "it is down; waiting for it");
}

void LiveCapture::Impl::try_to_open(const InterfaceState& found) {
  Refusal refusal;
  try {
    if (open(found, refusal)) return look_at_open(found);
  } catch (const FilterError& error) {
    refusal.reason = error.what();
  }
  enter(State::Absent, "cannot be opened: " + refusal.reason + "; trying again");
}

void LiveCapture::Impl::enter(State state, const std::string& why) {
  state_ = state;
  if (why == why_) return;
  why_ = why;
  if (say_) say_("interface '" + options_.interface + "': " + why);
}

int LiveCapture::Impl::read(PacketHandler& handler, int limit) {
  if (!pcap_) return 0;
  handler_ = &handler;
  const auto on_packet = [](u_char* self, const pcap_pkthdr* header, const u_char* bytes) {
    reinterpret_cast<Impl*>(self)->on_packet(*header, bytes);
  };
  const int count = pcap_dispatch(pcap_.get(), limit, on_packet, reinterpret_cast<u_char*>(this));
  taken_ += static_cast<std::uint64_t>(std::max(count, 0));
  emptied_ = emptied_ || count == 0;
  if (count == 0 && !settled_) settled_ = Clock::now() - opened_at_ > kSettle;
  if (count < 0) fail();
  if (count <= 0 && gone_since_ && Clock::now() - *gone_since_ > kLastPackets) {
    close();
    enter(State::Absent, "it is gone; waiting for it");
  }
  return std::max(count, 0);
}

void LiveCapture::Impl::fail() {
  if (gone_since_) return;
  const std::string reason = pcap_geterr(pcap_.get());
  if (probe_.look(options_.interface).index != opened_.index) {
    gone_since_ = Clock::now();
    return;
  }
  close();
  enter(State::Absent, "it cannot be read: " + reason + "; waiting for it");
}

void LiveCapture::Impl::on_packet(const pcap_pkthdr& header, const u_char* bytes) {
  Packet packet;
  taken_bytes_ += header.caplen;
  packet.time = to_timestamp(header.ts);
  if (!settled_ && packet.time < joined_) return;
  settled_ = true;
  packet.link_type = link_type_;
  packet.bytes = ByteView(reinterpret_cast<const char*>(bytes), header.caplen);
  packet.wire_length = std::max(header.len, header.caplen);
  handler_->on_packet(packet);
}

void LiveCapture::Impl::take_statistics() {
  pcap_stat now{};
  if (!pcap_ || pcap_stats(pcap_.get(), &now) != 0) return;
  add_difference(counters_.received, received_, now.ps_recv);
  add_difference(counters_.dropped, dropped_, now.ps_drop);
  add_difference(counters_.dropped_below, dropped_below_, now.ps_ifdrop);
  // What was filtered out behind the ring was never counted as taken: an empty ring puts that right.
  const std::uint64_t put = counters_.received - counters_.dropped;
  if (std::exchange(emptied_, false)) {
    taken_ = put;
    taken_bytes_ = 0;
    taken_base_ = put;
  }
  const auto taken = static_cast<double>(taken_ - taken_base_);
  const double size = taken == 0 ? 0 : static_cast<double>(taken_bytes_) / taken;
  const auto waiting = static_cast<double>(put - std::min(put, taken_));
  ring_fill_ = std::min(waiting * (size + kRingOverhead) / static_cast<double>(options_.ring_bytes), 1.0);
}

LiveCapture::LiveCapture(const LiveOptions& options, FanoutGroup* group, Say say)
    : impl_(std::make_unique<Impl>(options, group, std::move(say))) {
  impl_->open_first();
}
LiveCapture::~LiveCapture() = default;

int LiveCapture::read(PacketHandler& handler, int limit) { return impl_->read(handler, limit); }
void LiveCapture::look() { impl_->look(); }
int LiveCapture::descriptor() const { return impl_->pcap_ ? pcap_get_selectable_fd(impl_->pcap_.get()) : -1; }
LiveCapture::State LiveCapture::state() const { return impl_->state_; }
const std::string& LiveCapture::interface() const { return impl_->options_.interface; }
double LiveCapture::ring_fill() const { return impl_->ring_fill_; }
LiveCounters LiveCapture::counters() {
  impl_->take_statistics();
  return impl_->counters_;
}

}  // namespace webtap::capture
