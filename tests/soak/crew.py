"""The workers, as tools/soak sees them: processes that are told things, report, and may hang or die."""

import ctypes
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time

PATIENCE = 10  # seconds without progress: it hangs


class Trouble(Exception):
    """A worker hangs or has died: the soak cannot go on."""

    def __init__(self, text, member=None):
        super().__init__(text)
        self.member = member


def begin():
    """In the worker's process: it dies with the conductor, who alone hears Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Member:
    """A worker. Its reports are read by a thread of its own."""

    def __init__(self, name, command, environment):
        self.name = name
        self.stderr = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.stderr,
                                        env=environment, preexec_fn=begin)
        self.report = {}
        self.said = []  # [promise, text] of the first broken promises
        self.acks = queue.SimpleQueue()
        self.moved = time.monotonic()  # when its operations last went up
        self.paused = False
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            if line.startswith(b"ack "):
                self.acks.put(line[4:].strip().decode())
                continue
            report = json.loads(line)
            self.said += report.pop("said")
            if self.paused or report["ops"] > self.report.get("ops", -1):
                self.moved = time.monotonic()
            self.report = report

    def tell(self, line):
        try:
            self.process.stdin.write(line.encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            self.look_after()
            raise

    def await_ack(self, line):
        try:
            while self.acks.get(timeout=PATIENCE) != line:
                pass
        except queue.Empty:
            self.look_after()
            raise Trouble(f"{self.name} hangs: it does not hear \"{line}\"", self) from None

    def look_after(self):
        """Raises when it has died or hangs."""
        if self.process.poll() is not None and not self.report.get("ended"):
            raise Trouble(f"{self.name} died with {self.process.returncode}", self)
        if self.report.get("oldest", 0) > PATIENCE:
            raise Trouble(f"{self.name} hangs: a call has been under way for {self.report['oldest']:.0f} s", self)
        if time.monotonic() - self.moved > PATIENCE:
            raise Trouble(f"{self.name} hangs: no progress for {PATIENCE} s", self)

    def size(self):
        """(descriptors, threads, resident KB)"""
        here = f"/proc/{self.process.pid}"
        try:
            with open(here + "/status") as status:
                lines = dict(line.split(":", 1) for line in status)
            return len(os.listdir(here + "/fd")), int(lines["Threads"]), int(lines["VmRSS"].split()[0])
        except (OSError, KeyError):
            return 0, 0, 0

    def last_words(self, threads=False):
        """What it wrote to stderr. `threads`: a Python worker also says where its threads are."""
        if threads and self.process.poll() is None and self.name.startswith("py-"):
            self.process.send_signal(signal.SIGUSR2)
            time.sleep(0.5)
        self.stderr.seek(0)
        return self.stderr.read()[-6000:].decode(errors="replace")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Crew:
    def __init__(self, commands, environment):
        self.members = [Member(name, command, environment) for name, command in commands.items()]

    def tell(self, line):
        """Returns when all of them have heard it."""
        for member in self.members:
            member.tell(line.strip())
        for member in self.members:
            member.await_ack(line.strip())

    def look_after(self):
        for member in self.members:
            member.look_after()

    def total(self, count):
        return sum(member.report.get(count, 0) for member in self.members)

    def most(self, count):
        return max(member.report.get(count, 0) for member in self.members)

    def pause(self, paused):
        for member in self.members:
            member.paused = paused
            member.moved = time.monotonic()
        self.tell("pause" if paused else "go")

    def end(self):
        for member in self.members:
            member.end()
