"""How cost grows: the curves that tools/growth measures, and the processes that play their points."""

import contextlib
import dataclasses
import json
import os
import select
import statistics
import subprocess

from support.memcached_server import MemcachedServer

from . import growth_idle
from .cases import keys_of
from .contenders import PYTHON, ROOT, Absent, Field
from .growth_clients import CLIENTS
from .growth_ground import Ground, thousand_servers

PATIENCE = 120  # seconds that a point may take
PLACEMENTS = ("modulo", "modula", "ketama", "ketama_weighted", "rendezvous")


@dataclasses.dataclass(frozen=True)
class Verb:
    title: str
    units: int = 1               # of what a contender counts, in what is shown
    cells: tuple = ("time",)     # the tables that are made of it: growth_tables.CELLS


@dataclasses.dataclass(frozen=True)
class Curve:
    name: str
    title: str
    axis: str                    # what grows
    points: tuple
    verbs: dict
    contenders: tuple
    memory: str = None           # which figure of a contender's, for each of what grows
    memory_from: int = 1         # the point from which on it says something


_EVERYBODY = ("C++blocking", "C++async", "StringClient", "AsyncClient", "pylibmc", "libmc")
_CURVES = [
    Curve("servers", "More servers", "servers", (1, 3, 10, 30, 100, 1000),
          {"get": Verb("a get, of 100 keys in turn"),
           "get_multi": Verb("a get_multi of 100 keys", 100),
           "set_multi": Verb("a set_multi of 100 keys", 100),
           "fan_out": Verb("a server, in a get_multi of 10 keys for each", 10, ("time", "memory"))},
          _EVERYBODY, "kept", 10),
    Curve("keys", "More keys in a call", "keys", (1, 10, 100, 1000, 10_000, 100_000),
          {"get_multi": Verb("a key of a get_multi", cells=("time", "memory")),
           "set_multi": Verb("a key of a set_multi", cells=("time", "memory"))},
          _EVERYBODY, "peak", 1000),
    Curve("in_flight", "More operations in flight, from one thread", "in flight", (10, 100, 1000, 10_000),
          {"in_flight": Verb("a get of those kept under way", cells=("time", "latency", "memory"))},
          ("C++async", "FutureClient", "AsyncClient", "AsyncClient+uvloop", "aiomcache", "emcache"), "peak", 1000),
    Curve("threads", "More threads on one blocking client", "threads", (1, 2, 4, 8, 16, 32, 64),
          {"pinned": Verb("a get, on one CPU with the server", cells=("rate", "cpu")),
           "unpinned": Verb("a get, where the scheduler likes", cells=("rate", "cpu"))},
          ("C++blocking", "C++blocking/64", "StringClient", "StringClient/64", "pylibmc", "libmc")),
    Curve("placement", "More servers to choose from, none of them asked", "servers", (1, 10, 100, 1000),
          {"pick": Verb("the server of a key", cells=("pick", "whole")),
           "client": Verb("a blocking client, made and destroyed", cells=("time", "memory"))},
          PLACEMENTS, "kept", 10),
    Curve("idle", "More idle connections, on memcached's side", "connections", (1000, 5000),
          {"server": Verb("memcached's memory for a connection", cells=("memory",)),
           "kernel": Verb("the kernel's for both of its ends", cells=("memory",))},
          growth_idle.STATES),
]
CURVES = {curve.name: curve for curve in _CURVES}


class Failed(Exception):
    """It is there, and did not manage this point; says why."""


class Growth:
    """Measures curves. `absent` says which contenders are not there, and why; `failed`, what others did not manage."""

    def __init__(self, curves, rounds, seconds, peers=None, progress=lambda done, of: None):
        self.curves = curves
        self.rounds, self.seconds, self.progress = rounds, seconds, progress
        self.env = Field([], 0, peers).env
        self.all_cpus = os.sched_getaffinity(0)
        self.absent, self.failed = {}, {}
        self.done, self.of = 0, rounds * sum(len(c.points) * len(c.verbs) * len(c.contenders) for c in self.curves)

    def measure(self):
        """{curve: {verb: {contender: {point: figures}}}}; a figure is the median over the rounds, of two the lower."""
        return {curve.name: self._curve(curve) for curve in self.curves}

    def _curve(self, curve):
        rounds = [{} for _ in range(self.rounds)]
        for played in rounds:
            for point in curve.points:
                for cpus in self._cpu_sets(curve):
                    with self._on(cpus), self._ground(curve, point) as ground:
                        for verb in curve.verbs:
                            if self._cpus_of(verb) == cpus:
                                self._point(curve, verb, point, ground, played)
        told = {}
        for verb, contender, point in dict.fromkeys(key for played in rounds for key in played):
            figures = [played[verb, contender, point] for played in rounds if (verb, contender, point) in played]
            told.setdefault(verb, {}).setdefault(contender, {})[point] = {
                name: statistics.median_low([f[name] for f in figures]) for name in figures[0]}
        return told

    def _point(self, curve, verb, point, ground, played):
        for contender in curve.contenders:
            self.progress(self.done, self.of)
            self.done += 1
            if contender in self.absent:
                continue
            try:
                if curve.name == "idle":
                    figures = growth_idle.measure(contender, verb, point)
                else:
                    figures = self._play(curve, verb, point, contender, ground)
            except Absent as why:
                self.absent[contender] = str(why)
                continue
            except Failed as why:
                self.failed[f"{contender}, {verb}, {point} {curve.axis}"] = str(why)
                continue
            if curve.memory and point >= curve.memory_from:
                figures["memory"] = figures[curve.memory] / point
            for name in ("us", "client_us", "server_us"):
                if name in figures:
                    figures[name] *= curve.verbs[verb].units
            played[verb, contender, point] = figures

    def _cpus_of(self, verb):
        """Server and client share one CPU, because two idle CPUs wake each other slowly by luck."""
        return self.all_cpus if verb == "unpinned" else {min(self.all_cpus)}

    def _cpu_sets(self, curve):
        sets = [self._cpus_of(verb) for verb in curve.verbs]
        return [one for number, one in enumerate(sets) if one not in sets[:number]]

    @contextlib.contextmanager
    def _on(self, cpus):
        """Who is started meanwhile runs on these."""
        os.sched_setaffinity(0, cpus)
        try:
            yield
        finally:
            os.sched_setaffinity(0, self.all_cpus)

    @contextlib.contextmanager
    def _ground(self, curve, point):
        if curve.name == "placement":
            yield Ground([], [f"10.0.{i // 250}.{1 + i % 250}:11211" for i in range(point)], [])
            return
        if curve.name == "idle":
            yield None
            return
        with contextlib.ExitStack() as stack:
            if curve.name != "servers":
                servers = [stack.enter_context(MemcachedServer("-t", "1", "-m", "512"))]
            elif point < 1000:
                # The maintainer of a new server wakes up a thousand times a second at first, and of a hundred that is felt.
                small = ("-t", "1", "-m", "16", "-c", "64", "-o", "no_lru_maintainer")
                servers = [stack.enter_context(MemcachedServer(*small)) for _ in range(point)]
            else:
                servers, addresses = thousand_servers(stack, point)
            if curve.name != "servers" or point < 1000:
                addresses = [server.address for server in servers]
            most = {"keys": point, "servers": 10 * point}.get(curve.name, 0)
            yield stack.enter_context(Ground(servers, addresses, keys_of("k", max(100, most), 10)))

    def _command(self, curve, verb, point, contender, ground):
        programs = ROOT / "build" / "release" / "tests" / "bench"
        verb, count = {"threads": ("threads", point), "servers": (verb, 100)}.get(curve.name, (verb, point))
        if verb == "fan_out":
            verb, count = "get_multi", 10 * point
        told = [verb, str(count), str(self.seconds), ",".join(ground.addresses)]
        if contender in CLIENTS:
            return [PYTHON, "-m", "bench.growth_worker", contender, *told]
        program = programs / ("cmemcache_bench_growth_placement" if curve.name == "placement" else "cmemcache_bench_growth")
        if not program.exists():
            raise Absent(f"not built: cmake --build --preset release --target {program.name}")
        return [str(program), contender, *told]

    def _play(self, curve, verb, point, contender, ground):
        child = subprocess.Popen(self._command(curve, verb, point, contender, ground), stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=self.env)
        try:
            self._expect(child, "ready")
            cpu = ground.cpu_seconds()
            child.stdin.write("\n")
            child.stdin.flush()
            figures = json.loads(self._expect(child, "{"))
            figures["server_us"] = 1e6 * (ground.cpu_seconds() - cpu) / figures["units"]
            figures["connections"] = ground.connections()
            return figures
        finally:
            child.stdin.close()
            try:
                child.wait(5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            child.stdout.close()

    @staticmethod
    def _expect(child, beginning):
        if not select.select([child.stdout], [], [], PATIENCE)[0]:
            raise Failed(f"it took more than {PATIENCE} s")
        said = child.stdout.readline().strip()
        if said.startswith("absent "):
            raise Absent(said.removeprefix("absent "))
        if not said.startswith(beginning):
            raise Failed(said.removeprefix("failed ") or "it died")
        return said
