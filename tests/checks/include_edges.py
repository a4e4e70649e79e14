#!/usr/bin/env python3
"""Includes point only against the data's direction, and a library's header stays in the folder that wraps it."""
import re

from source_tree import arguments, code_files, conclude, without_comments

LIBRARIES = {"lib/base", "lib/event", "lib/modsec", "lib/sink", "lib/wire", "lib/tls", "lib/subscriber"}
STAGES = {"agent/capture", "agent/decode", "agent/stream", "agent/http", "agent/audit", "agent/sink"}
SERVICES = {"agent/spool", "agent/server", "agent/metrics", "agent/service"}

# A folder, and the folders whose headers it may include besides its own.
EDGES = {
    "lib/base": set(),
    "lib/event": {"lib/base"},
    "lib/modsec": {"lib/base", "lib/event"},
    "lib/sink": {"lib/base", "lib/event", "lib/modsec"},
    "lib/wire": {"lib/base", "lib/event"},
    "lib/tls": {"lib/base"},
    "lib/subscriber": {"lib/base", "lib/event", "lib/tls", "lib/wire"},
    "lib/examples": LIBRARIES,
    "agent/capture": {"lib/base"},
    "agent/decode": {"agent/capture", "lib/base"},
    "agent/stream": {"agent/decode", "lib/base"},
    "agent/http": {"agent/stream", "lib/base", "lib/event"},
    "agent/audit": {"agent/http", "lib/base", "lib/event"},
    "agent/sink": {"agent/audit", "lib/base", "lib/event", "lib/sink"},
    "agent/spool": {"lib/base"},
    "agent/server": {"agent/spool", "lib/base", "lib/event", "lib/tls", "lib/wire"},
    "agent/metrics": {"lib/base"},
    "agent/service": {"lib/base"},
    "agent": STAGES | SERVICES | LIBRARIES,
    "client/base": {"lib/base"},
    "client/sinks": {"client/base", "lib/base", "lib/event", "lib/modsec", "lib/sink", "lib/wire"},
    "client/examples": LIBRARIES,
    "client": {"client/base", "client/sinks"} | LIBRARIES,
}

# A third party's headers, and the files that may include them.
THIRD_PARTIES = [
    (r"pcap(\.h|/.*)", [r"agent/capture/[^/]+\.cpp"]),
    (r"openssl/.*", [r"lib/base/[^/]+\.cpp", r"lib/tls/([^/]+\.cpp|openssl_handle\.h)", r"agent/decrypt/[^/]+\.cpp"]),
    # Vector instructions that every x86-64 has; each use stands beside portable code.
    (r"emmintrin\.h", [r"agent/http/plain_head\.cpp", r"lib/modsec/native_writer\.cpp"]),
    (r"z(lib|conf|std_errors)\.h|brotli/.*", [r"agent/http/[^/]+\.cpp"]),
    (r"zstd\.h", [r"agent/http/[^/]+\.cpp", r"lib/wire/[^/]+\.cpp"]),
    (r"nlohmann/.*", [r"lib/modsec/[^/]+\.cpp", r"agent/[^/]+\.cpp", r"client/sinks/ecs\.cpp"]),
    (r"CLI/.*", [r"agent/[^/]+\.cpp", r"client/[^/]+\.cpp"]),
    (r"yaml-cpp/.*", [r"agent/[^/]+\.cpp", r"agent/server/[^/]+\.cpp"]),
    (r"spdlog/.*|fmt/.*", [r"agent/service/[^/]+\.cpp"]),
    (r"asio/.*", [r"lib/tls/[^/]+\.cpp", r"lib/subscriber/[^/]+\.(h|cpp)", r"agent/server/[^/]+\.(h|cpp)"]),
    (r"prometheus/.*", [r"agent/metrics/[^/]+\.cpp"]),
    (r"httplib\.h", [r"agent/metrics/([^/]+\.cpp|connection\.h)"]),
    (r".*\.pb\.h|google/protobuf/.*", [r"lib/wire/[^/]+\.cpp"]),
]

# Headers of the standard library, the C library and the kernel: free to all.
SYSTEM = re.compile(
    r"[a-z_0-9]+"  # <vector>, <cstdint>
    r"|(arpa|linux|net|netinet|netpacket|sys)/.*"
    r"|(byteswap|dirent|endian|errno|fcntl|fnmatch|glob|grp|ifaddrs|limits|netdb|poll|pthread|pwd|sched|semaphore"
    r"|signal|stdint|stdio|stdio_ext|stdlib|string|syslog|termios|time|unistd)\.h")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)


def folder_of(path):
    """agent/http/head.h is in agent/http, agent/main.cpp in agent."""
    return path.rpartition("/")[0]


def included_folder(name):
    return folder_of(re.sub(r"^webtap/", "lib/", name))


def third_party_reason(path, name):
    for headers, places in THIRD_PARTIES:
        if re.fullmatch(headers, name):
            if any(re.fullmatch(place, path) for place in places):
                return None
            return f"<{name}> may be included only in " + ", ".join(place.replace(r"[^/]+\.", "*.")
                                                                   for place in places)
    if SYSTEM.fullmatch(name):
        return None
    return f"<{name}> is of no third party that tests/checks/include_edges.py knows"


def reason_against(path, name):
    """Why this file may not include that header, or None."""
    if name.endswith(".pb.h") or not re.match(r"(webtap|agent|client|lib)/", name):
        return third_party_reason(path, name)
    folder, target = folder_of(path), included_folder(name)
    if folder not in EDGES:
        return f"folder {folder} is not in the table of tests/checks/include_edges.py"
    if name.startswith("lib/"):
        return f'"{name}" is included as "webtap/{name[4:]}"'
    if target == folder or target in EDGES[folder]:
        return None
    return f"{folder} must not include {target}: \"{name}\""


def findings(root):
    found = []
    for file in code_files(root):
        path = file.relative_to(root).as_posix()
        text = without_comments(file.read_text())
        for match in INCLUDE.finditer(text):
            reason = reason_against(path, match.group(2))
            if reason:
                found.append((path, text.count("\n", 0, match.start(2)) + 1, reason))
    return found


if __name__ == "__main__":
    conclude(findings(arguments(__doc__).parse_args().root))
