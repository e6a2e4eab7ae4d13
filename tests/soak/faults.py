"""What goes wrong during a soak: in what order is the seed's choice."""

import dataclasses
from typing import Callable

PROXY_KINDS = ["delay", "stall", "drip", "close", "reset", "half_close", "garbage", "wrong_key", "huge_length",
               "negative_length", "missing_end", "extra", "duplicate", "swallow", "swap", "one_byte", "refuse",
               "unanswered"]
SERVER_KINDS = ["kill", "stop"]
CLIENT_KINDS = ["servers", "disconnect", "fork"]
RARE = {"delay", "one_byte", "refuse", "unanswered"}  # those that make no sense now and then only


@dataclasses.dataclass
class Fault:
    kind: str
    where: int | None      # the server's index; None: in the clients
    begin: Callable[[], object]
    end: Callable[[], object]
    loses: bool = False    # whether the server forgets or withholds what it was given

    def __str__(self):
        return self.kind if self.where is None else f"{self.kind} on {'ABC'[self.where]}"


class Faults:
    """Makes faults, each kind once before any comes again."""

    def __init__(self, chance, servers, proxies, crew):
        self.chance, self.servers, self.proxies, self.crew = chance, servers, proxies, crew
        self.addresses = [(proxy or server).address for proxy, server in zip(proxies, servers)]
        self.kinds = (PROXY_KINDS if any(proxies) else []) + SERVER_KINDS + CLIENT_KINDS
        self.bag = []

    def draw(self, kinds=None):
        if not self.bag:
            self.bag = self.chance.sample(self.kinds, len(self.kinds))
        for kind in reversed(self.bag):
            if kinds is None or kind in kinds:
                self.bag.remove(kind)
                return kind
        return None

    def next(self):
        """One fault, sometimes one on each of two servers."""
        kind = self.draw()
        if kind in CLIENT_KINDS:
            return [self.in_clients(kind)]
        wheres = self.chance.sample(range(len(self.servers)), 2)
        faults = [self.on_server(kind, wheres[0])]
        if self.chance.random() < 0.2 and (second := self.draw(PROXY_KINDS + SERVER_KINDS)):
            faults.append(self.on_server(second, wheres[1]))
        return faults

    def on_server(self, kind, where):
        server, proxy = self.servers[where], self.proxies[where]
        if kind == "kill":
            return Fault(kind, where, server.kill, server.start, loses=True)
        if kind == "stop":
            return Fault(kind, where, server.pause, server.resume, loses=True)
        every = 1 if kind in RARE else self.chance.choice([1, 2, 10, 50])
        ms = {"delay": self.chance.choice([5, 50, 300, 700]), "drip": self.chance.choice([1, 20])}.get(kind, 0)
        return Fault(kind, where, lambda: proxy.fault(kind, every=every, ms=ms), proxy.clear)

    def in_clients(self, kind):
        tell = self.crew.tell
        if kind != "servers":
            return Fault(kind, None, lambda: tell(kind), lambda: tell(kind))
        changed = self.chance.choice([self.addresses[::-1], self.addresses[1:], self.addresses[:2]])
        return Fault(kind, None, lambda: tell("servers " + " ".join(changed)),
                     lambda: tell("servers " + " ".join(self.addresses)))
