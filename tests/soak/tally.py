"""What a worker saw: its lanes' counts, how late its machine was, and whether what is said to be stored is.

A lane is one thread or task. Each has its own counts, so that nothing is locked, and a forked child inherits no lock.
"""

import collections
import contextlib
import os
import queue
import socket
import threading
import time

GRACE = 0.05  # seconds that a call may take beyond its timeout


class Lane:
    def __init__(self, name):
        self.name = name
        self.began = None  # when the call under way did
        self.ops = self.failed = self.cancelled = 0
        self.idle = False


class Oversleep:
    """How much later than asked the machine, and the interpreter, wake somebody who sleeps 5 ms."""

    PAUSE = 0.005

    def __init__(self):
        self.samples = collections.deque(maxlen=4000)  # (woken, late)
        self.worst = 0.0

    def note(self, asked, woken):
        late = woken - asked - self.PAUSE
        self.samples.append((woken, late))
        self.worst = max(self.worst, late)

    def sleep_on(self):
        while True:
            asked = time.monotonic()
            time.sleep(self.PAUSE)
            self.note(asked, time.monotonic())

    def around(self, began, ended):
        """The worst while a call was under way, or just after."""
        return max((late for woken, late in list(self.samples) if woken >= began and woken - late <= ended + GRACE),
                   default=0.0)


class Tally:
    """All that is reported. `note` is safe from any thread, the rest is the reporting thread's."""

    PROMISES = ("wrong", "late", "lost", "harmed", "broken")

    def __init__(self, timeout):
        self.timeout = timeout
        self.lanes = []
        self.oversleep = Oversleep()
        self.loop_oversleep = Oversleep()  # of the event loop, if there is one
        self.broken_promises = []  # (promise, text)
        self.notes = queue.SimpleQueue()
        self.suspects = collections.deque()  # calls that look late, or harmed, until we know how late the machine was
        self.counts = collections.Counter()
        self.slowest = 0.0
        threading.Thread(target=self.oversleep.sleep_on, daemon=True).start()

    def note(self, promise, text):
        self.notes.put((promise, text))

    def timed(self, began, ended, what):
        took = ended - began
        self.slowest = max(self.slowest, took)
        if took > self.timeout + GRACE:
            self.suspects.append(("late", began, ended, what))

    def harmed(self, began, ended, what):
        """A call to a healthy server failed."""
        self.suspects.append(("harmed", began, ended, what))

    def judge(self):
        """Counts what was noted; of suspects those that are old enough for the machine's lateness to be known."""
        while self.suspects and time.monotonic() - self.suspects[0][2] > 1:
            promise, began, ended, what = self.suspects.popleft()
            machine = self.oversleep.around(began, ended) + self.loop_oversleep.around(began, ended)
            took = ended - began
            text = f"{what}: {took * 1000:.0f} ms, the machine {machine * 1000:.0f} ms late"
            if promise == "late" and took <= self.timeout + GRACE + machine:
                self.counts["late_machine"] += 1
            # A deadline that passed because nobody ran us, or the server, says nothing about the call.
            elif promise == "harmed" and took >= self.timeout and machine >= self.timeout / 5:
                self.counts["harmed_machine"] += 1
            else:
                self.note(promise, text)
        while not self.notes.empty():
            promise, text = self.notes.get()
            self.counts[promise] += 1
            if self.counts[promise] <= 5:
                self.broken_promises.append([promise, text[:300]])

    def report(self):
        self.judge()
        now = time.monotonic()
        said, self.broken_promises = self.broken_promises[:5], self.broken_promises[5:]
        began = [lane.began for lane in self.lanes]
        return {
            "ops": sum(lane.ops for lane in self.lanes),
            "failed": sum(lane.failed for lane in self.lanes),
            "cancelled": sum(lane.cancelled for lane in self.lanes),
            "oldest": max((now - b for b in began if b is not None), default=0.0),
            "idle": all(lane.idle for lane in self.lanes),
            "slowest": self.slowest,
            "oversleep": max(self.oversleep.worst, self.loop_oversleep.worst),
            "said": said,
            **self.counts,
        }


class Verifier:
    """Looks up behind the library's back, on the servers themselves, what it says it has stored."""

    def __init__(self, tally, ports):
        self.tally, self.ports = tally, ports
        self.claims = queue.SimpleQueue()
        self.epoch = 0       # counts up whenever a server loses or withholds what it has
        self.usable = True   # no server does so at the moment
        threading.Thread(target=self._verify_on, daemon=True).start()

    def servers_lose(self, losing):
        self.epoch += 1
        self.usable = not losing

    def claim(self, epoch, stored, where=None):
        """`stored`: key -> value. `where`: the index of the server that must have them; None: any. `epoch`: as it was
        before the call."""
        if stored:
            self.claims.put((epoch, stored, where))

    def _verify_on(self):
        while True:
            epoch, stored, where = self.claims.get()
            ports = self.ports if where is None else [self.ports[where]]
            missing = list(stored)
            # It was said to be stored before it was written in full, perhaps: then it is there soon.
            for pause in (0, 0.1, 1):
                if not missing or not self._relevant(epoch):
                    break
                time.sleep(pause)
                missing = self._missing(ports, missing, stored)
            if missing and self._relevant(epoch):
                self.tally.note("lost", f"said to be stored, on no server: {', '.join(missing[:3])}, {len(missing)}"
                                        f" of {len(stored)}")
            self.tally.counts["verified"] += len(stored) if not missing else 0

    def _relevant(self, epoch):
        return self.usable and epoch == self.epoch

    def _missing(self, ports, keys, stored):
        for port in ports:
            with contextlib.suppress(OSError):
                there = raw_get(port, keys)
                keys = [k for k in keys if there.get(k) != stored[k]]
            if not keys:
                break
        return keys


def raw_get(port, keys):
    """key -> value, of those that are there."""
    found = {}
    with socket.create_connection(("127.0.0.1", port), timeout=1) as link, link.makefile("rb") as lines:
        link.sendall(f"get {' '.join(keys)}\r\n".encode())
        while (line := lines.readline()) != b"END\r\n":
            if not line:
                raise ConnectionResetError
            _, key, _, size = line.split()
            found[key.decode()] = lines.read(int(size))
            lines.readline()
    return found


def say(line):
    """One write, so that lines of several threads never mix, and no lock that a child could inherit."""
    os.write(1, line.encode() + b"\n")
