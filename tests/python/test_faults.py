"""Servers that misbehave: the call ends, the process lives, and the next call gets its own answer.

Every value carries its key, so that an answer to somebody else's question cannot go unseen.
"""

import threading
import time

import pytest

import cmemcache
from support.broken_answers import BROKEN, GROUP
from support.scripted_server import (ScriptedServer, close, echo_gets, expect, greeting, line, reset, send, wait)


def play(kind, make_client, *scripts, **options):
    server = ScriptedServer(*scripts)
    options = {"protocol": "text", "timeout": 0.2, "dead_retry": 0, **options}
    return server, make_client(kind, [server.address], **options)


@pytest.mark.parametrize("name", BROKEN)
class TestBrokenGet:
    """First connection: one good answer, then the broken one. Every later connection is good."""

    def scripts(self, name):
        good = [expect(b"get first\r\n"), send(b"VALUE first 0 5\r\nfirst\r\nEND\r\n")]
        return [*good, line(), *BROKEN[name]], [echo_gets()]

    def recover(self, client, name):
        """What comes between two calls, when the connection has rested, is nobody's answer."""
        if GROUP[name] == "later":
            time.sleep(0.03)

    def test_single(self, kind, make_client, name):
        server, client = play(kind, make_client, *self.scripts(name))
        with server:
            assert client.get("first") == b"first"
            assert client.get("asked") in (None, b"asked")
            self.recover(client, name)
            for k in ("next", "asked", "first", "another"):
                assert client.get(k) == k.encode()

    def test_raising(self, kind, make_client, name):
        server, client = play(kind, make_client, *self.scripts(name), errors="raise")
        with server:
            assert client.get("first") == b"first"
            try:
                assert client.get("asked") == (None if name.startswith("a miss") else b"asked")
            except cmemcache.Error as error:
                assert server.address in str(error)
            self.recover(client, name)
            for k in ("next", "asked", "first"):
                assert client.get(k) == k.encode()

    def test_multi(self, kind, make_client, name):
        server, client = play(kind, make_client, *self.scripts(name))
        with server:
            assert client.get("first") == b"first"
            keys = ["asked", "second", "third"]
            got = client.get_multi(keys)
            assert got == {k: k.encode() for k in got} and set(got) <= set(keys)
            self.recover(client, name)
            assert client.get_multi(["next", "asked"]) == {"next": b"next", "asked": b"asked"}
            assert client.get("first") == b"first"


class TestWrongValuesNeverReachACaller:
    def test_extra_bytes_behind_an_answer(self, kind, make_client):
        """More than was asked for: the connection is not used again."""
        first = [line(), send(b"VALUE a 0 1\r\na\r\nEND\r\nVALUE b 0 5\r\nwrong\r\nEND\r\n")]
        server, client = play(kind, make_client, first, [echo_gets()])
        with server:
            assert client.get("a") in (b"a", None)
            assert client.get("b") == b"b"

    def test_extra_bytes_that_come_later(self, kind, make_client):
        """An answer nobody asked for lies in the socket when the connection is picked up again."""
        first = [line(), send(b"VALUE a 0 1\r\na\r\nEND\r\n"), wait(0.05), send(b"VALUE z 0 1\r\nz\r\nEND\r\n")]
        server, client = play(kind, make_client, first, [echo_gets()])
        with server:
            assert client.get("a") == b"a"
            time.sleep(0.1)
            assert client.get("b") in (b"b", None)
            assert client.get("c") == b"c"
            assert client.get_multi(["a", "b"]) == {"a": b"a", "b": b"b"}

    def test_a_late_answer(self, kind, make_client):
        first = [line(), wait(0.3), send(b"VALUE alice 0 5\r\nalice\r\nEND\r\n")]
        server, client = play(kind, make_client, first, [echo_gets()])
        with server:
            assert client.get("alice") is None
            for _ in range(10):
                assert client.get("bob") == b"bob"
                assert client.get("alice") == b"alice"
                time.sleep(0.03)
            assert client.get_multi(["bob", "carol"]) == {"bob": b"bob", "carol": b"carol"}

    def test_a_late_answer_to_a_store(self, kind, make_client):
        first = [line(), line(), wait(0.3), send(b"STORED\r\n")]
        server, client = play(kind, make_client, first, [line(), line(), send(b"NOT_STORED\r\n")])
        with server:
            assert client.set("a", b"a") == 0
            assert not client.add("b", b"b")

    def test_a_multi_answer_with_a_strangers_key_in_the_middle(self, kind, make_client):
        first = [line(), send(b"VALUE a 0 1\r\na\r\nVALUE x 0 1\r\nx\r\nVALUE b 0 1\r\nb\r\nEND\r\n")]
        server, client = play(kind, make_client, first, [echo_gets()])
        with server:
            got = client.get_multi(["a", "b"])
            assert got == {k: k.encode() for k in got} and set(got) <= {"a", "b"}
            assert client.get_multi(["a", "b"]) == {"a": b"a", "b": b"b"}

    def test_meta_with_a_wrong_opaque(self, kind, make_client):
        def script(reply):
            return [line(), line(), send(reply)]
        known = [expect(b"version\r\n"), send(b"VERSION 1.6.18\r\n")]
        server, client = play(kind, make_client, [greeting(b"1.6.18"), *script(b"HD O4294967290\r\n")],
                              [*known, *script(b"BANANA\r\n")], protocol="auto", errors="raise")
        with server:
            for _ in range(2):
                with pytest.raises(cmemcache.ProtocolError, match=server.address):
                    client.set("a", b"a")

    @pytest.mark.parametrize("version", [b"VERSION 99999999999999999999.1.2\r\n", b"VERSION \r\n", b"VERSION x\r\n",
                                         b"ERROR\r\n", b"BANANA\r\n", b"\r\n", b"VERSION 1.4.39-rc1~custom build\r\n",
                                         b"VERSION 1.6.18"])
    def test_odd_greetings(self, kind, make_client, version):
        server, client = play(kind, make_client, [expect(b"version\r\n"), send(version), echo_gets()], protocol="auto")
        with server:
            assert client.get("k") in (None, b"k")
            assert client.get_multi(["k", "l"]) in ({}, {"k": b"k", "l": b"l"})


class TestStoresThatGoWrong:
    @pytest.mark.parametrize("reply", [b"BANANA\r\n", b"DELETED\r\n", b"VALUE k 0 1\r\nx\r\nEND\r\n", b"\r\n",
                                       b"ERROR\r\n", b"STORED",
                                       b"SERVER_ERROR out of memory storing object\r\n"], ids=repr)
    def test_single(self, kind, make_client, reply):
        server, client = play(kind, make_client, [line(), line(), send(reply)], [echo_gets()])
        with server:
            assert client.set("k", b"v") == 0
            assert isinstance(client.last_error, cmemcache.Error)
            client.disconnect_all()
            assert client.get("k") == b"k"

    @pytest.mark.parametrize("verb, request_line", [("incr", b"incr n 1\r\n"), ("append", b"append n 0 0 1\r\n")])
    def test_not_sent_again_when_it_may_have_been_done(self, kind, make_client, verb, request_line):
        """The server took the command and left without a word: doing it twice would be wrong."""
        script = [expect(b"get warm\r\n"), send(b"END\r\n"), line(), close()]
        server, client = play(kind, make_client, script, [])
        with server:
            assert client.get("warm") is None
            getattr(client, verb)("n", *([b"x"] if verb == "append" else []))
            assert b"".join(server.received).count(request_line) == 1
            assert isinstance(client.last_error, cmemcache.Error)

    def test_a_get_is_sent_again_once(self, kind, make_client):
        """The connection was closed under it, unanswered: the caller should not notice."""
        script = [expect(b"get warm\r\n"), send(b"END\r\n"), line(), close()]
        server, client = play(kind, make_client, script, [echo_gets()], errors="raise")
        with server:
            assert client.get("warm") is None
            assert client.get("k") == b"k"
            assert len(server.connections) == 2

    def test_once_only(self, kind, make_client):
        script = [expect(b"get warm\r\n"), send(b"END\r\n"), line(), close()]
        server, client = play(kind, make_client, script, [line(), close()])
        with server:
            assert client.get("warm") is None
            assert client.get("k") is None
            assert len(server.connections) <= 3

    def test_set_multi_cut_off_in_the_middle(self, kind, make_client):
        """Two of three were acknowledged: the third, at least, is named."""
        stores = [step for _ in range(3) for step in (line(), line())]
        server, client = play(kind, make_client, [*stores, send(b"STORED\r\nSTORED\r\n"), reset()], [echo_gets()])
        with server:
            failed = client.set_multi({"a": b"a", "b": b"b", "c": b"c"})
            assert "c" in failed and set(failed) <= {"a", "b", "c"}
            assert client.get("a") == b"a"


class TestRealServer:
    def test_killed_in_the_middle_of_large_answers(self, kind, make_client, memcached_factory):
        """Whatever comes back is whole and its own."""
        server = memcached_factory("-m", "200")
        client = make_client(kind, [server.address], timeout=2, dead_retry=0)
        pairs = {f"k{i}": f"k{i}|".encode() * 50_000 for i in range(20)}
        for round_ in range(3):
            assert client.set_multi(pairs) == []
            killer = threading.Timer(0.003 * (round_ + 1), server.kill)
            killer.start()
            for _ in range(3):
                got = client.get_multi(pairs)
                assert got == {k: pairs[k] for k in got}
            killer.join()
            assert client.get_multi(pairs) == {}
            server.start()

    def test_restarted_again_and_again_under_load(self, kind, make_client, own_memcached):
        client = make_client(kind, [own_memcached.address], dead_retry=0)
        for round_ in range(10):
            for i in range(20):
                k = f"k{i}"
                assert client.set(k, f"{k}/{round_}".encode())
                assert client.get(k) == f"{k}/{round_}".encode()
            own_memcached.restart()
            assert client.get("k0") is None

    def test_too_many_connections(self, make_client, memcached_factory):
        server = memcached_factory("-c", "20")
        clients = [make_client(cmemcache.Client, [server.address], timeout=0.5, dead_retry=0) for _ in range(30)]
        for n, client in enumerate(clients):
            assert client.set(f"k{n}", n) in (0, 1, True, False)
        for n, client in enumerate(clients):
            assert client.get(f"k{n}") in (None, n)
            client.close()
        with cmemcache.Client([server.address], timeout=2, dead_retry=0) as client:
            assert client.set("k", 1) in (0, True)
