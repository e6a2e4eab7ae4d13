"""Dead servers: marked, left alone, tried again, and the others of the pool go on."""

import threading
import time

import pytest

import cmemcache
from support.memcached_server import MemcachedServer
from support.scripted_server import ClosedPort, ScriptedServer, UnansweredPort, echo_gets, line, send


class Pool:
    """One healthy server, and one that is not running yet."""

    def __init__(self, alive):
        self.alive = alive
        self.port = ClosedPort()
        self.dead = self.port.address
        self.addresses = [alive.address, self.dead]
        self.server = None

    def start_dead(self):
        self.port.__exit__()
        self.server = MemcachedServer(port=self.port.port)
        return self.server

    def keys_of(self, client, address, count=10):
        return [k for k in (f"key-{i}" for i in range(1000)) if client.server_for(k) == address][:count]


@pytest.fixture
def pool(own_memcached):
    pool = Pool(own_memcached)
    yield pool
    pool.port.__exit__()
    if pool.server:
        pool.server.stop()


class TestFailover:
    def test_keys_of_a_dead_server_move(self, kind, make_client, pool):
        client = make_client(kind, pool.addresses)
        for k in pool.keys_of(client, pool.dead):
            assert client.set(k, k.encode())
            assert client.get(k) == k.encode()
            assert pool.alive.stored(k) == (k.encode(), 0)

    def test_multi_calls_move_them_to_the_same_place(self, kind, make_client, pool):
        client = make_client(kind, pool.addresses)
        pairs = {f"key-{i}": b"%d" % i for i in range(100)}
        assert client.set_multi(pairs) == []
        assert client.get_multi(pairs) == pairs
        assert {k: client.get(k) for k in pairs} == pairs
        assert client.delete_multi(pairs) == 1
        assert client.get_multi(pairs) == {}

    def test_off_they_stay_and_miss(self, kind, make_client, pool):
        client = make_client(kind, pool.addresses, failover=False)
        dead_keys, live_keys = pool.keys_of(client, pool.dead), pool.keys_of(client, pool.alive.address)
        for k in dead_keys:
            assert client.set(k, b"v") == 0
            assert client.get(k) is None
            assert pool.alive.stored(k) is None
        for k in live_keys:
            assert client.set(k, b"v")
            assert client.get(k) == b"v"
        assert sorted(client.set_multi({k: b"v" for k in dead_keys + live_keys})) == sorted(dead_keys)

    @pytest.mark.parametrize("distribution", ["modulo", "ketama", "ketama_weighted", "rendezvous"])
    def test_with_every_distribution(self, make_client, pool, distribution):
        client = make_client(cmemcache.Client, pool.addresses, distribution=distribution)
        pairs = {f"key-{i}": i for i in range(60)}
        assert client.set_multi(pairs) == []
        assert client.get_multi(pairs) == pairs
        assert all(client.get(k) == v for k, v in pairs.items())

    @pytest.mark.parametrize("errors", ["miss", "raise"])
    def test_a_call_that_found_another_server_is_no_error(self, kind, make_client, pool, errors):
        client = make_client(kind, pool.addresses, errors=errors)
        for k in pool.keys_of(client, pool.dead):
            assert client.set(k, k.encode())
            assert client.get(k) == k.encode()

    def test_all_dead(self, kind, make_client, closed_port):
        with ClosedPort() as other:
            client = make_client(kind, [closed_port, other.address])
            for i in range(20):
                assert client.get(f"k{i}") is None
                assert client.set(f"k{i}", b"v") == 0
            assert {c["marked_dead"] for c in client.counters().values()} == {1}


class TestDeadRetry:
    def test_left_alone_and_tried_again(self, kind, make_client, pool):
        client = make_client(kind, pool.addresses, dead_retry=0.4)
        k = pool.keys_of(client, pool.dead)[0]
        marked = time.monotonic()
        assert client.set(k, b"elsewhere")
        pool.start_dead()
        assert client.get(k) == b"elsewhere", "a dead server was tried within dead_retry"
        assert time.monotonic() - marked < 0.4, "this machine is too slow for the test to mean anything"
        time.sleep(0.45)
        assert client.get(k) is None
        assert client.set(k, b"home")
        assert pool.server.stored(k) == (b"home", 0)
        assert client.counters()[pool.dead]["marked_dead"] == 1

    def test_still_dead_when_tried_again_and_then_alive(self, kind, make_client, pool):
        client = make_client(kind, [pool.dead], dead_retry=0.05)
        for _ in range(3):
            assert client.get("k") is None
            assert client.get("k") is None
            time.sleep(0.07)
        pool.start_dead()
        time.sleep(0.06)
        assert client.set("k", b"v")
        assert client.get("k") == b"v"

    def test_forget_dead_hosts(self, kind, make_client, pool):
        client = make_client(kind, pool.addresses, dead_retry=1000)
        k = pool.keys_of(client, pool.dead)[0]
        assert client.set(k, b"elsewhere")
        pool.start_dead()
        assert client.get(k) == b"elsewhere"
        client.forget_dead_hosts()
        assert client.get(k) is None
        assert client.set(k, b"home")
        assert pool.server.stored(k) == (b"home", 0)

    def test_the_default_is_thirty_seconds(self, kind, make_client, pool):
        client = make_client(kind, [pool.dead])
        assert client.get("k") is None
        pool.start_dead()
        time.sleep(0.3)
        assert client.set("k", b"v") == 0
        assert pool.server.stored("k") is None

    def test_zero_never_leaves_alone(self, kind, make_client, pool):
        client = make_client(kind, [pool.dead], dead_retry=0)
        assert client.get("k") is None
        pool.start_dead()
        assert client.set("k", b"v")

    def test_a_dead_server_costs_no_waiting(self, kind, make_client):
        with UnansweredPort() as hole:
            client = make_client(kind, [hole.address], connect_timeout=0.1, timeout=0.2)
            client.get("k")
            start = time.monotonic()
            for _ in range(100):
                assert client.get("k") is None
            assert time.monotonic() - start < 0.1

    def test_error_while_left_alone_names_the_server(self, kind, make_client, closed_port):
        client = make_client(kind, [closed_port], errors="raise")
        for _ in range(2):
            with pytest.raises(cmemcache.ServerDown, match=closed_port):
                client.get("k")


class TestWhatMarksDead:
    def test_a_deadline_that_ran_out(self, kind, make_client, own_memcached, key):
        client = make_client(kind, [own_memcached.address], timeout=0.1)
        client.set(key, b"v")
        own_memcached.pause()
        assert client.get(key) is None
        own_memcached.resume()
        assert client.counters()[own_memcached.address]["marked_dead"] == 1
        assert client.get(key) is None, "within dead_retry"
        client.forget_dead_hosts()
        assert client.get(key) == b"v"

    def test_a_connection_found_closed_does_not(self, kind, make_client, own_memcached, key):
        client = make_client(kind, [own_memcached.address], errors="raise")
        for _ in range(5):
            assert client.set(key, key.encode())
            assert client.get(key) == key.encode()
            own_memcached.restart()
            assert client.get(key) is None
        assert client.counters()[own_memcached.address]["marked_dead"] == 0

    @pytest.mark.parametrize("first", ["set", "add", "get", "incr", "delete", "set_multi", "noreply"])
    def test_a_unix_connection_found_closed_does_not(self, make_client, memcached_factory, tmp_path, key, first):
        server = memcached_factory(unix_socket=tmp_path / "mc.sock")
        client = make_client(cmemcache.StringClient, [server.address], errors="raise")
        assert client.set(key, b"1")
        server.restart()
        call, expected = {
            "set": (lambda: client.set(key, b"2"), True), "add": (lambda: client.add(key, b"2"), True),
            "get": (lambda: client.get(key), None), "incr": (lambda: client.incr(key), None),
            "delete": (lambda: client.delete(key), 0), "set_multi": (lambda: client.set_multi({key: b"2"}), []),
            "noreply": (lambda: client.set(key, b"2", noreply=True), True),
        }[first]
        assert call() == expected
        assert client.get(key) == (b"2" if first in ("set", "add", "set_multi", "noreply") else None)
        assert client.counters()[server.address]["marked_dead"] == 0

    def test_several_connections_found_closed_do_not(self, kind, make_client, own_memcached, key):
        client = make_client(kind, [own_memcached.address], errors="raise")
        gate = threading.Barrier(6)

        def work():
            gate.wait()
            for _ in range(20):
                client.get(key)

        threads = [threading.Thread(target=work) for _ in range(6)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        own_memcached.restart()
        for _ in range(10):
            assert client.set(key, key.encode())
            assert client.get(key) == key.encode()
        assert client.counters()[own_memcached.address]["marked_dead"] == 0

    @pytest.mark.parametrize("verb, expected", [("set", b"v"), ("delete", None)])
    def test_noreply_on_a_connection_found_closed_is_not_lost(self, kind, make_client, own_memcached, key, verb,
                                                              expected):
        client = make_client(kind, [own_memcached.address])
        client.set(key, b"old")
        own_memcached.restart()
        if verb == "set":
            assert client.set(key, b"v", noreply=True)
        else:
            own_memcached.ask(b"set %s 0 0 1\r\nx\r\n" % key.encode())
            assert client.delete(key, noreply=True) == 1
        assert client.get(key) == expected

    def test_an_idle_timeout_of_the_server_does_not(self, make_client, memcached_factory, key):
        server = memcached_factory("-o", "idle_timeout=1")
        client = make_client(cmemcache.Client, [server.address], errors="raise")
        client.set(key, b"v")
        deadline = time.monotonic() + 6
        while int(server.stat("idle_kicks")) == 0 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert client.get(key) == b"v"
        assert client.counters()[server.address]["marked_dead"] == 0

    def test_garbage_does_not(self, kind, make_client):
        with ScriptedServer([line(), send(b"BANANA\r\n")], [echo_gets()]) as server:
            client = make_client(kind, [server.address], protocol="text")
            assert client.get("k") is None
            assert client.get("k") == b"k"
            assert client.counters()[server.address]["marked_dead"] == 0

    def test_the_others_go_on(self, kind, make_client, three_servers):
        client = make_client(kind, [s.address for s in three_servers], timeout=0.2, failover=False)
        pairs = {f"k{i}": b"%d" % i for i in range(60)}
        client.set_multi(pairs)
        three_servers[1].pause()
        alive = {k: v for k, v in pairs.items() if client.server_for(k) != three_servers[1].address}
        assert client.get_multi(pairs) == alive
        assert client.get_multi(pairs) == alive
        assert {k: v for k in pairs if (v := client.get(k)) is not None} == alive
        three_servers[1].resume()
        client.forget_dead_hosts()
        assert client.get_multi(pairs) == pairs
