#!/usr/bin/env python3
"""The comparison itself: it must find every kind of difference, and allow only those that have a reason."""

import copy
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "support")]

import modsec_log  # noqa: E402
import parity  # noqa: E402

RULES = parity.Rules([b"text/plain", b"text/html"])

ENTRY = b"""--0badcafe-A--
[22/Nov/2026:03:45:19.598773 +0000] awJlT2pTgSzlRoGG9FwTcgAAAAI 10.0.0.2 56230 10.0.0.1 8080
--0badcafe-B--
POST /a?b=1 HTTP/1.1
Host: one.test
X-Dup: 1
Content-Length: 12
x-dup: 2

--0badcafe-C--
--0badcafe-Z
--0badcafe-F--
HTTP/1.1 200 OK
ETag: "1"
Set-Cookie: a=1
Set-Cookie: b=2
Content-Type: text/plain

--0badcafe-E--
line
\r\xff\x00
--0badcafe-H--
Message: Warning. one
Message: Warning. two
Stopwatch: 1795319119598000 773 (- - -)

--0badcafe-Z--

"""


def wire():
    return next(modsec_log.parse_native(ENTRY))


def logged():
    """The same transaction as ModSecurity logs it."""
    entry = wire()
    entry.request_headers = [(b"Host", b"one.test"), (b"X-Dup", b"1, 2"), (b"Content-Length", b"12")]
    return entry


def compared(ours, theirs, rules=RULES):
    return parity.compare([theirs] if theirs else [], [ours] if ours else [], rules)


class Reader(unittest.TestCase):
    def test_parts_are_the_bytes_between_their_boundaries(self):
        entry = wire()
        self.assertEqual(entry.parts, "ABCFEHZ")
        self.assertEqual(entry.request_body, b"--0badcafe-Z")
        self.assertEqual(entry.response_body, b"line\n\r\xff\x00")
        self.assertEqual(entry.response_header("set-cookie"), [b"a=1", b"b=2"])
        self.assertEqual(entry.messages, [b"Warning. one", b"Warning. two"])
        self.assertEqual((entry.target, entry.status, entry.start_microseconds), (b"/a?b=1", 200, 1795319119598000))

    def test_a_cut_entry_is_an_error(self):
        for size in (len(ENTRY) - 3, len(ENTRY) // 2, 40):
            with self.assertRaises(modsec_log.LogError):
                list(modsec_log.parse_native(ENTRY[:size]))

    def test_bytes_between_entries_are_an_error(self):
        with self.assertRaises(modsec_log.LogError):
            list(modsec_log.parse_native(ENTRY + b"x\n" + ENTRY))


class Differences(unittest.TestCase):
    def assert_found(self, change, text):
        ours = wire()
        change(ours)
        report = compared(ours, logged())
        self.assertFalse(report.ok)
        self.assertIn(text, " ".join(report.differences + report.missing))

    def test_equal_transactions_agree(self):
        report = compared(wire(), logged())
        self.assertEqual((report.ok, report.matched, report.request_bodies, report.response_bodies), (True, 1, 1, 1))
        self.assertEqual(report.used, {"repeated request fields are merged": 1})

    def test_every_part_counts(self):
        def put(name, value):
            return lambda entry: setattr(entry, name, value)

        self.assert_found(put("client_port", 1), "/a?b=1")
        self.assert_found(put("server_ip", "10.0.0.9"), "server address")
        self.assert_found(put("request_line", b"POST /a?b=2 HTTP/1.1"), "/a?b=1")
        self.assert_found(put("request_body", b"--0badcafe-Y"), "request body")
        self.assert_found(put("request_body", None), "request body")
        self.assert_found(put("status_line", b"HTTP/1.1 200 Fine"), "status line")
        self.assert_found(put("status_line", None), "status line")
        self.assert_found(put("response_body", b"line\n\r\xff\x01"), "response body")
        self.assert_found(put("response_body", b"line\n\n\r\xff\x00"), "response body")
        self.assert_found(put("response_headers", []), "response fields")

    def test_fields_count_in_name_value_order_and_number(self):
        def fields(name, change):
            return lambda entry: setattr(entry, name, change(getattr(entry, name)))

        self.assert_found(fields("request_headers", lambda h: h[:-1]), "request fields")
        self.assert_found(fields("request_headers", lambda h: h + [(b"X", b"")]), "request fields")
        self.assert_found(fields("request_headers", lambda h: [(b"host", h[0][1])] + h[1:]), "request fields")
        self.assert_found(fields("response_headers", lambda h: h[:1] + h[2:]), "response fields")
        self.assert_found(fields("response_headers", lambda h: [h[0], h[2], h[1], h[3]]), "response fields")
        self.assert_found(fields("response_headers", lambda h: h + [(b"X", b"1")]), "response fields")

    def test_a_time_of_another_hour_is_found(self):
        def later(entry):
            entry.trailer = {"Stopwatch": [b"1795322719598000 773 (- - -)"]}

        self.assert_found(later, "time of the request")

    def test_a_transaction_that_webtap_lacks_is_missing(self):
        report = compared(None, logged())
        self.assertEqual((report.ok, len(report.missing)), (False, 1))

    def test_a_transaction_that_only_the_wire_has_is_listed(self):
        report = compared(wire(), None)
        self.assertEqual((report.ok, len(report.wire_only)), (True, 1))

    def test_transactions_of_a_connection_are_matched_in_order(self):
        first, second = logged(), logged()
        late = copy.deepcopy(wire())
        late.trailer = {"Stopwatch": [b"1795319119599000 773 (- - -)"]}
        late.response_body = second.response_body = b"second"
        report = parity.compare([first, second], [wire(), late], RULES)
        self.assertEqual((report.ok, report.matched), (True, 2))
        self.assertFalse(parity.compare([second, first], [wire(), late], RULES).ok)


class Allowances(unittest.TestCase):
    def check(self, change_wire, change_logged, ok):
        ours, theirs = wire(), logged()
        change_wire(ours)
        change_logged(theirs)
        self.assertEqual(compared(ours, theirs).ok, ok)

    def test_fields_that_apache_adds_later(self):
        def add(value):
            return lambda entry: entry.response_headers.append((b"Connection", value))

        nothing = lambda entry: None  # noqa: E731
        self.check(add(b"close"), nothing, True)
        self.check(add(b"close"), add(b"close"), True)
        self.check(add(b"close"), add(b"Keep-Alive"), False)

    def test_the_length_may_differ_for_coded_bodies_only(self):
        def length(value, coding):
            def change(entry):
                entry.response_headers.append((b"Content-Length", value))
                if coding:
                    entry.response_headers.append((b"Content-Encoding", coding))
            return change

        self.check(length(b"9", b"gzip"), length(b"8", None), True)
        self.check(length(b"9", None), length(b"8", None), False)

    def test_a_range_is_checked_against_the_whole(self):
        def part(body):
            def change(entry):
                entry.status_line = b"HTTP/1.1 206 Partial Content"
                entry.response_headers.append((b"Content-Range", b"bytes 1-3/8"))
                entry.response_body = body
            return change

        self.check(part(b"ine"), part(b"line\n\r\xff\x00"), True)
        self.check(part(b"lin"), part(b"line\n\r\xff\x00"), False)

    def test_forms_agree_where_they_are_plain(self):
        body = (b'--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
                b'--B\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n22\r\n--B--\r\n')

        def form(fields, uploads, text=body):
            def change(entry):
                entry.request_headers.append((b"Content-Type", b"multipart/form-data; boundary=B"))
                entry.request_body = text
                entry.form_fields, entry.uploads = fields, uploads
            return change

        whole = form(b"a=1", [(2, 2, b"x")])
        self.check(whole, whole, True)
        self.check(form(b"a=1", [(0, 2, b"x")]), whole, True)
        self.check(form(b"a=1%00z", [(2, 2, b"x")]), whole, True)
        self.check(whole, form(None, None), True)
        for fields, uploads in ((b"a=2", [(2, 2, b"x")]), (b"a=1", []), (b"a=1", [(1, 2, b"x")]), (b"", [(2, 2, b"x")]),
                                (b"a=1", [(2, 3, b"x")]), (None, None)):
            self.check(form(fields, uploads), whole, False)
        self.check(whole, form(b"", []), False)
        odd = body.replace(b'name="f"', b"name*=f")
        self.check(form(b"a=1", [(2, 2, b"x")], odd), form(b"", [], odd), True)
        self.check(form(b"a=1", [(2, 2, b"x")], odd), form(b"b=1", [], odd), False)

    def test_what_the_lenient_server_keeps(self):
        def absolute(host):
            def change(entry):
                entry.request_line = b"POST http://u@Two.test/ HTTP/1.1"
                entry.request_headers[0] = (b"Host", host)
            return change

        self.check(absolute(b"one.test"), absolute(b"two.test"), True)
        self.check(absolute(b"one.test"), absolute(b"one.test"), False)

    def test_a_body_that_was_not_read_needs_an_early_answer(self):
        def status(line, keep):
            def change(entry):
                entry.status_line = line
                if not keep:
                    entry.request_body = b""
            return change

        self.check(status(b"HTTP/1.1 403 Forbidden", True), status(b"HTTP/1.1 403 Forbidden", False), True)
        self.check(status(b"HTTP/1.1 200 OK", True), status(b"HTTP/1.1 200 OK", False), False)
        self.check(status(b"HTTP/1.1 404 Not Found", True), status(b"HTTP/1.1 404 Not Found", False), False)

    def test_a_body_that_is_not_inspected_must_be_of_such_a_type(self):
        def empty(content_type):
            def change(entry):
                entry.response_body = b""
                entry.response_headers[-1] = (b"Content-Type", content_type)
            return change

        def typed(content_type):
            return lambda entry: entry.response_headers.__setitem__(-1, (b"Content-Type", content_type))

        self.check(typed(b"text/css"), empty(b"text/css"), True)
        self.check(typed(b"text/plain"), empty(b"text/plain"), False)


if __name__ == "__main__":
    unittest.main()
