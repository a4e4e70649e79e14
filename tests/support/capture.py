"""Makes small captures: TCP conversations over Ethernet and IPv4, as pcap bytes."""

import struct

HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)

_SYN, _ACK, _FIN = 0x02, 0x10, 0x01
_MAX_PAYLOAD = 60_000


def _packet(time, source, destination, flags, sequence, acknowledgment, payload=b""):
    def address(endpoint):
        return bytes(int(part) for part in endpoint[0].split("."))

    tcp = struct.pack(">HHIIBBHHH", source[1], destination[1], sequence, acknowledgment, 5 << 4, flags, 65535, 0, 0)
    ip = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0) + address(source) + address(destination)
    frame = b"\x02" * 12 + b"\x08\x00" + ip + tcp + payload
    return struct.pack("<IIII", int(time), int(time % 1 * 1e6), len(frame), len(frame)) + frame


def conversation(messages, client=("10.0.0.1", 40000), server=("10.0.0.2", 80), time=1_700_000_000.0, end=True):
    """The packets of one connection. `messages` are (from_client, bytes), each in one segment, or in several where
    it is larger than a packet; or (from_client, number): so many bytes are lost."""
    packets = []
    sequence = {True: 1000, False: 5000}

    def send(from_client, flags, payload=b""):
        nonlocal time
        ends = (client, server) if from_client else (server, client)
        acknowledgment = sequence[not from_client] if flags & _ACK else 0
        packets.append(_packet(time, *ends, flags, sequence[from_client], acknowledgment, payload))
        sequence[from_client] += len(payload) + (1 if flags & (_SYN | _FIN) else 0)
        time += 0.001

    send(True, _SYN)
    send(False, _SYN | _ACK)
    send(True, _ACK)
    for from_client, payload in messages:
        if isinstance(payload, int):
            sequence[from_client] += payload
            continue
        for at in range(0, len(payload), _MAX_PAYLOAD):
            send(from_client, _ACK, payload[at:at + _MAX_PAYLOAD])
    if end:
        send(True, _ACK | _FIN)
        send(False, _ACK | _FIN)
        send(True, _ACK)
    return packets


def exchange(host="a.test", path="/", body=b"hello", **how):
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()
    response = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    return conversation([(True, request), (False, response)], **how)


def pcap(*packet_lists):
    return HEADER + b"".join(packet for packets in packet_lists for packet in packets)
