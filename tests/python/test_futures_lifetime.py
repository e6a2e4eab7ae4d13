"""Futures and the end: of their client, closed or let go; of the interpreter; and what a forked child has of them."""

import concurrent.futures as cf
import gc
import os
import signal
import threading
import time
import weakref

import pytest

import cmemcache
from support.processes import comes_to, held, held_at_rest, run
from support.scripted_server import ScriptedServer

MAKES = {"FutureClient": cmemcache.FutureClient, "client.futures": lambda *a, **k: cmemcache.Client(*a, **k).futures,
         "StringClient.futures": lambda *a, **k: cmemcache.StringClient(*a, **k).futures}


@pytest.fixture(params=MAKES)
def make(request):
    return MAKES[request.param]


@pytest.fixture
def silent():
    """A server that takes everything and answers nothing."""
    with ScriptedServer([]) as server:
        yield server


@pytest.fixture
def baseline(memcached):
    return held_at_rest()


def in_flight(fc, server):
    """One that was sent, and some behind it."""
    asked = [fc.get("first"), fc.set("k", b"x" * 100_000), fc.get_multi(["a", "b"]), fc.version()]
    assert server.wait_received(len(b"version\r\n"))
    return asked


def assert_closed(asked):
    start = time.monotonic()
    for future in asked:
        assert isinstance(future.exception(2), cmemcache.ClosedError)
    assert time.monotonic() - start < 0.5


class TestEndsOfAClient:
    ENDS = {"closed": lambda h: h[0].close(), "its client closed": lambda h: h[0].client.close(),
            "left by with": lambda h: h[0].__exit__(None, None, None), "let go": lambda h: h.clear()}

    @pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
    def test_what_is_in_flight_is_told(self, make, silent, end):
        before = held_at_rest()
        holder = [make([silent.address], timeout=10)]
        asked = in_flight(holder[0], silent)
        start = time.monotonic()
        end(holder)
        assert time.monotonic() - start < 0.5
        assert_closed(asked)
        assert comes_to(held, before)  # the server's side of the connection takes a moment

    def test_in_a_cycle(self, silent):
        client = cmemcache.Client([silent.address], timeout=10, on_error=lambda e: client)
        client.me, client.mine = client, client.futures
        asked, gone = in_flight(client.futures, silent), weakref.ref(client)
        del client
        gc.collect()
        assert gone() is None
        assert_closed(asked)

    def test_a_subclass_that_does_not_say_that_it_goes(self, silent):
        class Sub(cmemcache.Client):
            def __del__(self):
                pass

        client = Sub([silent.address], timeout=10)
        asked = in_flight(client.futures, silent)
        del client
        assert_closed(asked)

    def test_of_its_own_it_is_closed_for_good(self, memcached):
        fc = cmemcache.FutureClient([memcached.address])
        fc.close()
        fc.close()
        assert isinstance(fc.get("k").exception(0), cmemcache.ClosedError)

    def test_that_of_a_client_begins_anew(self, client, baseline, key):
        for _ in range(3):
            assert client.futures.set(key, 1).result(5) and client.futures.get(key).result(5) == 1
            client.futures.close()
        assert held()[1:] == baseline[1:] and client.get(key) == 1

    def test_fifty_lives(self, make, memcached, baseline, key):
        for number in range(50):
            fc = make([memcached.address])
            asked = [fc.set(key, b"v"), fc.get(key), fc.get_slabs()]
            if number % 2:
                fc.close()
            del fc
            for future in asked:
                assert future.exception(5) is None or isinstance(future.exception(), cmemcache.ClosedError)
        gc.collect()
        assert held() == baseline

    @pytest.mark.parametrize("end", ["let go", "closed"])
    def test_from_a_callback(self, make, memcached, baseline, end):
        """On the client's own thread, with more to be delivered there."""
        for _ in range(20):
            holder = [make([memcached.address])]
            asked = [holder[0].get("k") for _ in range(50)]
            asked[10].add_done_callback(lambda f: holder.clear() if end == "let go" else holder[0].close())
            for future in asked:
                assert future.exception(5) is None or isinstance(future.exception(), cmemcache.ClosedError)
        holder.clear()
        assert comes_to(held, baseline)

    def test_a_callback_that_begins_anew_while_it_is_closed(self, silent):
        fc = cmemcache.FutureClient([silent.address], timeout=10)
        again, asked = [], in_flight(fc, silent)
        asked[0].add_done_callback(lambda f: again.append(fc.get("again")))
        fc.close()
        assert_closed(asked)
        assert_closed(again)

    def test_while_others_ask_and_cancel(self, memcached):
        """Whoever looks after a call at that moment must not be the one that waits for the thread, holding the GIL."""
        def use(fc):
            for _ in range(20):
                future = fc.get("k")
                asked.append(future)
                if len(asked) % 3 == 0:
                    future.cancel()

        for _ in range(60):
            client, asked = cmemcache.Client([memcached.address]), []
            users = [threading.Thread(target=use, args=(client.futures,)) for _ in range(3)]
            [u.start() for u in users]
            client.close()
            [u.join(10) for u in users]
            assert not any(u.is_alive() for u in users)
            assert not cf.wait(asked, 5).not_done
            errors = {type(f.exception()) for f in asked if not f.cancelled()}
            assert errors <= {type(None), cmemcache.ClosedError}

    def test_a_lock_that_a_callback_wants(self, memcached, baseline):
        """Who lets go of the client holds it: after a while the thread is left to end by itself."""
        lock, begun = threading.Lock(), threading.Event()

        def callback(future):
            begun.set()
            with lock:
                pass

        fc = cmemcache.FutureClient([memcached.address])
        start = time.monotonic()
        with lock:
            fc.version().add_done_callback(callback)
            assert begun.wait(5)
            del fc
        assert 1 < time.monotonic() - start < 6
        assert comes_to(held, baseline)

    @pytest.mark.parametrize("kind", [cmemcache.FutureClient, cmemcache.AsyncClient])
    def test_before_its_beginning(self, kind):
        """An __init__ that does not call ours: an exception, and no crash."""
        for call in (lambda c: c.get("k"), lambda c: c.close(), lambda c: c.get_stats()):
            with pytest.raises((RuntimeError, TypeError)):
                call(kind.__new__(kind))
        for odd in (None, 5, kind([])):
            with pytest.raises(TypeError):
                kind.of(odd)
        with pytest.raises(TypeError):
            kind.__reduce__(kind([]))


def test_no_descriptor_for_a_thread():
    run("""
        import os, resource, cmemcache
        client, held = cmemcache.Client(["127.0.0.1:1"]), []
        resource.setrlimit(resource.RLIMIT_NOFILE, (60, 60))
        try:
            while True: held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            pass
        assert "open files" in str(client.futures.get("k").exception(1))
        [os.close(fd) for fd in held]
        assert isinstance(client.futures.get("k").exception(1), cmemcache.ServerDown)
    """)


class TestSignals:
    def test_ctrl_c_while_waiting(self, silent):
        fc = cmemcache.FutureClient([silent.address], timeout=10)
        future = fc.get("k")
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        start = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            future.result()
        assert time.monotonic() - start < 1 and not future.done()
        fc.close()

    def test_the_thread_takes_none(self, memcached, make_client):
        before = set(os.listdir("/proc/self/task"))
        fc = make_client(cmemcache.FutureClient, [memcached.address])
        fc.get("k").result(5)
        (thread,) = set(os.listdir("/proc/self/task")) - before
        with open(f"/proc/self/task/{thread}/status") as status:
            blocked = int(next(line for line in status if line.startswith("SigBlk")).split()[1], 16)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGUSR1, signal.SIGCHLD):
            assert blocked >> (number - 1) & 1
