"""A running program, what it says being collected."""

import contextlib
import re
import subprocess
import threading

TIMEOUT = 120


class Program:
    def __init__(self, command, **options):
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, **options)
        self.said = ""
        self.out = b""
        self._open = 2  # of its outputs
        self._changed = threading.Condition()
        self._threads = [threading.Thread(target=self._collect_said), threading.Thread(target=self._collect_out)]
        for thread in self._threads:
            thread.start()

    def _collect_said(self):
        for line in self.process.stderr:
            with self._changed:
                self.said += line.decode(errors="replace")
                self._changed.notify_all()
        self._close_one()

    def _collect_out(self):
        while block := self.process.stdout.read1(65536):
            with self._changed:
                self.out += block
                self._changed.notify_all()
        self._close_one()

    def _close_one(self):
        with self._changed:
            self._open -= 1
            self._changed.notify_all()

    @property
    def over(self):
        """It says nothing more: it has ended."""
        return self._open == 0

    def wait_for(self, condition, what):
        with self._changed:
            self._changed.wait_for(lambda: condition() or self.over, TIMEOUT)
            if not condition():
                raise AssertionError(f"waited in vain for {what}; it said:\n{self.said}")

    def wait_until_said(self, pattern):
        self.wait_for(lambda: re.search(pattern, self.said), pattern)
        return re.search(pattern, self.said)

    def end(self, number=None):
        if number is not None:
            self.process.send_signal(number)
        status = self.process.wait(TIMEOUT)
        for thread in self._threads:
            thread.join()
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):  # what it did not take
                self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()
        return status

    def clean_up(self):
        if not self.process.stdout.closed:
            self.process.kill()
            self.end()
