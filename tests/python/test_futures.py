"""Futures: what a concurrent.futures.Future does, cancelling, large values, and many threads at once.

Values carry their key, so that an answer to somebody else's question cannot go unseen.
"""

import asyncio
import concurrent.futures as cf
import random
import sys
import threading
import time

import pytest

import cmemcache
from support.scripted_server import ScriptedServer, UnansweredPort, echo_gets, expect, send, until

THREADS = 32


@pytest.fixture
def futures(memcached, make_client):
    return make_client(cmemcache.FutureClient, [memcached.address], timeout=10)


@pytest.fixture
def stalled(make_client):
    """A client with one `get` on the wire, whose answer comes when `stalled.go` is set; then every get is answered."""
    go = threading.Event()
    with ScriptedServer([expect(b"get first\r\n"), until(go), send(b"VALUE first 0 5\r\nfirst\r\nEND\r\n"),
                         echo_gets()], [echo_gets()]) as server:
        fc = make_client(cmemcache.FutureClient, [server.address], protocol="text", timeout=5, profile="raw")
        fc.go, fc.server, fc.first = go, server, fc.get("first")
        assert server.wait_received(len(b"get first\r\n"))
        yield fc


def counted(client, name):
    (figures,) = client.counters().values()
    return figures[name]


class TestIsAFuture:
    def test_result_and_exception(self, futures, key):
        future = futures.set(key, "v")
        assert isinstance(future, cf.Future) and future.result(5) is True and future.exception() is None
        assert future.done() and not future.running() and not future.cancelled()
        bad = futures.get("a b")
        assert isinstance(bad.exception(5), cmemcache.Client.MemcachedKeyCharacterError) and bad.done()

    def test_result_in_time(self, stalled):
        assert not stalled.first.done()
        start = time.monotonic()
        for ask in (stalled.first.result, stalled.first.exception):
            with pytest.raises(cf.TimeoutError):
                ask(0.05)
        assert time.monotonic() - start < 0.3
        stalled.go.set()
        assert stalled.first.result(5) == b"first"

    def test_wait(self, stalled):
        others = [stalled.get(f"k{i}") for i in range(5)]
        everything = [stalled.first, *others]
        assert cf.wait(everything, 0.02, cf.ALL_COMPLETED).done == set()
        bad = stalled.get("a b")
        assert cf.wait([*everything, bad], 5, cf.FIRST_COMPLETED).done == {bad}
        assert cf.wait([*everything, bad], 5, cf.FIRST_EXCEPTION).done == {bad}
        threading.Timer(0.05, stalled.go.set).start()
        assert cf.wait(everything, 5, cf.ALL_COMPLETED) == (set(everything), set())

    def test_as_completed(self, futures, key):
        asked = {futures.set(f"{key}-{i}", i): i for i in range(200)}
        assert {asked[f] for f in cf.as_completed(asked, timeout=5)} == set(range(200))
        asked = {futures.get(f"{key}-{i}"): i for i in range(200)}
        assert all(f.result() == asked[f] for f in cf.as_completed(asked, timeout=5))

    def test_wrap_future(self, futures, stalled, key):
        async def main():
            await asyncio.wrap_future(futures.set(key, "v"))
            assert await asyncio.wrap_future(futures.get(key)) == "v"
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.wrap_future(stalled.first), 0.05)

        asyncio.run(main())
        assert stalled.first.cancelled()

    def test_looked_at_or_not_while_it_is_settled(self, futures, key):
        """Few futures are waited for, and only those have a condition; who begins to wait at that very moment is told."""
        futures.set(key, "v").result(5)
        for round_ in range(20):
            asked = [futures.get(key) for _ in range(100)]
            waits = [threading.Thread(target=cf.wait, args=([f], 5)) for f in asked[round_ % 2::5]]
            [t.start() for t in waits]
            assert [f.result(5) for f in asked] == ["v"] * 100
            [t.join(5) for t in waits]
            assert not any(t.is_alive() for t in waits)
        begun = futures.get(key)
        while not begun.done():
            time.sleep(0.001)
        assert begun.result() == "v" and "_condition" not in vars(begun)
        assert begun.exception() is None and cf.wait([begun], 0).done == {begun}
        bad = futures.get("a b")
        with pytest.raises(cmemcache.Client.MemcachedKeyError):
            bad.result()

    def test_the_slab_verbs_too(self, futures):
        future = futures.get_slabs()
        assert isinstance(future, cf.Future) and future.result(5)
        with ScriptedServer([]) as silent, cmemcache.FutureClient([silent.address], timeout=5) as fc:
            future = fc.get_slab_stats()
            assert future.cancel() and cf.wait([future], 1).done == {future} and future.cancelled()


class TestCallbacks:
    def told(self, future, call):
        """What `call(future)` gives as a callback, wherever that runs."""
        got = cf.Future()

        def callback(done):
            try:
                got.set_result((call(done), threading.get_ident()))
            except BaseException as error:
                got.set_exception(error)

        future.add_done_callback(callback)
        return got.result(5)

    def test_they_run_on_one_thread_that_is_not_ours(self, stalled):
        threading.Timer(0.05, stalled.go.set).start()
        value, thread = self.told(stalled.first, lambda f: f.result())
        assert value == b"first" and thread != threading.get_ident()
        assert self.told(stalled.first, lambda f: f.result()) == (b"first", threading.get_ident())  # it was done

    def test_they_may_call_the_client(self, stalled):
        blocking = stalled.client
        threading.Timer(0.05, stalled.go.set).start()
        future, _ = self.told(stalled.first, lambda f: stalled.get(blocking.get("second").decode()))
        assert future.result(5) == b"second"

    def test_chains(self, futures, key):
        done = threading.Event()
        futures.set(key, 0).result(5)

        def again(future):
            if future.result() == 500:
                return done.set()
            futures.incr(key).add_done_callback(again)

        futures.incr(key).add_done_callback(again)
        assert done.wait(10)

    def test_one_that_raises_does_no_harm(self, stalled, caplog):
        ran = []
        stalled.first.add_done_callback(lambda f: 1 / 0)
        stalled.first.add_done_callback(lambda f: ran.append(f))
        stalled.go.set()
        assert stalled.first.result(5) == b"first" and stalled.get("next").result(5) == b"next"
        assert ran == [stalled.first] and "ZeroDivisionError" in caplog.text

    @pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
    def test_nor_does_one_that_wants_to_exit(self, stalled, monkeypatch):
        seen = []
        monkeypatch.setattr(sys, "unraisablehook", lambda info: seen.append(info.exc_type))
        stalled.first.add_done_callback(lambda f: sys.exit(3))
        stalled.go.set()
        assert stalled.first.result(5) == b"first" and stalled.get("next").result(5) == b"next"
        assert seen == [SystemExit]


class TestCancel:
    def test_before_there_is_a_connection(self, make_client):
        with UnansweredPort() as hole:
            fc = make_client(cmemcache.FutureClient, [hole.address], timeout=5, connect_timeout=5)
            asked = [fc.set("k", b"v"), fc.get_multi(["a", "b"]), fc.get_stats()]
            assert [f.cancel() for f in asked] == [True] * 3
            assert cf.wait(asked, 1).done == set(asked)
            for future in asked:
                with pytest.raises(cf.CancelledError):
                    future.result()
            assert counted(fc, "in_flight") == 0

    def test_before_it_was_sent(self, make_client):
        """The server has not said its version yet: nothing else is on the wire, and a cancelled store never is."""
        go = threading.Event()
        with ScriptedServer([expect(b"version\r\n"), until(go), send(b"VERSION 1.5.0\r\n"), echo_gets()]) as server:
            fc = make_client(cmemcache.FutureClient, [server.address], timeout=5, profile="raw")
            store, get = fc.set("k", b"x" * 100_000), fc.get("k")
            assert server.wait_received(len(b"version\r\n")) and store.cancel()
            go.set()
            assert get.result(5) == b"k"
            assert server.received == [b"version\r\nget k\r\n"] and counted(fc, "orphaned_replies") == 0

    def test_after_it_was_sent(self, stalled):
        second = stalled.get("second")
        assert stalled.first.cancel() and stalled.first.cancelled()
        assert cf.wait([stalled.first], 0).done == {stalled.first}
        stalled.go.set()
        assert second.result(5) == b"second" and stalled.get("third").result(5) == b"third"
        assert len(stalled.server.connections) == 1 and counted(stalled, "orphaned_replies") == 1

    def test_twice_and_too_late(self, stalled):
        assert stalled.first.cancel() and stalled.first.cancel()
        stalled.go.set()
        done = stalled.get("k")
        assert done.result(5) == b"k" and not done.cancel() and not done.cancelled() and done.result() == b"k"

    def test_who_waits_is_told(self, stalled):
        told = []
        waiter = threading.Thread(target=lambda: told.append(cf.wait([stalled.first], 5).done))
        waiter.start()
        stalled.first.add_done_callback(lambda f: told.append(f.cancelled()))
        time.sleep(0.02)
        assert stalled.first.cancel()
        waiter.join(1)
        assert told == [True, {stalled.first}]

    def test_with_a_callback_that_raises_what_no_one_catches(self, stalled):
        stalled.first.add_done_callback(lambda f: sys.exit(3))
        with pytest.raises(SystemExit):
            stalled.first.cancel()
        assert cf.wait([stalled.first], 1).done == {stalled.first}
        stalled.go.set()
        assert stalled.get("next").result(5) == b"next" and counted(stalled, "orphaned_replies") == 1

    def test_a_bulk_call_with_a_prefix_of_its_own(self, make_client, own_memcached):
        """Its replies are still compared with what was asked, prefix and all, and there are other calls behind it."""
        fc = make_client(cmemcache.FutureClient, [own_memcached.address], timeout=5)
        prefix, keys = "a-prefix-too-long-to-lie-in-a-string-itself:", [f"k{i}" for i in range(50)]
        assert fc.set_multi({k: k for k in keys}, key_prefix=prefix).result(5) == []
        before = counted(fc, "reconnects")
        own_memcached.pause()
        asked = [fc.get_multi(keys, key_prefix=prefix) for _ in range(20)]
        behind = fc.get(prefix + "k1")
        time.sleep(0.05)
        assert all(f.cancel() for f in asked)
        time.sleep(0.05)
        others = ["z" * len(prefix) + str(i) for i in range(1000)]  # takes the memory that was given back
        own_memcached.resume()
        assert behind.result(5) == "k1" and len(others) == 1000
        assert counted(fc, "orphaned_replies") == 20 and counted(fc, "reconnects") == before

    def test_a_large_store_that_is_half_written(self, make_client, memcached_factory, key):
        """What is left of the value is still sent, whatever has become of the object meanwhile."""
        server = memcached_factory("-I", "8m", "-m", "100")
        fc = make_client(cmemcache.FutureClient, [server.address], server_max_value_length=0, profile="raw", timeout=5)
        fc.get("warm").result(5)
        server.pause()
        value = bytearray(b"a" * 5_000_000)
        cancelled, bulk = fc.set(key, value), fc.set_multi({key + "-m": memoryview(value)})
        get = fc.get("after")
        time.sleep(0.1)
        assert cancelled.cancel() and bulk.cancel()
        time.sleep(0.05)
        value[:] = b"b" * len(value)  # nobody of ours looks at it any more
        value.clear()
        server.resume()
        assert get.result(5) is None and counted(fc, "in_flight") == 0
        assert fc.get(key).result(5) in (None, b"a" * 5_000_000)

    def test_storms(self, futures, key):
        keys = [f"{key}-{i}" for i in range(50)]
        assert futures.set_multi({k: k * 200 for k in keys}).result(5) == []
        wrong, chance = [], random.Random(7)

        def storm(rounds):
            for _ in range(rounds):
                asked = [(k, futures.get(k) if chance.random() < 0.7 else futures.get_multi([k]))
                         for k in chance.choices(keys, k=40)]
                for k, future in chance.sample(asked, 20):
                    future.cancel()
                for k, future in asked:
                    if not future.cancelled() and future.result(10) not in (k * 200, {k: k * 200}):
                        wrong.append(k)

        threads = [threading.Thread(target=storm, args=(60,)) for _ in range(4)]
        [t.start() for t in threads]
        [t.join(30) for t in threads]
        assert not wrong and counted(futures, "in_flight") == 0 and counted(futures, "orphaned_replies") > 0


def test_many_threads_on_one_client(futures, key):
    """Each has keys of its own, and values that say key and version."""
    wrong = []

    def work(number):
        mine = [f"{key}-{number}-{i}" for i in range(8)]
        for version in range(30):
            stored = [futures.set(k, (k, version, "x" * (version * 300))) for k in mine]
            asked = [futures.get(k) for k in mine]  # behind the stores, on the same connection
            many = futures.get_multi(mine)
            wrong.extend(f for f in stored if f.result(20) is not True)
            wrong.extend(k for k, f in zip(mine, asked) if f.result(20)[:2] != (k, version))
            wrong.extend(k for k, v in many.result(20).items() if v[:2] != (k, version))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
    [t.start() for t in threads]
    [t.join(60) for t in threads]
    assert not wrong and counted(futures, "connections") == 1
