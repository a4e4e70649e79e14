#!/usr/bin/env python3
"""A subscriber of the stream in a hundred lines: one line a transaction, until the sensor says goodbye.

    subscriber.py HOST:PORT --cert F --key F --ca F [--name NAME] [--from latest|earliest] [--count N]

Needs the packages python3-protobuf and protobuf-compiler; docs/wire.md explains what happens here. With --name, the
sensor remembers what was acknowledged: started again, it goes on there.
"""

import argparse
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

PROTO = Path(__file__).resolve().parents[2] / "proto"
MAX_FRAME = 8 << 20  # of what a sensor sends


def load_schema():
    with tempfile.TemporaryDirectory() as out:
        names = ["webtap/v1/event.proto", "webtap/v1/stream.proto"]
        subprocess.run(["protoc", f"--proto_path={PROTO}", f"--python_out={out}", *names], check=True)
        sys.path.insert(0, out)
        from webtap.v1 import event_pb2, stream_pb2
        return event_pb2, stream_pb2


def connect(options):
    host, _, port = options.sensor.rpartition(":")
    host = host.strip("[]")
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=options.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(options.cert, options.key)
    context.set_alpn_protocols(["webtap/1"])
    connection = context.wrap_socket(socket.create_connection((host, int(port)), timeout=10), server_hostname=host)
    if connection.selected_alpn_protocol() != "webtap/1":
        raise ConnectionError("the server does not speak webtap/1")
    return connection


def send(connection, frame):
    data = frame.SerializeToString()
    connection.sendall(struct.pack(">I", len(data)) + data)


def read_exactly(connection, size):
    data = bytearray()
    while len(data) < size:
        piece = connection.recv(min(size - len(data), 1 << 16))
        if not piece:
            raise ConnectionError("the sensor closed the connection without a goodbye")
        data += piece
    return bytes(data)


def receive(connection, stream):
    size, = struct.unpack(">I", read_exactly(connection, 4))
    if not 0 < size <= MAX_FRAME:
        raise ConnectionError(f"a frame of {size} bytes")
    return stream.Frame.FromString(read_exactly(connection, size))


def printable(data):
    """What came from the network is anybody's: nothing of it may reach the terminal but plain text."""
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)


def show(position, event):
    request = event.request.head.split(b"\r\n", 1)[0][:100] or b"-"
    print(position, printable(event.host) or "-", event.status or "-", printable(request), sep="\t", flush=True)


def run(options):
    event_pb2, stream = load_schema()
    connection = connect(options)
    first = stream.Subscribe(protocol_version=1, client_software="subscriber.py", durable_name=options.name)
    setattr(first.start, options.begin, True)
    send(connection, stream.Frame(subscribe=first))
    shown = 0
    while True:
        frame = receive(connection, stream)
        kind = frame.WhichOneof("kind")
        done = None  # the position that may be acknowledged
        if kind == "welcome":
            print(f"{frame.welcome.sensor_name}: from position {frame.welcome.start_position}", file=sys.stderr)
            connection.settimeout(frame.welcome.silence_seconds)
        elif kind == "batch":
            for entry in frame.batch.entries.entries:
                show(entry.position, event_pb2.Event.FromString(entry.event))
                done = entry.position
                shown += 1
        elif kind == "gap":
            print(f"missing: positions {getattr(frame.gap, 'from')} to {frame.gap.to}, reason {frame.gap.reason}",
                  file=sys.stderr)
            done = frame.gap.to
        elif kind == "skip":
            done = frame.skip.to
        elif kind == "heartbeat":
            send(connection, stream.Frame(heartbeat=stream.Heartbeat()))  # never silent for longer than the sensor
        elif kind in ("goodbye", "error"):
            last = frame.goodbye if kind == "goodbye" else frame.error
            print(f"{kind} {last.code}: {last.sentence}", file=sys.stderr)
            return 0 if kind == "goodbye" else 1
        if done is not None:  # printed is what durable means here
            send(connection, stream.Frame(ack=stream.Ack(position=done)))
        if options.count and shown >= options.count:
            send(connection, stream.Frame(goodbye=stream.Goodbye(code=stream.GOODBYE_CODE_DONE)))
            return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sensor", metavar="HOST:PORT")
    for option in ("--cert", "--key", "--ca"):
        parser.add_argument(option, required=True)
    parser.add_argument("--name", default="", help="1 to 64 of A-Z a-z 0-9 . _ -")
    parser.add_argument("--from", dest="begin", choices=["latest", "earliest"], default="latest")
    parser.add_argument("--count", type=int, default=0, help="say goodbye after so many transactions")
    try:
        return run(parser.parse_args())
    except (ImportError, OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"subscriber.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
