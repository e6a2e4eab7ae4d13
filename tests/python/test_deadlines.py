"""One deadline for the whole call, whatever the server does."""

import threading
import time

import pytest

import cmemcache
from support import verbs
from support.scripted_server import (ScriptedServer, UnansweredPort, close, drip, echo_gets, expect, greeting, line,
                                     send, wait)

TIMEOUT = 0.15
SLACK = 0.1


class Stopwatch:
    def __enter__(self):
        self.start = time.monotonic()
        return self

    def __exit__(self, *exc):
        self.took = time.monotonic() - self.start


def in_time(call, at_least=TIMEOUT * 0.9, timeout=TIMEOUT):
    with Stopwatch() as watch:
        result = call()
    assert at_least <= watch.took <= timeout + SLACK
    return result


@pytest.mark.parametrize("protocol", ["auto", "text"])
class TestNeverAnswering:
    @pytest.mark.parametrize("verb", verbs.ALL, ids=verbs.name)
    def test_every_verb(self, make_client, protocol, verb):
        with ScriptedServer([]) as server:
            client = make_client(cmemcache.Client, [server.address], protocol=protocol, timeout=0.08)
            assert in_time(lambda: verb.call(client, "k"), 0.07, 0.08) == verb.in_trouble("k")
            assert isinstance(client.last_error, cmemcache.ServerTimeout)

    @pytest.mark.parametrize("verb", verbs.WHOLE_SERVER, ids=verbs.name)
    def test_whole_server(self, make_client, protocol, verb):
        with ScriptedServer([]) as server:
            client = make_client(cmemcache.Client, [server.address], protocol=protocol, timeout=0.08)
            in_time(lambda: verb.call(client, None), 0.07, 0.08)


class TestSlowAnswers:
    def test_a_byte_now_and_then(self, kind, make_client):
        """Each byte comes well in time; the call as a whole does not."""
        with ScriptedServer([line(), drip(b"VALUE k 0 5\r\nhello\r\nEND\r\n", 0.05)]) as server:
            client = make_client(kind, [server.address], protocol="text", timeout=TIMEOUT)
            assert in_time(lambda: client.get("k")) is None
            assert isinstance(client.last_error, cmemcache.ServerTimeout)

    def test_a_value_that_never_ends(self, kind, make_client):
        with ScriptedServer([line(), send(b"VALUE k 0 100000\r\n"), drip(b"x" * 100, 0.02)]) as server:
            client = make_client(kind, [server.address], protocol="text", timeout=TIMEOUT)
            assert in_time(lambda: client.get("k")) is None
            assert in_time(lambda: client.get("k"), 0) is None

    def test_a_slow_greeting(self, kind, make_client):
        with ScriptedServer([expect(b"version\r\n"), wait(0.1), send(b"VERSION 1.5.0\r\n"), line(), wait(0.1),
                             send(b"END\r\n")]) as server:
            client = make_client(kind, [server.address], timeout=TIMEOUT)
            assert in_time(lambda: client.get("k")) is None
            assert isinstance(client.last_error, cmemcache.ServerTimeout)

    def test_stats_line_by_line(self, kind, make_client):
        rows = [step for i in range(50) for step in (send(b"STAT s%d 1\r\n" % i), wait(0.02))]
        with ScriptedServer([line(), *rows]) as server:
            client = make_client(kind, [server.address], protocol="text", timeout=TIMEOUT)
            assert in_time(client.get_stats) == []

    def test_slow_but_in_time_is_right(self, kind, make_client):
        with ScriptedServer([greeting(), line(), drip(b"VALUE k 0 1\r\nk\r\nEND\r\n", 0.002)]) as server:
            client = make_client(kind, [server.address], timeout=2)
            assert client.get("k") == b"k"


class TestPaused:
    def test_single(self, kind, make_client, own_memcached, key):
        client = make_client(kind, [own_memcached.address], timeout=TIMEOUT, dead_retry=0)
        client.set(key, key.encode())
        own_memcached.pause()
        assert in_time(lambda: client.get(key)) is None
        assert in_time(lambda: client.set(key, b"other")) == 0
        own_memcached.resume()
        time.sleep(0.05)  # what was sent before the pause ended is carried out now
        assert client.get(key) in (key.encode(), b"other")
        assert client.set(key, b"new") and client.get(key) == b"new"

    def test_a_store_larger_than_the_sockets_buffers(self, kind, make_client, own_memcached, key):
        client = make_client(kind, [own_memcached.address], timeout=TIMEOUT, dead_retry=0)
        client.set(key, b"v")
        own_memcached.pause()
        pairs = {f"{key}-{i}": b"x" * 900_000 for i in range(20)}
        assert sorted(in_time(lambda: client.set_multi(pairs))) == sorted(pairs)
        own_memcached.resume()
        assert client.set(key, b"w") and client.get(key) == b"w"

    def test_one_deadline_over_all_servers(self, kind, make_client, three_servers):
        client = make_client(kind, [s.address for s in three_servers], timeout=TIMEOUT)
        keys = [f"k{i}" for i in range(60)]
        client.set_multi({k: b"v" for k in keys})
        [s.pause() for s in three_servers]
        assert in_time(lambda: client.get_multi(keys)) == {}
        client.forget_dead_hosts()
        in_time(client.get_stats)
        client.forget_dead_hosts()
        in_time(client.flush_all)
        client.forget_dead_hosts()
        assert sorted(in_time(lambda: client.set_multi({k: b"v" for k in keys}))) == sorted(keys)
        [s.resume() for s in three_servers]

    def test_failover_stays_within_it(self, kind, make_client, three_servers):
        client = make_client(kind, [s.address for s in three_servers], timeout=TIMEOUT)
        [s.pause() for s in three_servers]
        assert in_time(lambda: client.get("k"), 0) is None
        [s.resume() for s in three_servers]


class TestConnecting:
    def test_connect_timeout(self, kind, make_client):
        with UnansweredPort() as hole:
            client = make_client(kind, [hole.address], connect_timeout=0.1, timeout=2)
            assert in_time(lambda: client.get("k"), 0.08, timeout=0.1) is None
            assert isinstance(client.last_error, (cmemcache.ServerDown, cmemcache.ServerTimeout))
            assert client.counters()[hole.address]["marked_dead"] == 1

    def test_timeout_bounds_connecting_too(self, kind, make_client):
        with UnansweredPort() as hole:
            client = make_client(kind, [hole.address], connect_timeout=5, timeout=TIMEOUT)
            assert in_time(lambda: client.get("k")) is None

    def test_then_failover(self, kind, make_client, memcached, key):
        with UnansweredPort() as hole:
            client = make_client(kind, [hole.address, memcached.address], connect_timeout=0.1, timeout=2)
            for i in range(10):
                assert client.set(f"{key}-{i}", b"%d" % i)
                assert client.get(f"{key}-{i}") == b"%d" % i


class TestQueue:
    def test_waiting_for_a_connection_counts(self, kind, make_client):
        """max_connections=1: who waits behind a slow call waits no longer than its own deadline."""
        with ScriptedServer([line(), wait(0.5), send(b"END\r\n"), close()], [echo_gets()]) as server:
            client = make_client(kind, [server.address], protocol="text", timeout=TIMEOUT, max_connections=1,
                                 dead_retry=0)
            first = threading.Thread(target=client.get, args=("slow",))
            first.start()
            server.wait_received(len(b"get slow\r\n"))
            in_time(lambda: client.get("queued"), 0)
            first.join()

    def test_eight_threads_over_one_connection(self, kind, make_client, own_memcached):
        client = make_client(kind, [own_memcached.address], max_connections=1)
        wrong = []

        def work(name):
            for i in range(100):
                k = f"{name}-{i}"
                if not client.set(k, k.encode()) or client.get(k) != k.encode():
                    wrong.append(k)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert not wrong
        assert client.counters()[own_memcached.address]["connections"] == 1
        # Ours, and the one that asks.
        assert int(own_memcached.stat("total_connections")) <= 4

    @pytest.mark.parametrize("limit", [2, 3])
    def test_no_more_than_the_limit(self, kind, make_client, limit):
        with ScriptedServer([echo_gets(0.002)]) as server:
            client = make_client(kind, [server.address], protocol="text", max_connections=limit)
            threads = [threading.Thread(target=lambda: [client.get("k") for _ in range(20)]) for _ in range(8)]
            [t.start() for t in threads]
            [t.join() for t in threads]
            assert len(server.connections) <= limit


class TestOptions:
    def test_timeout_defaults_to_socket_timeout(self, make_client):
        with ScriptedServer([]) as server:
            client = make_client(cmemcache.Client, [server.address], protocol="text", socket_timeout=TIMEOUT)
            assert in_time(lambda: client.get("k")) is None

    def test_timeout_goes_before_socket_timeout(self, make_client):
        with ScriptedServer([]) as server:
            client = make_client(cmemcache.Client, [server.address], protocol="text", socket_timeout=5, timeout=TIMEOUT)
            assert in_time(lambda: client.get("k")) is None

    def test_the_message_says_how_long(self, kind, make_client):
        with ScriptedServer([]) as server:
            client = make_client(kind, [server.address], protocol="text", timeout=TIMEOUT, errors="raise")
            with pytest.raises(cmemcache.ServerTimeout, match=r"0?\.1\d* ?s|1\d\d(\.\d+)? ?ms"):
                client.get("k")
