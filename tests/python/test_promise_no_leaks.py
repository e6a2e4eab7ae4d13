"""Nothing leaks: thousands of calls that meet faults leave no descriptor, no thread, no memory and no object behind."""

import asyncio
import contextlib
import gc
import os
import sys

import pytest

import cmemcache
from support.processes import held_at_rest

OPTIONS = {"timeout": 0.01, "connect_timeout": 0.01, "dead_retry": 0, "profile": "raw"}
# Calls under each; those that cost a deadline are few. Ten thousand in all.
CYCLES = {"close": 2000, "reset": 2000, "garbage": 1500, "wrong_key": 1000, "huge_length": 1000, "missing_end": 100,
          "duplicate": 1000, "extra": 600, "refuse": 600, "swallow": 100, "stall": 100, "unanswered": 50}
GROWTH = 2 * 1024 * 1024
TOGETHER = 10


def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Balance:
    """What there is at the beginning must be there at the end, and no more."""

    def __init__(self, shared):
        self.shared = list(shared)
        gc.collect()
        self.descriptors_and_threads = held_at_rest(), len(os.listdir("/proc/self/fd"))
        self.references = self._references()
        self.objects = len(gc.get_objects())
        self.memory = resident()

    def _references(self):
        return [sys.getrefcount(object) for object in self.shared]

    def holds(self):
        gc.collect()
        assert (held_at_rest(), len(os.listdir("/proc/self/fd"))) == self.descriptors_and_threads
        assert self._references() == self.references
        assert abs(len(gc.get_objects()) - self.objects) < 50
        assert resident() - self.memory < GROWTH, f"{(resident() - self.memory) / 1024:.0f} KiB more"


class Shared:
    """The objects that all calls are given: none may be kept. Large enough that no small cache hides them."""

    def __init__(self):
        self.key, self.value, self.default = "a-key-of-the-calls", b"a value" * 1000, object()
        self.keys, self.pairs = [self.key, "b", "c"], {self.key: self.value, "b": b"v"}

    def __iter__(self):
        return iter((self.key, self.value, self.default, self.keys, self.pairs))

    def calls(self, front):
        """One after the other, for ever."""
        while True:
            yield lambda: front.set(self.key, self.value)
            yield lambda: front.get(self.key, self.default)
            yield lambda: front.get_multi(self.keys)
            yield lambda: front.set_multi(self.pairs)
            yield lambda: front.get_with_cas(self.key)
            yield lambda: front.incr(self.key)


@pytest.fixture
def cycles(own_memcached, fault_proxy):
    """Runs `some(count)` under each fault in turn: first a little, to warm up, then all, with the balance held. `every`
    third reply for calls that are not alone: a server whose every reply is spoiled is seldom tried again by those."""
    proxy = fault_proxy(own_memcached)

    def under_faults(some, share, every):
        for fault, count in CYCLES.items():
            proxy.fault(fault, every=every)
            some(max(1, int(count * share)))
            proxy.clear()
            some(2)

    def run(some, shared, at_rest, every=1):
        under_faults(some, 0.15, every)
        at_rest()
        balance = Balance(shared)
        under_faults(some, 1, every)
        at_rest()
        balance.holds()
        assert proxy.stats()["faults"] > 1000

    return proxy, run


def settle(front):
    """A call that is answered, so that what is open is the same each time. Its orphans are over by then."""
    for _ in range(200):
        with contextlib.suppress(cmemcache.Error):
            if front.set("settled", b"v"):
                break
    front.disconnect_all()


def test_blocking(cycles, make_client):
    """Two clients in turn: one raises, one tells."""
    proxy, run = cycles
    shared = Shared()
    clients = [make_client(cmemcache.Client, [proxy.address], errors=errors, on_error=lambda error: None, **OPTIONS)
               for errors in ("miss", "raise")]
    calls = [shared.calls(client) for client in clients]

    def some(count):
        for n in range(count):
            with contextlib.suppress(cmemcache.Error, ValueError):
                next(calls[n % 2])()

    run(some, shared, lambda: [settle(client) for client in clients])


def test_futures(cycles, make_client):
    proxy, run = cycles
    shared = Shared()
    front = make_client(cmemcache.FutureClient, [proxy.address], **OPTIONS)
    calls = shared.calls(front)

    def some(count):
        for _ in range(0, count, TOGETHER):
            asked = [next(calls)() for _ in range(TOGETHER)]
            for future in asked:
                future.exception(5)

    def at_rest():
        for _ in range(200):
            if front.set("settled", b"v").exception(5) is None:
                break
        front.disconnect_all()

    run(some, shared, at_rest, every=3)


def test_asyncio(cycles):
    proxy, run = cycles
    shared = Shared()
    loop = asyncio.new_event_loop()
    front = cmemcache.AsyncClient([proxy.address], **OPTIONS)
    calls = shared.calls(front)

    async def some(count):
        for _ in range(0, count, TOGETHER):
            await asyncio.gather(*(next(calls)() for _ in range(TOGETHER)), return_exceptions=True)

    async def at_rest():
        for _ in range(200):
            if (await asyncio.gather(front.set("settled", b"v"), return_exceptions=True))[0] is True:
                break
        front.disconnect_all()
        await asyncio.sleep(0.05)

    run(lambda count: loop.run_until_complete(some(count)), shared, lambda: loop.run_until_complete(at_rest()), every=3)
    front.close()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
