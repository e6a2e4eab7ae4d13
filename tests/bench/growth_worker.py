"""A Python contender of tools/growth: a process that plays one point of a curve. growth.hpp is the same in C++.

    python3 -m bench.growth_worker NAME VERB COUNT SECONDS ADDRESS,...

It gets ready, says "ready", waits for a line, measures, writes its figures as one line of JSON, and waits for the end of its
input, so that its connections can be counted. Or it says "absent WHY".
"""

import asyncio
import collections
import ctypes
import itertools
import json
import resource
import statistics
import sys
import threading
import time
import warnings

from . import aio_clients
from .calls import expect
from .cases import keys_of

VALUE = b"x" * 100


class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]


def heap():
    """Bytes in use on the heap; what Python takes from its own pools is not counted."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = Mallinfo
    now = mallinfo()
    return now.uordblks + now.hblkhd


def resident(what):
    """Bytes: "VmRSS", resident now, or "VmHWM", at the most since forget_peak()."""
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(what))


def forget_peak():
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# The clients. A method of theirs makes a player: what does it `times` times and returns how many units that was.

class Blocking:
    def __init__(self, client, shared=None):
        self.client, self.shared = client, shared or client

    def get(self, keys, count):
        get, turn = self.client.get, itertools.cycle(keys)

        def play(times):
            for key in itertools.islice(turn, times):
                expect(get(key) is not None, "get")
            return times
        return play

    def get_multi(self, keys, count):
        def play(times):
            for _ in range(times):
                expect(len(self.client.get_multi(keys)) == len(keys), "get_multi")
            return times * len(keys)
        return play

    def set_multi(self, keys, count):
        mapping = dict.fromkeys(keys, VALUE)

        def play(times):
            for _ in range(times):
                self.client.set_multi(mapping)
            return times * len(keys)
        return play

    def threads(self, keys, count):
        """`count` threads, who take their calls from one iterator, so that all end together."""
        key, get, turns, trouble = keys[0], self.shared.get, [iter(())], []
        start, end = threading.Barrier(count + 1), threading.Barrier(count + 1)

        def work():
            while True:
                start.wait()
                try:
                    for _ in turns[0]:
                        expect(get(key) is not None, "get")
                except Exception as error:
                    trouble.append(error)
                end.wait()

        for _ in range(count):
            threading.Thread(target=work, daemon=True).start()

        def play(times):
            turns[0] = iter(range(100 * count * times))
            start.wait()
            end.wait()
            if trouble:
                raise trouble[0]
            return 100 * count * times
        return play


class Futures:
    latencies = ()

    def __init__(self, client):
        self.client = client

    def in_flight(self, keys, count):
        """The oldest is waited for, then another one begun."""
        get, turn = self.client.get, itertools.cycle(keys)

        def play(times):
            self.latencies, under_way = [], collections.deque()

            def take():
                begun, future = under_way.popleft()
                expect(future.result() is not None, "get")
                self.latencies.append(time.perf_counter() - begun)

            for key in itertools.islice(turn, count * 3 * times):
                if len(under_way) == count:
                    take()
                under_way.append((time.perf_counter(), get(key)))
            while under_way:
                take()
            return count * 3 * times
        return play


class Aio:
    latencies = ()

    def __init__(self, client, loop):
        self.client, self.loop = client, loop
        loop.run_until_complete(client.connect())

    def _calls(self, units, one):
        async def calls(times):
            for _ in range(times):
                await one()
            return times * units
        return lambda times: self.loop.run_until_complete(calls(times))

    def get(self, keys, count):
        get, turn = self.client.get, itertools.cycle([self.client.key(key) for key in keys])
        return self._calls(1, lambda: get(next(turn)))

    def get_multi(self, keys, count):
        return self._calls(len(keys), lambda: self.client.client.get_multi(keys))

    def set_multi(self, keys, count):
        mapping = dict.fromkeys(keys, VALUE)
        return self._calls(len(keys), lambda: self.client.client.set_multi(mapping))

    def in_flight(self, keys, count):
        """So many tasks, each of which makes one call after the other."""
        get, turn = self.client.get, itertools.cycle([self.client.key(key) for key in keys])

        async def chain(key, times):
            for _ in range(times):
                begun = time.perf_counter()
                expect(await get(key) is not None, "get")
                self.latencies.append(time.perf_counter() - begun)

        async def chains(times):
            await asyncio.gather(*[chain(next(turn), times) for _ in range(count)])

        def play(times):
            self.latencies = []
            self.loop.run_until_complete(chains(3 * times))
            return count * 3 * times
        return play


class OwnAio(aio_clients.Cmemcache):
    def __init__(self, addresses):
        import cmemcache
        self.client = cmemcache.AsyncClient(addresses, timeout=60)


def _own(kind, verbs, **options):
    def make(addresses):
        import cmemcache
        return verbs(getattr(cmemcache, kind)(addresses, timeout=60, **options))
    return make


def _aio(make, uvloop=False):
    def begin(addresses):
        if uvloop:
            import uvloop as loops
        else:
            loops = asyncio
        return Aio(make(addresses), loops.new_event_loop())
    return begin


def _of_one_server(kind):
    def make(addresses):
        host, port = addresses[0].split(":")
        return kind(host, int(port))
    return make


def _pylibmc(addresses):
    import pylibmc
    client = pylibmc.Client(addresses, behaviors={"tcp_nodelay": True})
    pool = pylibmc.ThreadMappedPool(client)

    class Shared:
        @staticmethod
        def get(key):
            with pool.reserve() as own:
                return own.get(key)
    return Blocking(client, Shared)


def _libmc(addresses):
    import libmc
    return Blocking(libmc.Client(addresses), libmc.ThreadedClient(addresses))


CLIENTS = {
    "StringClient": _own("StringClient", Blocking),
    "StringClient/64": _own("StringClient", Blocking, max_connections=64),
    "Client": _own("Client", Blocking),
    "FutureClient": _own("FutureClient", Futures),
    "AsyncClient": _aio(OwnAio),
    "AsyncClient+uvloop": _aio(OwnAio, uvloop=True),
    "pylibmc": _pylibmc,
    "libmc": _libmc,
    "aiomcache": _aio(_of_one_server(aio_clients.Aiomcache)),
    "emcache": _aio(_of_one_server(aio_clients.Emcache)),
}


def measure(play, seconds):
    """Plays slices of a fifth of `seconds`: as many as fill it, or one that takes longer."""
    times, slice_ = 1, seconds / 5
    while True:
        start = time.perf_counter()
        play(times)
        took = time.perf_counter() - start
        if took * 2 >= slice_:
            break
        times = max(2 * times, min(16 * times, int(times * slice_ / took)))
    print("ready", flush=True)
    sys.stdin.readline()
    microseconds, all_units, cpu, begun = [], 0, cpu_seconds(), time.perf_counter()
    while not microseconds or time.perf_counter() - begun < seconds * 0.9:
        start = time.perf_counter()
        units = play(times)
        microseconds.append(1e6 * (time.perf_counter() - start) / units)
        all_units += units
    return {"us": statistics.median(microseconds), "client_us": 1e6 * (cpu_seconds() - cpu) / all_units, "units": all_units}


def run(name, verb, count, seconds, addresses):
    keys = keys_of("k", count if verb.endswith("_multi") else 100, 10)
    CLIENTS[name](addresses[:1])  # what is imported
    heap()  # ctypes' own
    heap_before = heap()
    client = CLIENTS[name](addresses)
    play = getattr(client, verb)(keys, count)
    forget_peak()
    before = resident("VmRSS")
    play(1)
    peak = resident("VmHWM") - before
    if verb == "get":
        play(100)  # each key once
    kept = heap() - heap_before
    figures = {**measure(play, seconds), "kept": kept, "peak": peak}
    if latencies := sorted(getattr(client, "latencies", ())):
        figures.update((f"p{part}_us", 1e6 * latencies[len(latencies) * part // 100]) for part in (50, 99))
    print(json.dumps(figures), flush=True)
    sys.stdin.read()


def main(name, verb, count, seconds, addresses):
    warnings.simplefilter("ignore")  # of libraries older than the interpreter
    try:
        run(name, verb, int(count), float(seconds), addresses.split(","))
    except ImportError as error:
        print(f"absent {error}".replace("\n", " "), flush=True)
    except Exception as error:
        print(f"failed {type(error).__name__}: {error}".replace("\n", " "), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
