"""Servers that misbehave, met by futures: the deadline, the error and its text, and the right answers afterwards."""

import concurrent.futures as cf
import re
import threading
import time

import pytest

import cmemcache
from support import verbs
from support.broken_answers import BROKEN, GROUP
from support.scripted_server import (ScriptedServer, UnansweredPort, close, drip, echo_gets, expect, greeting, line,
                                     reset, send, wait)

TIMEOUT, SLACK = 0.3, 0.15
DURATION = re.compile(r"after \d+\.\d+ s")


@pytest.fixture
def play(make_client):
    servers = []

    def make(*scripts, **options):
        servers.append(ScriptedServer(*scripts))
        options = {"protocol": "text", "timeout": TIMEOUT, "dead_retry": 0, "profile": "raw", **options}
        return servers[-1], make_client(cmemcache.FutureClient, [servers[-1].address], **options)

    yield make
    for server in servers:
        server.close()


def told(future, verb, server):
    """The error of a call, which says where, what and how long."""
    error = future.exception(5)
    assert isinstance(error, cmemcache.Error), error
    text = str(error)
    assert text.startswith(f"{server.address}: {verb}: ") and DURATION.search(text), text
    assert error.server == server.address
    return error


class TestDeadlines:
    @pytest.mark.parametrize("protocol", ["auto", "text"])
    def test_every_verb_of_a_silent_server(self, play, protocol):
        """All at once, and one deadline for each from its own beginning. What is not sent when the server is given up
        hears of that."""
        server, fc = play([], protocol=protocol)
        start = time.monotonic()
        asked = {v.name: v.call(fc, "k") for v in verbs.ALL + verbs.WHOLE_SERVER}
        assert not cf.wait(asked.values(), TIMEOUT + SLACK).not_done
        assert time.monotonic() - start >= TIMEOUT * 0.9
        assert isinstance(told(asked["get"], "get", server), cmemcache.ServerTimeout)
        for future in asked.values():
            assert isinstance(future.exception(), (cmemcache.ServerTimeout, cmemcache.ServerDown))
            assert server.address in str(future.exception())
        assert fc.counters()[server.address]["marked_dead"] == 1

    def test_each_verb_alone(self, play):
        start = time.monotonic()
        asked = []
        for verb in verbs.ALL + verbs.WHOLE_SERVER:
            server, fc = play([])
            asked.append((server, verb.call(fc, "k")))
        for server, future in asked:
            error = future.exception(TIMEOUT + SLACK)
            assert isinstance(error, cmemcache.ServerTimeout)
            assert server.address in str(error) and DURATION.search(str(error))
        assert time.monotonic() - start >= TIMEOUT * 0.9

    @pytest.mark.parametrize("reply", [[send(b"VALUE k 0 100000\r\n"), drip(b"x" * 100, 0.02)],
                                       [drip(b"VALUE k 0 5\r\nhello\r\nEND\r\n", 0.05)]], ids=["endless", "dripping"])
    def test_slow_answers(self, play, reply):
        server, fc = play([line(), *reply])
        start = time.monotonic()
        assert isinstance(told(fc.get("k"), "get", server), cmemcache.ServerTimeout)
        assert TIMEOUT * 0.9 <= time.monotonic() - start <= TIMEOUT + SLACK

    def test_connecting(self, make_client):
        with UnansweredPort() as hole:
            fc = make_client(cmemcache.FutureClient, [hole.address], connect_timeout=0.1, timeout=2)
            start = time.monotonic()
            assert isinstance(told(fc.get("k"), "get", hole), (cmemcache.ServerDown, cmemcache.ServerTimeout))
            assert time.monotonic() - start <= 0.1 + SLACK and fc.counters()[hole.address]["marked_dead"] == 1

    def test_a_late_answer_is_nobodys(self, play):
        server, fc = play([line(), wait(TIMEOUT + 0.1), send(b"VALUE alice 0 5\r\nalice\r\nEND\r\n"), echo_gets()],
                          [echo_gets()])
        assert isinstance(told(fc.get("alice"), "get", server), cmemcache.ServerTimeout)
        for name in ("bob", "alice") * 10:
            assert fc.get(name).result(5) == name.encode()
            time.sleep(0.01)

    def test_a_paused_memcached(self, own_memcached, make_client):
        fc = make_client(cmemcache.FutureClient, [own_memcached.address], timeout=TIMEOUT, dead_retry=0)
        assert fc.set_multi({f"k{i}": i for i in range(50)}).result(5) == []
        own_memcached.pause()
        asked = [fc.get(f"k{i}") for i in range(50)] + [fc.set("large", b"x" * 1_000_000)]
        assert {type(f.exception(TIMEOUT + SLACK)) for f in asked} == {cmemcache.ServerTimeout}
        own_memcached.resume()
        assert [fc.get(f"k{i}").result(5) for i in range(50)] == list(range(50))


class TestStores:
    @pytest.mark.parametrize("verb, args", [("set", (b"v",)), ("incr", ()), ("append", (b"v",)), ("delete", ())])
    def test_in_doubt(self, play, verb, args):
        """The server took it and left without a word: it is sent once, or says that it may have happened."""
        warm = [greeting(), expect(b"get warm\r\n"), send(b"END\r\n")]
        server, fc = play([*warm, line(), close()], [greeting(), reset()], protocol="auto")
        assert fc.get("warm").result(5) is None
        error = told(getattr(fc, verb)("k", *args), verb, server)
        assert isinstance(error, cmemcache.ServerDown)
        if verb in ("incr", "append"):
            assert b"".join(server.received).count(verb.encode()) == 1
            assert "it may have been carried out" in str(error)

    @pytest.mark.parametrize("reply, error", [
        (b"BANANA\r\n", cmemcache.ProtocolError), (b"ERROR\r\n", cmemcache.ProtocolError),
        (b"SERVER_ERROR out of memory\r\n", cmemcache.Error),
        (b"SERVER_ERROR object too large for cache\r\n", cmemcache.Error)])
    def test_odd_answers(self, play, reply, error):
        server, fc = play([line(), line(), send(reply), echo_gets()], [echo_gets()])
        got = fc.set("k", b"v").exception(5)
        assert isinstance(got, error) and server.address in str(got)
        assert reply.split(b" ", 1)[-1].strip().decode() in str(got)
        assert fc.get("k").result(5) == b"k"

    def test_too_large_for_the_server(self, memcached_factory, make_client):
        server = memcached_factory("-I", "1m")
        fc = make_client(cmemcache.FutureClient, [server.address], timeout=5, server_max_value_length=0)
        large = b"x" * 2_000_000
        first, second = fc.set("k", b"v"), fc.set("large", large)
        bulk, last = fc.set_multi({"a": 1, "b": large, "c": 2}), fc.get("k")
        assert first.result(5) and last.result(5) == b"v"
        assert isinstance(second.exception(5), cmemcache.ValueTooLarge)
        assert server.address in str(second.exception())
        assert isinstance(bulk.exception(5), cmemcache.ValueTooLarge)
        assert fc.get_multi(["a", "b", "c"]).result(5) == {"a": 1, "c": 2}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_answers(play, name):
    """Several are asked at once, on one connection: nobody gets another's answer, and everybody an end."""
    good = [expect(b"get first\r\n"), send(b"VALUE first 0 5\r\nfirst\r\nEND\r\n")]
    server, fc = play([*good, line(), *BROKEN[name]], [echo_gets()], timeout=0.15)
    assert fc.get("first").result(5) == b"first"
    asked = {k: fc.get(k) for k in ("asked", "second", "third")}
    for k, future in asked.items():
        error = future.exception(5)
        if error:
            assert server.address in str(error)
        else:  # a further END is a miss, as far as anybody can tell
            assert future.result() in ((None, k.encode()) if GROUP[name] in ("more", "later") else (k.encode(),))
    time.sleep(0.03 if GROUP[name] == "later" else 0)
    for _ in range(2):  # a connection that says nothing is given up a while after the first who waited there in vain
        if isinstance(fc.get("next").exception(5), cmemcache.ServerTimeout):
            time.sleep(0.02)
    for k in ("next", "asked", "first"):
        assert fc.get(k).result(5) == k.encode()
    assert fc.get_multi(["x", "y"]).result(5) == {"x": b"x", "y": b"y"}


class TestRestart:
    def test_between_calls(self, own_memcached, make_client):
        fc = make_client(cmemcache.FutureClient, [own_memcached.address], timeout=5)
        for number in range(5):
            assert fc.set("k", number).result(5) and fc.get("k").result(5) == number
            own_memcached.restart()
            assert fc.get("k").result(5) is None
        assert fc.counters()[own_memcached.address]["marked_dead"] == 0

    def test_under_load(self, own_memcached, make_client):
        fc = make_client(cmemcache.FutureClient, [own_memcached.address], timeout=1, dead_retry=0)
        stop, wrong, good = threading.Event(), [], [0]

        def work(name):
            while not stop.is_set():
                asked = [(k, fc.set(k, k), fc.get(k)) for k in (f"{name}-{n}" for n in range(20))]
                for k, stored, got in asked:
                    if not isinstance(stored.exception(5), (cmemcache.Error, type(None))):
                        wrong.append(stored)
                    if got.exception(5) is None and got.result() not in (None, k):
                        wrong.append(got)
                    good[0] += got.exception() is None

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        [t.start() for t in threads]
        for _ in range(5):
            time.sleep(0.05)
            own_memcached.restart()
        stop.set()
        [t.join(10) for t in threads]
        assert not wrong and good[0] > 100
        assert fc.set("after", 1).result(5) and fc.counters()[own_memcached.address]["in_flight"] == 0


def test_as_misses(play):
    """errors="miss": the result is what a blocking client has, and what it was is told."""
    errors = []
    server, fc = play([], errors="miss", on_error=errors.append, timeout=0.1)
    asked = {verb: verb.call(fc, "k") for verb in verbs.ALL}
    assert all(future.result(5) == verb.in_trouble("k") for verb, future in asked.items())
    assert {type(e) for e in errors} == {cmemcache.ServerTimeout} and len(errors) == len(asked)
    assert fc.last_error in errors and fc.client.last_error is fc.last_error
    assert fc.get("k", "default").result(5) == "default" and fc.get_stats().result(5) == []
    assert fc.counters()[server.address]["timeouts"] >= len(asked)


def test_dead_for_a_while(play):
    server, fc = play([], [echo_gets()], dead_retry=0.2, timeout=0.1)
    assert isinstance(told(fc.get("k"), "get", server), cmemcache.ServerTimeout)
    error = fc.get("k").exception(5)
    assert isinstance(error, cmemcache.ServerDown) and "marked dead" in str(error) and server.address in str(error)
    time.sleep(0.2)
    assert fc.get("k").result(5) == b"k"
