"""Server strings good and bad, weights, and set_servers."""

import os
import socket
import threading

import pytest

import cmemcache

GOOD = ["127.0.0.1:11211", "127.0.0.1", "localhost", "localhost:11212", "cache-0.example.internal:1",
        "inet:127.0.0.1:11211", "inet:localhost", "inet6:[::1]:11211", "inet6:[::1]", "[::1]:11211", "[::1]",
        "unix:/tmp/no-such.sock", "/tmp/no-such.sock", "10.0.0.1:65535", ("127.0.0.1:11211", 3),
        ("/tmp/no-such.sock", 1)]
BAD_TEXT = ["", ":", ":11211", "host:", "host:port", "host:99999", "host:65536", "host:-1", "host:1:2", "host:11211x",
            "[::1", "::1]:1", "inet6:::1", "inet6:[]", "inet6:[::1]x", "unix:", "[::1]:port", "host name:1", "a\0b:1",
            "host:1\n"]
BAD_TYPE = [None, 5, 1.5, [], {}, object(), ("127.0.0.1", "x"), ("127.0.0.1", None), (5, 1)]


class TestParsing:
    @pytest.mark.parametrize("server", GOOD, ids=str)
    def test_good(self, kind, server):
        with kind([server]) as client:
            text = server[0] if isinstance(server, tuple) else server
            assert client.server_for("k") == text
            assert list(client.counters()) == [text]

    @pytest.mark.parametrize("text", BAD_TEXT, ids=ascii)
    def test_bad_text(self, kind, text):
        with pytest.raises(ValueError) as caught:
            kind([text])
        assert text in str(caught.value) or repr(text) in str(caught.value) or ascii(text) in str(caught.value)
        with pytest.raises(ValueError):
            kind(["127.0.0.1:11211", (text, 2)])

    @pytest.mark.parametrize("server", BAD_TYPE, ids=repr)
    def test_bad_type(self, kind, server):
        with pytest.raises(TypeError):
            kind([server])

    @pytest.mark.parametrize("server", [("127.0.0.1",), ("127.0.0.1", 1, 2), ()])
    def test_bad_tuples(self, kind, server):
        with pytest.raises((TypeError, ValueError)):
            kind([server])

    @pytest.mark.parametrize("weight", [-1, 2**40, -2**70])
    def test_bad_weights(self, kind, weight):
        with pytest.raises((ValueError, OverflowError)):
            kind([("127.0.0.1:11211", weight)])

    @pytest.mark.parametrize("servers", [None, 5])
    def test_no_list_at_all(self, kind, servers):
        with pytest.raises(TypeError):
            kind(servers)

    @pytest.mark.parametrize("iterable", [tuple, iter, lambda s: (x for x in s)],
                             ids=["tuple", "iterator", "generator"])
    def test_any_iterable(self, kind, memcached, key, iterable):
        with kind(iterable([memcached.address])) as client:
            assert client.set(key, b"v")

    def test_creating_a_client_connects_to_nobody(self, kind):
        with kind(["no-such-host.invalid:1", "192.0.2.1:1"]) as client:
            assert client.last_error is None


class TestReaching:
    @pytest.mark.parametrize("form", ["127.0.0.1:{}", "localhost:{}", "inet:127.0.0.1:{}", "inet:localhost:{}"])
    def test_by_address_and_name(self, kind, memcached, make_client, key, form):
        client = make_client(kind, [form.format(memcached.port)])
        assert client.set(key, b"v")
        assert client.get_multi([key]) == {key: b"v"}

    @pytest.mark.parametrize("form", ["unix:{}", "{}"])
    def test_unix_socket(self, kind, memcached_factory, make_client, tmp_path, key, form):
        path = tmp_path / "mc.sock"
        server = memcached_factory(unix_socket=path)
        client = make_client(kind, [form.format(path)])
        assert client.set(key, b"v")
        assert server.stored(key) == (b"v", 0)
        assert client.get_stats()[0][1]["pid"] == str(server.pid)

    @pytest.mark.parametrize("form", ["[::1]:{}", "inet6:[::1]:{}"])
    def test_ipv6(self, kind, memcached_factory, make_client, key, form):
        # A kernel without IPv6 still has to answer with a miss, not with an exception.
        have = os.path.exists("/proc/net/if_inet6") and _can_bind_ipv6()
        server = memcached_factory(host="::1") if have else memcached_factory()
        client = make_client(kind, [form.format(server.port)])
        assert bool(client.set(key, b"v")) is have
        assert client.get(key) == (b"v" if have else None)

    def test_a_name_that_does_not_resolve(self, kind, make_client, key):
        client = make_client(kind, ["no-such-host.invalid:11211"], timeout=2)
        assert client.get(key) is None
        assert not client.set(key, b"v")
        assert isinstance(client.last_error, cmemcache.ServerDown)
        assert "no-such-host.invalid" in str(client.last_error)


class TestSetServers:
    def test_the_new_ones_are_used_from_then_on(self, kind, make_client, memcached_factory, key):
        first, second = memcached_factory(), memcached_factory()
        client = make_client(kind, [first.address])
        client.set(key, b"first")
        client.set_servers([second.address])
        assert client.get(key) is None
        client.set(key, b"second")
        assert second.stored(key) == (b"second", 0)
        client.set_servers([first.address])
        assert client.get(key) == b"first"

    @pytest.mark.parametrize("bad, error", [("host:port", ValueError), (5, TypeError), (("h", "w"), TypeError)])
    def test_a_bad_entry_leaves_the_old_ones(self, any_client, memcached, closed_port, key, bad, error):
        any_client.set(key, b"v")
        for servers in ([bad], [closed_port, bad], [bad, closed_port]):
            with pytest.raises(error):
                any_client.set_servers(servers)
            assert any_client.get(key) == b"v"
            assert any_client.server_for(key) == memcached.address
            assert list(any_client.counters()) == [memcached.address]

    def test_an_iterable_that_raises_leaves_the_old_ones(self, any_client, memcached, closed_port, key):
        def servers():
            yield closed_port
            raise LookupError

        with pytest.raises(LookupError):
            any_client.set_servers(servers())
        assert any_client.server_for(key) == memcached.address

    def test_to_none_and_back(self, any_client, memcached, key):
        any_client.set(key, b"v")
        any_client.set_servers([])
        assert any_client.get(key) is None
        assert any_client.server_for(key) is None
        any_client.set_servers([memcached.address])
        assert any_client.get(key) == b"v"

    def test_the_same_again_a_thousand_times_leaks_no_socket(self, any_client, memcached, key):
        any_client.set(key, b"v")
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(1000):
            any_client.set_servers([memcached.address])
            any_client.get(key)
        assert len(os.listdir("/proc/self/fd")) <= before + 1

    def test_while_other_threads_work(self, kind, make_client, memcached_factory):
        servers = [memcached_factory() for _ in range(2)]
        client = make_client(kind, [s.address for s in servers])
        for i in range(20):
            for server in servers:
                server.ask(b"set k%d 0 0 %d\r\nk%d\r\n" % (i, len(f"k{i}"), i))
        stop, wrong = threading.Event(), []

        def work():
            n = 0
            while not stop.is_set():
                n += 1
                k = f"k{n % 20}"
                if (got := client.get(k)) != k.encode():
                    wrong.append((k, got))

        threads = [threading.Thread(target=work) for _ in range(4)]
        [t.start() for t in threads]
        for i in range(100):
            client.set_servers([servers[i % 2].address, servers[(i + 1) % 2].address])
        stop.set()
        [t.join() for t in threads]
        assert not wrong


def _can_bind_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False
