"""The Python clients of tools/growth.

A method of theirs makes a player of a verb: a function that does it `times` times and returns how many units (calls, keys or
operations) that was.
"""

import asyncio
import collections
import itertools
import threading
import time

from . import aio_clients
from .calls import expect

VALUE = b"x" * 100


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
    clients = libmc.Client(addresses), libmc.ThreadedClient(addresses)
    for client in clients:
        client.config(libmc.MC_POLL_TIMEOUT, 60_000)  # of 300 ms, which a busy machine may take
        client.config(libmc.MC_CONNECT_TIMEOUT, 10_000)
    return Blocking(*clients)


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
