// Builds packets for tests, from the inside out and with right lengths and checksums:
//   ethernet(ipv4({.source = "192.0.2.1", .destination = "192.0.2.2"}, tcp({.payload = "GET /"})))
// A transport payload's checksum needs the addresses, so a layer is a function of the header around it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/decode/segment.h"
#include "webtap/base/bytes.h"
#include "webtap/base/endpoint.h"

namespace webtap::testing {

inline std::string be16(std::uint32_t value) {
  return {static_cast<char>(value >> 8 & 0xff), static_cast<char>(value & 0xff)};
}
inline std::string be32(std::uint32_t value) { return be16(value >> 16) + be16(value & 0xffff); }

// RFC 1071.
inline std::uint16_t internet_checksum(ByteView bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += static_cast<std::uint64_t>(static_cast<std::uint8_t>(bytes[i])) << (i % 2 == 0 ? 8 : 0);
  }
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

// The bytes of an address, 4 or 16.
inline std::string address_bytes(const std::string& text) {
  const IpAddress address = parse_address(text).value();
  return {reinterpret_cast<const char*>(address.bytes.data()), address.version == IpVersion::V4 ? 4u : 16u};
}

// What an IP header carries: a protocol number, bytes, and where in them the checksum over the pseudo-header
// belongs, if anywhere.
struct IpPayload {
  std::uint8_t protocol = 0;
  std::string bytes;
  std::optional<std::size_t> checksum_at = std::nullopt;
};

struct TcpFields {
  std::uint16_t source_port = 40000;
  std::uint16_t destination_port = 80;
  std::uint32_t sequence = 1000;
  std::uint32_t acknowledgment = 2000;
  std::uint8_t flags = decode::kAck | decode::kPsh;
  std::string options = {};  // padded to a multiple of four
  std::string payload = {};
};

inline IpPayload tcp(TcpFields fields) {
  fields.options.resize((fields.options.size() + 3) / 4 * 4);
  const std::size_t words = 5 + fields.options.size() / 4;
  std::string bytes = be16(fields.source_port) + be16(fields.destination_port) + be32(fields.sequence) +
                      be32(fields.acknowledgment);
  bytes += static_cast<char>(words << 4);
  bytes += static_cast<char>(fields.flags);
  bytes += be16(0xffff) + be16(0) + be16(0) + fields.options + fields.payload;
  return {6, bytes, 16};
}

struct Ipv4Fields {
  std::string source = "192.0.2.1";
  std::string destination = "192.0.2.2";
  std::string options = {};  // padded to a multiple of four
  std::uint16_t identification = 1;
  std::uint16_t fragment = 0x4000;                           // flags and offset
  std::optional<std::uint16_t> total_length = std::nullopt;  // else the right one
};

struct Ipv6Fields {
  std::string source = "2001:db8::1";
  std::string destination = "2001:db8::2";
  std::optional<std::uint16_t> payload_length = std::nullopt;  // else the right one
};

// Sets the checksum that covers the addresses; both versions' pseudo-headers sum up to the same terms.
inline void set_transport_checksum(const std::string& addresses, IpPayload& payload) {
  if (!payload.checksum_at) return;
  const auto length = static_cast<std::uint32_t>(payload.bytes.size());
  const std::string pseudo_header = addresses + be32(length) + be32(payload.protocol);
  payload.bytes.replace(*payload.checksum_at, 2, be16(internet_checksum(pseudo_header + payload.bytes)));
}

inline std::string ipv4(Ipv4Fields fields, IpPayload payload) {
  const std::string addresses = address_bytes(fields.source) + address_bytes(fields.destination);
  set_transport_checksum(addresses, payload);
  fields.options.resize((fields.options.size() + 3) / 4 * 4);
  const std::size_t header_length = 20 + fields.options.size();
  std::string header{static_cast<char>(0x40 | header_length / 4), '\0'};
  header +=
      be16(fields.total_length.value_or(static_cast<std::uint16_t>(header_length + payload.bytes.size())));
  header += be16(fields.identification) + be16(fields.fragment);
  header += static_cast<char>(64);
  header += static_cast<char>(payload.protocol);
  header += be16(0) + addresses + fields.options;
  header.replace(10, 2, be16(internet_checksum(header)));
  return header + payload.bytes;
}

inline std::string ipv6(const Ipv6Fields& fields, IpPayload payload) {
  const std::string addresses = address_bytes(fields.source) + address_bytes(fields.destination);
  set_transport_checksum(addresses, payload);
  std::string header = be32(0x60000000);
  header += be16(fields.payload_length.value_or(static_cast<std::uint16_t>(payload.bytes.size())));
  header += static_cast<char>(payload.protocol);
  header += static_cast<char>(64);
  return header + addresses + payload.bytes;
}

// An IPv6 extension header of the usual shape before `next`: `data` is padded so that the header is a
// multiple of eight bytes. The checksum behind it must be set before, or is left alone.
inline IpPayload extension(std::uint8_t protocol, std::string data, const IpPayload& next) {
  data.resize((data.size() + 2 + 7) / 8 * 8 - 2);
  std::string bytes{static_cast<char>(next.protocol), static_cast<char>((data.size() + 2) / 8 - 1)};
  return {protocol, bytes + data + next.bytes};
}

// One fragment of an IP packet's payload: its offset in bytes (a multiple of eight), and whether more follow.
struct FragmentFields {
  std::uint32_t identification = 77;
  std::uint16_t offset = 0;
  bool more = false;
};

inline std::string ipv4_fragment(Ipv4Fields fields, const FragmentFields& fragment, std::uint8_t protocol,
                                 const std::string& bytes) {
  fields.identification = static_cast<std::uint16_t>(fragment.identification);
  fields.fragment = static_cast<std::uint16_t>((fragment.more ? 0x2000 : 0) | fragment.offset / 8);
  return ipv4(fields, {protocol, bytes});
}

inline IpPayload fragment_header(const FragmentFields& fragment, std::uint8_t protocol,
                                 const std::string& bytes) {
  const std::string header{static_cast<char>(protocol), '\0'};
  const std::uint32_t bits = fragment.offset | (fragment.more ? 1u : 0u);
  return {44, header + be16(bits) + be32(fragment.identification) + bytes};
}

inline std::string ipv6_fragment(const Ipv6Fields& fields, const FragmentFields& fragment,
                                 std::uint8_t protocol, const std::string& bytes) {
  return ipv6(fields, fragment_header(fragment, protocol, bytes));
}

inline IpPayload udp(std::uint16_t destination_port, const std::string& payload) {
  const auto length = static_cast<std::uint32_t>(8 + payload.size());
  return {17, be16(50000) + be16(destination_port) + be16(length) + be16(0) + payload, 6};
}

// `flags`: with the version; `options`: the fields that they say are there.
inline IpPayload gre(std::uint16_t flags, std::uint16_t protocol, const std::string& options,
                     const std::string& inner) {
  return {47, be16(flags) + be16(protocol) + options + inner};
}

// The EtherType of an IP packet.
inline std::uint16_t ether_type(ByteView ip_packet) { return ip_packet[0] >> 4 == 4 ? 0x0800 : 0x86dd; }

// A frame with any EtherType. `vlan_tags`: the EtherTypes of the tags, outermost first.
inline std::string ethernet(std::uint16_t type, const std::string& payload,
                            const std::vector<std::uint16_t>& vlan_tags = {}) {
  std::string frame("\x02\0\0\0\0\x02\x02\0\0\0\0\x01", 12);
  for (const std::uint16_t tag : vlan_tags) frame += be16(tag) + be16(100);
  return frame + be16(type) + payload;
}
inline std::string ethernet(const std::string& ip_packet, const std::vector<std::uint16_t>& vlan_tags = {}) {
  return ethernet(ether_type(ip_packet), ip_packet, vlan_tags);
}

// `count` MPLS labels, the last one marked as the bottom of the stack.
inline std::string labels(int count, const std::string& inner) {
  std::string stack;
  for (int label = count; label > 0; --label) stack += be32(16u << 12 | (label == 1 ? 0x100u : 0u) | 64u);
  return stack + inner;
}

inline std::string ppp(const std::string& ip_packet) {
  return be16(ether_type(ip_packet) == 0x0800 ? 0x0021 : 0x0057) + ip_packet;
}
// A session's data, the payload of EtherType 0x8864.
inline std::string pppoe(const std::string& frame) {
  return be16(0x1100) + be16(7) + be16(static_cast<std::uint32_t>(frame.size())) + frame;
}

}  // namespace webtap::testing
