#include "agent/capture/capture_file.h"

#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "agent/capture/file_input.h"
#include "webtap/base/error_text.h"

namespace webtap::capture {
namespace {

constexpr std::int64_t kLastSecond = 253402300799;  // 9999-12-31T23:59:59Z, the last one that dates can write

struct PcapCloser {
  void operator()(pcap_t* pcap) const { pcap_close(pcap); }
};
using PcapHandle = std::unique_ptr<pcap_t, PcapCloser>;

struct Compression {
  std::string_view magic;
  const char* name;
  const char* undo;
};
constexpr std::array<Compression, 4> kCompressions = {{
    {"\x1f\x8b", "gzip", "zcat"},
    {"\x28\xb5\x2f\xfd", "zstd", "zstdcat"},
    {"\xfd"
     "7zX",
     "xz", "xzcat"},
    {"BZh", "bzip2", "bzcat"},
}};

void refuse_compressed(const std::string& path, ByteView start) {
  for (const Compression& kind : kCompressions) {
    if (!start.starts_with(kind.magic)) continue;
    throw CaptureError("cannot read capture file '" + path + "': it is " + kind.name +
                       "-compressed; decompress it first, as in: " + kind.undo + " '" + path +
                       "' | webtap-agent read -");
  }
}

bool is_truncation(std::string_view error) { return error.starts_with("truncated"); }

std::string open_reason(std::string_view error, std::size_t bytes) {
  if (!is_truncation(error)) return std::string(error);
  return bytes == 0 ? "the file is empty" : "the file ends within its header";
}

std::string read_reason(std::string_view error) {
  return is_truncation(error) ? "the file ends in the middle of a packet" : std::string(error);
}

// The record header of pcap (https://www.tcpdump.org/manpages/pcap-savefile.5.html): time, two lengths.
constexpr std::size_t kPcapHeader = 16;
constexpr std::size_t kPcapFileHeader = 24;
constexpr std::size_t kBatch = 32;  // packets handed on at once
// What libpcap takes for damage where it is longer.
constexpr std::uint32_t kLongestPacket = 262'144;
static_assert(kLongestPacket <= FileInput::kMostAhead);

// Micro- or nanoseconds, either byte order; other magic numbers have record headers of other sizes.
bool is_plain_pcap(ByteView start) {
  return start == "\xa1\xb2\xc3\xd4" || start == "\xd4\xc3\xb2\xa1" || start == "\xa1\xb2\x3c\x4d" ||
         start == "\x4d\x3c\xb2\xa1";
}

// Microseconds, and numbers as this machine has them.
bool is_native_pcap(ByteView start) {
  constexpr std::uint32_t kMagic = 0xa1b2c3d4;
  std::uint32_t magic = 0;
  if (start.size() == sizeof magic) std::memcpy(&magic, start.data(), sizeof magic);
  return magic == kMagic;
}

struct RecordHeader {
  std::int32_t seconds;
  std::int32_t microseconds;
  std::uint32_t captured;
  std::uint32_t length;
};
static_assert(sizeof(RecordHeader) == kPcapHeader);

// libpcap reads the unsigned 32-bit seconds of a pcap file as signed: what is beyond 2038 came out negative.
// A pcapng file may hold any 64-bit number.
Timestamp to_timestamp(const timeval& time) {
  std::int64_t seconds = time.tv_sec;
  if (seconds < 0 && seconds >= std::numeric_limits<std::int32_t>::min()) seconds += std::int64_t{1} << 32;
  seconds = std::clamp<std::int64_t>(seconds, 0, kLastSecond);
  const std::int64_t microseconds = std::clamp<std::int64_t>(time.tv_usec, 0, 999'999);
  return Timestamp(std::chrono::seconds(seconds) + Duration(microseconds));
}

}  // namespace

struct CaptureFile::Impl {
  Impl(const std::string& path, const std::string& filter);
  ~Impl() { pcap_freecode(&filter_); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void open(const std::string& path);
  void compile(const std::string& filter);
  Status read(PacketHandler& handler, int limit);
  int walk(int limit);
  int walk_ahead(int limit);
  bool take(const pcap_pkthdr& header, const char* bytes, Packet& packet);
  static void on_pcap_packet(u_char* self, const pcap_pkthdr* header, const u_char* bytes);
  std::uint64_t position() const {
    return walks_ ? end_of_last_ : static_cast<std::uint64_t>(ftello(stream_));
  }

  FileInput input_;
  PcapHandle pcap_;              // closed before the input that its stream reads
  std::FILE* stream_ = nullptr;  // belongs to pcap_
  bpf_program filter_{};         // empty: everything passes
  LinkType link_type_{};
  PacketHandler* handler_ = nullptr;         // during read() only
  std::uint64_t end_of_last_ = 0;            // offset behind the last packet that could be used
  bool walks_ = false;                       // the records are read by walk(), not by libpcap,
  bool too_long_ = false;                    // up to one that is longer than such records are
  std::uint32_t longest_ = 0;                // packet that libpcap gives whole
  bool packets_have_fixed_headers_ = false;  // pcap, not pcapng: offsets are known without asking the stream
  std::optional<Damage> damage_;
};

CaptureFile::Impl::Impl(const std::string& path, const std::string& filter) : input_(path) {
  refuse_compressed(path, input_.start());
  open(path);
  if (!filter.empty()) compile(filter);
}

void CaptureFile::Impl::open(const std::string& path) {
  stream_ = input_.open_stream(is_native_pcap(input_.start()) ? kPcapFileHeader : 0);
  if (stream_ == nullptr) {
    throw CaptureError("cannot open capture file '" + path + "': " + error_text(errno));
  }
  std::array<char, PCAP_ERRBUF_SIZE> error{};
  pcap_.reset(pcap_fopen_offline_with_tstamp_precision(stream_, PCAP_TSTAMP_PRECISION_MICRO, error.data()));
  if (!pcap_) {
    std::fclose(stream_);
    throw CaptureError("cannot read capture file '" + path +
                       "': " + open_reason(error.data(), input_.start().size()));
  }
  link_type_ = static_cast<LinkType>(pcap_datalink(pcap_.get()));
  packets_have_fixed_headers_ = is_plain_pcap(input_.start());
  walks_ = is_native_pcap(input_.start()) && link_type_ == LinkType::Ethernet &&
           pcap_major_version(pcap_.get()) == 2 && pcap_minor_version(pcap_.get()) == 4;
  longest_ = std::min(static_cast<std::uint32_t>(pcap_snapshot(pcap_.get())), kLongestPacket);
  end_of_last_ = walks_ ? kPcapFileHeader : position();
}

void CaptureFile::Impl::compile(const std::string& filter) {
  if (pcap_compile(pcap_.get(), &filter_, filter.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    throw FilterError("cannot compile filter '" + filter + "': " + pcap_geterr(pcap_.get()));
  }
}

CaptureFile::Status CaptureFile::Impl::read(PacketHandler& handler, int limit) {
  if (damage_) return Status::Damaged;
  handler_ = &handler;
  if (walks_ && walk(std::max(limit, 1)) != 0) return Status::More;
  end_of_last_ = position();
  const int count =
      pcap_dispatch(pcap_.get(), std::max(limit, 1), on_pcap_packet, reinterpret_cast<u_char*>(this));
  if (count > 0) return Status::More;
  if (count == 0) return Status::End;
  damage_ = Damage{end_of_last_, read_reason(pcap_geterr(pcap_.get()))};
  return Status::Damaged;
}

// The fast path: the records of a file as this machine writes it are read where they are. At the first that
// libpcap would not just give as it is, and at the end, libpcap goes on.
int CaptureFile::Impl::walk(int limit) {
  int count = 0;
  while (count < limit) {
    const int found = walk_ahead(limit - count);
    count += found;
    if (found != 0) continue;
    if (count != 0) return count;  // what is there is passed on before more is waited for
    if (too_long_ || !input_.look_further()) break;
  }
  walks_ = count != 0;
  return count;
}

// Gives the number of records that were read, of those that are wholly there.
int CaptureFile::Impl::walk_ahead(int limit) {
  std::array<Packet, kBatch> packets;
  std::size_t kept = 0;
  int count = 0;
  for (; count < limit && kept < packets.size(); ++count) {
    const ByteView ahead = input_.ahead();
    RecordHeader record{};
    if (ahead.size() >= kPcapHeader) std::memcpy(&record, ahead.data(), kPcapHeader);
    too_long_ = record.captured > longest_;
    if (too_long_ || ahead.size() < kPcapHeader + record.captured) break;
    pcap_pkthdr header{};
    header.ts.tv_sec = record.seconds;
    header.ts.tv_usec = record.microseconds;
    header.caplen = record.captured;
    header.len = record.length;
    input_.take(kPcapHeader + record.captured);
    if (take(header, ahead.data() + kPcapHeader, packets[kept])) ++kept;
  }
  if (kept != 0) handler_->on_packets({packets.data(), kept});
  return count;
}

void CaptureFile::Impl::on_pcap_packet(u_char* self, const pcap_pkthdr* header, const u_char* bytes) {
  auto* const impl = reinterpret_cast<Impl*>(self);
  Packet packet;
  if (impl->take(*header, reinterpret_cast<const char*>(bytes), packet)) impl->handler_->on_packet(packet);
}

// Whether the packet passes the filter. That is applied here, not by libpcap: so that `limit` bounds what one
// call reads, and so that packets left out by the filter are known to be sound.
bool CaptureFile::Impl::take(const pcap_pkthdr& header, const char* bytes, Packet& packet) {
  // Of a packet longer than the file's header allows, libpcap gives the beginning.
  const bool whole = walks_ || (packets_have_fixed_headers_ && header.caplen < longest_);
  end_of_last_ = whole ? end_of_last_ + kPcapHeader + header.caplen : position();
  const auto* unsigned_bytes = reinterpret_cast<const u_char*>(bytes);
  if (filter_.bf_insns != nullptr && pcap_offline_filter(&filter_, &header, unsigned_bytes) == 0)
    return false;
  packet.time = to_timestamp(header.ts);
  packet.link_type = link_type_;
  packet.bytes = ByteView(bytes, header.caplen);
  packet.wire_length = std::max(header.len, header.caplen);
  return true;
}

CaptureFile::CaptureFile(const std::string& path, const std::string& filter)
    : impl_(std::make_unique<Impl>(path, filter)) {}
CaptureFile::~CaptureFile() = default;
CaptureFile::CaptureFile(CaptureFile&&) noexcept = default;

CaptureFile::Status CaptureFile::read(PacketHandler& handler, int limit) {
  return impl_->read(handler, limit);
}
const std::optional<Damage>& CaptureFile::damage() const { return impl_->damage_; }
std::uint64_t CaptureFile::position() const { return impl_->position(); }
std::uint64_t CaptureFile::size() const { return impl_->input_.size(); }

}  // namespace webtap::capture
