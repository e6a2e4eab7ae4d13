"""A Python worker of tools/soak.

    worker.py STYLE SEED TIMEOUT DEAD_RETRY PACE PROXIES PORTS

PROXIES are the servers' addresses as the client has them, PORTS those of the memcached behind them, both with commas. Reads
what the conductor says on stdin, a line each, answers `ack LINE`, and says its counts once a second as a line of JSON.
"""

import faulthandler
import json
import os
import sys
import threading
import time

import promises
import tally as tallies
from aio_style import AioStyle
from blocking_style import BlockingStyle
from children import Children
from futures_style import FuturesStyle
from lanes import State

STYLES = {style.name: style for style in (BlockingStyle, FuturesStyle, AioStyle)}


class Worker:
    def __init__(self, style, seed, timeout, dead_retry, pace, proxies, ports):
        self.state = State(proxies.split(","))
        self.tally = tallies.Tally(float(timeout))
        writer = promises.Writer(style)
        self.children = Children(self.tally, writer)
        self.verifier = tallies.Verifier(self.tally, [int(port) for port in ports.split(",")])
        options = {"timeout": float(timeout), "connect_timeout": float(timeout) / 2, "dead_retry": float(dead_retry)}
        self.style = STYLES[style](seed=seed, state=self.state, tally=self.tally, verifier=self.verifier,
                                         writer=writer, children=self.children, options=options, pace=float(pace))
        # A server is back when it answers after all that could have marked it dead is over.
        self.settling = float(timeout) + float(dead_retry) + 0.1
        self.clean_since = self.since = None
        self.answered_before = []
        self.back = [0.0] * len(self.state.servers)
        self.marks = self.exempt_before = None

    def run(self):
        threading.Thread(target=self.listen, daemon=True).start()
        threading.Thread(target=self.report, daemon=True).start()
        self.style.run()
        while self.children.pids:
            time.sleep(0.1)
            self.children.reap()
        for client in self.style.clients:
            client.close()
        time.sleep(1.1)
        tallies.say(json.dumps({**self.report_now(), "ended": True}))
        os._exit(0)

    def listen(self):
        for line in sys.stdin:
            word, *arguments = line.split()
            getattr(self, "hear_" + word)(*arguments)
            tallies.say(f"ack {line.strip()}")
        os._exit(1)  # the conductor is gone

    def hear_faulty(self, *indices):
        """Failures of these servers are no surprise from now on."""
        self.state.exempt = frozenset(map(int, indices))
        self.state.coming_back = False

    def hear_clean(self, number):
        """The faults are over: watch which server answers again."""
        self.answered_before = []
        self.back = [0.0] * len(self.state.servers)
        self.clean_since = self.state.clean_since = time.monotonic()
        self.since = number
        self.state.coming_back = True

    def hear_losing(self, losing):
        self.verifier.servers_lose(losing == "1")

    def hear_servers(self, *addresses):
        for client in self.style.clients:
            client.set_servers(addresses)

    def hear_disconnect(self):
        for client in self.style.clients:
            client.disconnect_all()

    def hear_fork(self):
        self.style.fork()

    def hear_check(self):
        self.state.checks += 1

    def hear_pause(self):
        self.state.paused = True

    def hear_go(self):
        self.state.paused = False

    def hear_stop(self):
        self.state.paused = False
        self.state.stopping = True

    def answered(self):
        """Per server: how much each client was answered by it."""
        counters = [client.counters() for client in self.style.clients]
        return [[sum(c.get(server, {}).get(kind, 0) for kind in ("hits", "misses", "stores")) for c in counters]
                for server in self.state.servers]

    def look_who_is_back(self):
        now = time.monotonic()
        if self.clean_since is None or now < self.clean_since + self.settling:
            return
        answered = self.answered()
        if not self.answered_before:
            self.answered_before = answered
        for i, (after, before) in enumerate(zip(answered, self.answered_before)):
            if all(a > b for a, b in zip(after, before)):
                self.back[i] = self.back[i] or now - self.clean_since

    def look_who_is_dead(self):
        """A server that nothing is wrong with is not marked dead."""
        exempt = self.state.exempt
        marks = [[client.counters().get(server, {}).get("marked_dead", 0) for client in self.style.clients]
                 for server in self.state.servers]
        for i, (now, before) in enumerate(zip(marks, self.marks or marks)):
            if now > before and i not in exempt and i not in self.exempt_before:
                ended = time.monotonic()
                self.tally.harmed(ended - self.tally.timeout, ended, f"{self.state.servers[i]} marked dead")
        self.marks, self.exempt_before = marks, exempt

    def report(self):
        next_line = time.monotonic()
        while True:
            time.sleep(0.1)
            self.children.reap()
            self.look_who_is_back()
            self.look_who_is_dead()
            if time.monotonic() >= next_line:
                next_line = time.monotonic() + 0.5
                tallies.say(json.dumps(self.report_now()))

    def report_now(self):
        return {**self.tally.report(), "back": self.back, "since": self.since,
                "checks": min((lane.checks for lane in self.tally.lanes), default=0)}


if __name__ == "__main__":
    faulthandler.enable()
    faulthandler.register(12)  # SIGUSR2: where everybody is, for a worker that hangs
    Worker(*sys.argv[1:]).run()
