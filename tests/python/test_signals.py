"""Signal handlers that raise in the middle of a call, and those that do not."""

import contextlib
import os
import signal
import threading
import time

import pytest

from support.scripted_server import ScriptedServer, UnansweredPort, drip, echo_gets, line, send, wait


class Alarm(Exception):
    pass


@contextlib.contextmanager
def alarm(after, handler=None, every=0.0):
    def raising(number, frame):
        raise Alarm

    old = signal.signal(signal.SIGALRM, handler or raising)
    signal.setitimer(signal.ITIMER_REAL, after, every)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)


CALLS = {
    "get": lambda c: c.get("alice"), "gets": lambda c: c.gets("alice"),
    "get_multi": lambda c: c.get_multi(["alice", "carol"]), "set": lambda c: c.set("alice", b"v"),
    "set_multi": lambda c: c.set_multi({"alice": b"v"}), "delete": lambda c: c.delete("alice"),
    "incr": lambda c: c.incr("alice"), "get_stats": lambda c: c.get_stats(), "flush_all": lambda c: c.flush_all(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("errors", ["miss", "raise"])
def test_a_handler_that_raises(kind, make_client, call, errors):
    """The call ends with the handler's exception, at once, and the next call gets its own answer."""
    stalled = [line(), wait(0.2), send(b"VALUE alice 0 5\r\nalice\r\nEND\r\n")]
    with ScriptedServer(stalled, [echo_gets()]) as server:
        client = make_client(kind, [server.address], protocol="text", timeout=5, errors=errors)
        start = time.monotonic()
        with pytest.raises(Alarm), alarm(0.05):
            call(client)
        assert time.monotonic() - start < 0.5
        for k in ("bob", "alice", "carol"):
            assert client.get(k) == k.encode()
        assert client.get_multi(["bob", "dave"]) == {"bob": b"bob", "dave": b"dave"}
        assert client.counters()[server.address]["marked_dead"] == 0


@pytest.mark.parametrize("reply", [[wait(2)], [drip(b"VALUE alice 0 1000\r\n" + b"a" * 1000, 0.005)]],
                         ids=["silent", "dripping"])
def test_a_signal_that_interrupts_no_wait(kind, make_client, reply):
    """One that another thread takes, or that comes between two waits: its handler is run soon all the same."""
    with ScriptedServer([line(), *reply], [echo_gets()]) as server:
        client = make_client(kind, [server.address], protocol="text", timeout=5)
        enough = threading.Event()
        other = threading.Thread(target=enough.wait)
        other.start()
        sender = threading.Timer(0.05, signal.pthread_kill, (other.ident, signal.SIGALRM))
        start = time.monotonic()
        with pytest.raises(Alarm), alarm(10):
            sender.start()
            client.get("alice")
        assert time.monotonic() - start < 0.5
        enough.set()
        other.join()
        assert client.get("bob") == b"bob"


def test_in_the_middle_of_a_value(kind, make_client):
    with ScriptedServer([line(), drip(b"VALUE alice 0 1000\r\n" + b"a" * 1000, 0.005)], [echo_gets()]) as server:
        client = make_client(kind, [server.address], protocol="text", timeout=5)
        with pytest.raises(Alarm), alarm(0.08):
            client.get("alice")
        assert client.get("bob") == b"bob"


def test_against_a_paused_memcached(kind, make_client, own_memcached):
    client = make_client(kind, [own_memcached.address], timeout=5)
    for k in ("alice", "bob"):
        client.set(k, k.encode())
    own_memcached.pause()
    for _ in range(3):
        with pytest.raises(Alarm), alarm(0.03):
            client.get("alice")
    own_memcached.resume()
    for _ in range(5):
        assert client.get("bob") == b"bob"
        assert client.get("alice") == b"alice"


def test_keyboard_interrupt(kind, make_client):
    with ScriptedServer([line()], [echo_gets()]) as server:
        client = make_client(kind, [server.address], protocol="text", timeout=5)
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            client.get("alice")
        assert client.get("bob") == b"bob"


def test_while_waiting_for_a_connection(kind, make_client):
    """max_connections=1, and another thread has it."""
    with ScriptedServer([line(), wait(0.4), send(b"END\r\n"), echo_gets()]) as server:
        client = make_client(kind, [server.address], protocol="text", timeout=5, max_connections=1)
        other = threading.Thread(target=client.get, args=("slow",))
        other.start()
        server.wait_received(len(b"get slow\r\n"))
        start = time.monotonic()
        with pytest.raises(Alarm), alarm(0.05):
            client.get("bob")
        assert time.monotonic() - start < 0.3
        other.join()
        assert client.get("bob") == b"bob"


def test_while_connecting(kind, make_client, memcached, key):
    with UnansweredPort() as hole:
        client = make_client(kind, [hole.address], timeout=5, connect_timeout=5)
        start = time.monotonic()
        with pytest.raises(Alarm), alarm(0.05):
            client.get("k")
        assert time.monotonic() - start < 0.5
        client.set_servers([memcached.address])
        assert client.set(key, b"v") and client.get(key) == b"v"


def test_a_handler_that_does_not_raise(kind, make_client):
    """The call goes on to its answer."""
    seen = []
    with ScriptedServer([line(), wait(0.2), send(b"VALUE k 0 1\r\nk\r\nEND\r\n")]) as server:
        client = make_client(kind, [server.address], protocol="text", timeout=5)
        with alarm(0.02, lambda number, frame: seen.append(number), every=0.02):
            assert client.get("k") == b"k"
        assert len(seen) >= 4


def test_and_does_not_lengthen_the_deadline(kind, make_client):
    with ScriptedServer([]) as server:
        client = make_client(kind, [server.address], protocol="text", timeout=0.2)
        start = time.monotonic()
        with alarm(0.01, lambda number, frame: None, every=0.01):
            assert client.get("k") is None
        assert 0.18 <= time.monotonic() - start < 0.3


def test_a_handler_that_uses_the_same_client(kind, make_client, memcached, key):
    with ScriptedServer([line(), wait(0.15), send(b"VALUE k 0 1\r\nk\r\nEND\r\n")], [echo_gets()]) as server:
        client = make_client(kind, [server.address], protocol="text", timeout=5)
        got = []
        with alarm(0.03, lambda number, frame: got.append(client.get("inner"))):
            assert client.get("k") == b"k"
        assert got == [b"inner"]


def test_many_alarms_at_random(kind, make_client, memcached, key):
    """Wherever the exception strikes, no later call sees another's answer."""
    client = make_client(kind, [memcached.address])
    keys = [f"{key}-{i}" for i in range(20)]
    assert client.set_multi({k: k.encode() for k in keys}) == []
    interrupted = 0
    for number in range(150):
        try:
            with alarm(0.0001 + number % 30 * 0.00003):
                while True:
                    for k in keys:
                        if (got := client.get(k)) != k.encode():
                            pytest.fail(f"{k} got {got!r}")
                    if (many := client.get_multi(keys)) != {k: k.encode() for k in keys}:
                        pytest.fail(f"{many!r}")
        except Alarm:
            interrupted += 1
        assert client.get(keys[number % 20]) == keys[number % 20].encode()
    assert interrupted == 150
    assert client.counters()[memcached.address]["in_flight"] == 0
