#!/usr/bin/env python3
"""The checks themselves: each finds the violation in a small tree that has one, and nothing in a tree that has none."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import include_edges
import neutral_text
import sizes

HERE = Path(__file__).resolve().parent


class CheckTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = Path(self.folder.name)

    def write(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def places(self, check):
        return [(path, line) for path, line, _ in check.findings(self.root)]


class IncludeEdges(CheckTest):
    def test_allowed_includes_are_silent(self):
        self.write("agent/http/head.cpp", '#include "agent/http/head.h"\n#include <zlib.h>\n#include <sys/uio.h>\n'
                                          '#include "agent/stream/chunk.h"\n#include "webtap/event/finding.h"\n')
        self.write("agent/main.cpp", '#include <CLI/CLI.hpp>\n#include "webtap/sink/event_sink.h"\n')
        self.assertEqual(self.places(include_edges), [])

    def test_an_include_along_the_data_is_reported(self):
        self.write("agent/decode/decoder.h", '#include <vector>\n\n#include "agent/stream/chunk.h"\n')
        self.write("lib/base/time.h", '#include "webtap/event/finding.h"\n')
        self.assertEqual(self.places(include_edges), [("agent/decode/decoder.h", 3), ("lib/base/time.h", 1)])

    def test_a_stage_may_not_reach_past_its_neighbour_nor_into_the_root(self):
        self.write("agent/http/head.h", '#include "agent/decode/segment.h"\n#include "agent/config.h"\n')
        self.assertEqual(self.places(include_edges), [("agent/http/head.h", 1), ("agent/http/head.h", 2)])

    def test_third_party_headers_stay_in_their_place(self):
        self.write("agent/capture/file.h", "#include <pcap/pcap.h>\n")
        self.write("agent/http/head.cpp", "#include <openssl/evp.h>\n")
        self.write("lib/event/event.cpp", "#include <somebody/else.hpp>\n")
        self.assertEqual(self.places(include_edges),
                         [("agent/capture/file.h", 1), ("agent/http/head.cpp", 1), ("lib/event/event.cpp", 1)])

    def test_an_unknown_folder_is_reported(self):
        self.write("agent/new/file.cpp", '#include "webtap/base/time.h"\n')
        self.assertEqual(self.places(include_edges), [("agent/new/file.cpp", 1)])

    def test_comments_are_not_includes(self):
        self.write("lib/base/time.h", '// #include "agent/config.h"\n/*\n#include "agent/config.h"\n*/\n')
        self.assertEqual(self.places(include_edges), [])


class Sizes(CheckTest):
    def function(self, lines, head="void f() {"):
        return head + "\n" + "  g();\n" * (lines - 2) + "}\n"

    def test_the_limits_themselves_are_allowed(self):
        self.write("lib/base/a.cpp", self.function(80))
        self.write("lib/base/b.cpp", "int x;\n" * 500)
        self.assertEqual(self.places(sizes), [])

    def test_a_long_function_is_reported_at_its_first_line(self):
        self.write("lib/base/a.cpp", "namespace a {\n\n// Why.\n" + self.function(81) + "}\n")
        self.assertEqual(self.places(sizes), [("lib/base/a.cpp", 4)])

    def test_long_files_are_reported(self):
        self.write("agent/a.h", "int x;\n" * 501)
        self.assertEqual(self.places(sizes), [("agent/a.h", 501)])

    def test_methods_and_constructors_are_functions(self):
        method = "class A {\n public:\n" + self.function(81, "  int f(int x) const noexcept {") + "};\n"
        constructor = self.function(81, "A::A(int x) : a_{x}, b_{} {")
        self.write("lib/base/a.h", method)
        self.write("lib/base/b.cpp", constructor)
        self.assertEqual(self.places(sizes), [("lib/base/a.h", 3), ("lib/base/b.cpp", 1)])

    def test_tables_and_classes_may_be_long(self):
        self.write("lib/base/a.h", "struct A {\n" + "  int x;\n" * 90 + "};\n")
        self.write("lib/base/b.cpp", "constexpr int kTable[] = {\n" + "  (1),\n" * 90 + "};\n")
        self.assertEqual(self.places(sizes), [])

    def test_braces_in_literals_and_comments_do_not_count(self):
        text = "void f() {\n  g(\"{{{\", '{', R\"x(}\")x\", 1'000);  // {\n}\n"
        self.assertEqual(sizes.functions(text * 2), [(1, 3), (4, 3)])


class NeutralText(CheckTest):
    def test_paths_of_a_machine_and_unfinished_work_are_reported(self):
        self.write("agent/a.cpp", "int x;  // TO" "DO: more\n")
        self.write("docs/a.md", "See /ho" "me/mary/notes.\n")
        self.assertEqual(self.places(neutral_text), [("agent/a.cpp", 1), ("docs/a.md", 1)])

    def test_paths_of_an_installation_and_urls_are_not(self):
        self.write("docs/a.md", "/etc/webtap/agent.yaml, https://example.test/home/x, $HOME/home/x\n")
        self.assertEqual(self.places(neutral_text), [])


class Headers(CheckTest):
    def run_check(self):
        return subprocess.run([sys.executable, HERE / "headers.py", "--root", self.root], capture_output=True, text=True)

    def test_a_header_that_needs_another_one_is_reported(self):
        self.write("lib/base/a.h", "#pragma once\n\ninline std::string f() { return {}; }\n")
        done = self.run_check()
        self.assertEqual(done.returncode, 1)
        self.assertTrue(done.stdout.startswith("lib/base/a.h:3:"), done.stdout)

    def test_a_header_without_guard_is_reported(self):
        self.write("lib/base/a.h", "inline int f() { return 1; }\n")
        self.assertEqual(self.run_check().returncode, 1)

    def test_a_complete_header_is_not(self):
        self.write("lib/base/a.h", "#pragma once\n#include <string>\ninline std::string f() { return {}; }\n")
        self.assertEqual(self.run_check().returncode, 0)


if __name__ == "__main__":
    unittest.main()
