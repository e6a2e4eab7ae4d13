"""Healthy servers are not harmed: one of three stands still, and calls to the others run as before."""

import asyncio
import contextlib
import statistics
import threading
import time

import pytest

import cmemcache
from support.calling_styles import STYLES, Futures, Style

STALL = {"timeout": 0.2, "dead_retry": 60}


def keys_on(client, address, count=50):
    found = (k for k in (f"k{n}" for n in range(10_000)) if client.server_for(k) == address)
    return [next(found) for _ in range(count)]


@contextlib.contextmanager
def paused(server):
    server.pause()
    try:
        yield
    finally:
        server.resume()


def run_threads(work, count=8):
    failed = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(n,)) for n in range(count)]
    [t.start() for t in threads]
    return threads, failed


def ended(threads, failed):
    [t.join(20) for t in threads]
    assert not failed and not any(t.is_alive() for t in threads)


def rate_of_threads(front, keys, seconds=0.5):
    """(median latency, calls per second) of eight threads; each call is answered, rightly."""
    took, end = [], time.monotonic() + seconds

    def work(number):
        n = number
        while (start := time.monotonic()) < end:
            k = keys[n % len(keys)]
            assert front.get(k) == k.encode()
            took.append(time.monotonic() - start)
            n += 1

    ended(*run_threads(work))
    return statistics.median(took), len(took) / seconds


async def rate_of_tasks(front, keys, seconds=0.5):
    took, end = [], time.monotonic() + seconds

    async def work(number):
        n = number
        while (start := time.monotonic()) < end:
            k = keys[n % len(keys)]
            assert await front.get(k) == k.encode()
            took.append(time.monotonic() - start)
            n += 1

    await asyncio.gather(*(work(n) for n in range(8)))
    return statistics.median(took), len(took) / seconds


def hold(before, after):
    assert after[0] <= 3 * before[0] + 0.0005 and after[1] >= before[1] / 3, (before, after)


class Three:
    """A client over three servers, the first of which will stand still; `good` are keys of the two others."""

    def __init__(self, servers, client):
        self.bad_server, self.client = servers[0], client
        addresses = [s.address for s in servers]
        self.bad = keys_on(client, addresses[0])
        self.good = keys_on(client, addresses[1]) + keys_on(client, addresses[2])
        assert client.set_multi({k: k.encode() for k in self.good + self.bad}) == []


@pytest.fixture
def three(three_servers, make_client):
    return lambda kind=cmemcache.Client, **options: Three(
        three_servers, make_client(kind, [s.address for s in three_servers], **options))


class TestCallsToTheOthersOnly:
    """While calls to the one that stands still wait for it."""

    @pytest.mark.parametrize("wrap", [lambda c: Style(c, c, False), lambda c: Futures(c, c.futures, True)],
                             ids=["blocking", "futures"])
    def test_threads(self, three, wrap):
        it = three(timeout=30)
        front = wrap(it.client)
        before = rate_of_threads(front, it.good)
        with paused(it.bad_server):
            answers = []  # of more calls than there are connections
            waiting = run_threads(lambda n: answers.append(front.get(it.bad[n]) == it.bad[n].encode()), 10)
            time.sleep(0.05)
            after = rate_of_threads(front, it.good)
            assert not answers
        ended(*waiting)
        hold(before, after)
        assert answers == [True] * 10
        assert it.client.counters()[it.bad_server.address]["marked_dead"] == 0

    def test_tasks(self, three):
        it = three(timeout=30)

        async def main():
            before = await rate_of_tasks(it.client.aio, it.good)
            with paused(it.bad_server):
                waiting = [asyncio.ensure_future(it.client.aio.get(k)) for k in it.bad]
                await asyncio.sleep(0.05)
                after = await rate_of_tasks(it.client.aio, it.good)
            hold(before, after)
            assert await asyncio.gather(*waiting) == [k.encode() for k in it.bad]

        asyncio.run(main())


def until_dead(call, it):
    """One call runs out its deadline on it."""
    with contextlib.suppress(cmemcache.Error):
        call(it.bad[0])
    assert it.client.counters()[it.bad_server.address]["marked_dead"] == 1


@pytest.mark.parametrize("name", STYLES)
@pytest.mark.parametrize("failover", [True, False])
def test_nobody_queues_behind_a_dead_server(three_servers, name, failover):
    """Its keys are at another server, or miss, or raise: at once, for as long as dead_retry is."""
    style = STYLES[name]([s.address for s in three_servers], failover=failover, **STALL)
    it = Three(three_servers, style)
    it.client = style.client
    with paused(it.bad_server):
        until_dead(style.get, it)
        took = []
        for k in it.bad[1:]:
            for call in (lambda: style.set(k, b"new"), lambda: style.get(k), lambda: style.get_multi([k, it.good[0]])):
                start = time.monotonic()
                try:
                    result = call()
                except cmemcache.ServerDown:
                    assert style.raises and not failover
                else:
                    assert failover or not style.raises
                    good = {it.good[0]: it.good[0].encode()}
                    assert result in ((True, b"new", {k: b"new", **good}) if failover else (0, None, good))
                took.append(time.monotonic() - start)
        assert statistics.median(took) < 0.003 and sorted(took)[len(took) * 9 // 10] < 0.01
        assert style.client.counters()[it.bad_server.address]["marked_dead"] == 1
    style.close()


class TestKeysOfAllThree:
    """Whoever calls meanwhile loses one deadline at most; then everything is quick."""

    def check(self, took, start):
        """`took` is of (begun, seconds)."""
        late = [seconds for begun, seconds in took if begun > start + 2 * STALL["timeout"] + 0.1]
        assert len(late) > 100 and statistics.median(late) < 0.01 and sorted(late)[len(late) * 99 // 100] < 0.1
        assert max(seconds for _, seconds in took) < 2 * STALL["timeout"] + 1

    @pytest.mark.parametrize("wrap", [lambda c: Style(c, c, False), lambda c: Futures(c, c.futures, True)],
                             ids=["blocking", "futures"])
    def test_threads(self, three, wrap):
        it = three(**STALL)
        front, took, keys = wrap(it.client), [], it.good + it.bad
        with paused(it.bad_server):
            start = time.monotonic()

            def work(number):
                n = number * 7
                while (begun := time.monotonic()) < start + 1:
                    k = keys[n % len(keys)]
                    with contextlib.suppress(cmemcache.Error):
                        assert front.get(k) in (k.encode(), None)
                    took.append((begun, time.monotonic() - begun))
                    n += 1

            ended(*run_threads(work))
        self.check(took, start)

    def test_tasks(self, three):
        it = three(**STALL)
        took, keys = [], it.good + it.bad

        async def work(number, start):
            n = number * 7
            while (begun := time.monotonic()) < start + 1:
                k = keys[n % len(keys)]
                with contextlib.suppress(cmemcache.Error):
                    assert await it.client.aio.get(k) in (k.encode(), None)
                took.append((begun, time.monotonic() - begun))
                n += 1

        async def main():
            start = time.monotonic()
            await asyncio.gather(*(work(n, start) for n in range(8)))
            self.check(took, start)

        with paused(it.bad_server):
            asyncio.run(main())


def test_who_waited_for_the_only_connection_goes_elsewhere(kind, three):
    """max_connections=1: the first call runs out its deadline; those behind it begin late, have time left, and find
    another server with it."""
    it = three(kind, max_connections=1, **STALL)
    with paused(it.bad_server):
        results = {}

        def work(number):
            time.sleep(number * 0.02)
            begun = time.monotonic()
            results[number] = it.client.set(it.bad[number], b"new"), time.monotonic() - begun

        ended(*run_threads(work, 6))
        assert not results[0][0] or results[0][1] >= 0.19
        for number in range(1, 6):
            stored, seconds = results[number]
            assert stored, f"caller {number} had {number * 20} ms left"
            assert seconds <= STALL["timeout"] + 0.1
        assert it.client.get(it.bad[5]) == b"new"
        assert it.client.counters()[it.bad_server.address]["marked_dead"] == 1
