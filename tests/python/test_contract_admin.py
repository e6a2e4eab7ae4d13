"""flush_all, version, and the statistics."""

import pytest

import cmemcache


class TestFlushAll:
    def test_everything_is_gone_everywhere(self, kind, make_client, three_servers):
        client = make_client(kind, [s.address for s in three_servers])
        pairs = {f"k{i}": b"v" for i in range(60)}
        client.set_multi(pairs)
        client.flush_all()
        assert client.get_multi(pairs) == {}
        client.set_multi(pairs)
        assert client.get_multi(pairs) == pairs

    @pytest.mark.parametrize("call", [lambda c: c.flush_all(1000), lambda c: c.flush_all(delay=1000)])
    def test_later(self, kind, make_client, own_memcached, key, call):
        client = make_client(kind, [own_memcached.address])
        client.set(key, b"v")
        call(client)
        assert client.get(key) == b"v"

    @pytest.mark.parametrize("delay", ["1", None, "0\r\nset x 0 0 1\r\nx"])
    def test_wrong_types(self, any_client, delay):
        with pytest.raises(TypeError):
            any_client.flush_all(delay)


def test_version(any_client, memcached):
    theirs = memcached.ask(b"version\r\n").split()[1].decode()
    assert theirs in repr(any_client.version())
    assert memcached.address in repr(any_client.version())


class TestStats:
    def test_general(self, kind, make_client, three_servers):
        client = make_client(kind, [s.address for s in three_servers])
        client.set("k", b"v")
        rows = client.get_stats()
        assert type(rows) is list and len(rows) == 3
        for (name, stats), server in zip(rows, three_servers):
            assert server.address in name
            assert stats["pid"] == str(server.pid)
            assert all(type(k) is str and type(v) is str for k, v in stats.items())

    def test_every_line_of_it(self, any_client, memcached):
        lines = memcached.ask(b"stats\r\n", b"END\r\n").decode().splitlines()[:-1]
        ((_, stats),) = any_client.get_stats()
        assert list(stats) == [x.split(" ", 2)[1] for x in lines]

    @pytest.mark.parametrize("sort", ["settings", "items", "slabs", "sizes", "conns"])
    def test_sorts(self, any_client, memcached, key, sort):
        any_client.set(key, b"v")
        lines = memcached.ask(b"stats %s\r\n" % sort.encode(), b"END\r\n").decode().splitlines()[:-1]
        ((_, stats),) = any_client.get_stats(sort)
        if sort != "conns":  # connections come and go
            assert set(stats) == {x.split(" ", 2)[1] for x in lines}
        assert any_client.get(key) == b"v"

    def test_values_with_blanks(self, any_client, memcached_factory):
        server = memcached_factory("-o", "no_hashexpand")
        any_client.set_servers([server.address])
        ((_, stats),) = any_client.get_stats("settings")
        for text in server.ask(b"stats settings\r\n", b"END\r\n").decode().splitlines()[:-1]:
            _, name, *value = text.split(" ", 2)
            assert stats[name] == (value[0] if value else "")

    @pytest.mark.parametrize("sort", ["reset", "detail dump", "nonsense", "cachedump 1 0"])
    def test_odd_sorts_leave_the_client_usable(self, kind, make_client, own_memcached, key, sort):
        client = make_client(kind, [own_memcached.address])
        client.set(key, b"v")
        try:
            client.get_stats(sort)
        except (cmemcache.Error, ValueError):
            pass
        assert client.get(key) == b"v"
        assert client.get_multi([key]) == {key: b"v"}

    @pytest.mark.parametrize("sort", ["items\r\nflush_all", "\n", "items\nset injected 0 0 1\nx"])
    def test_no_second_command_gets_in(self, any_client, memcached, key, sort):
        any_client.set(key, b"v")
        with pytest.raises((ValueError, cmemcache.Error)):
            any_client.get_stats(sort)
        assert any_client.get(key) == b"v"
        assert memcached.stored("injected") is None

    def test_slab_stats(self, any_client, memcached, key):
        any_client.set(key, b"v")
        ((name, stats),) = any_client.get_slab_stats()
        assert memcached.address in name
        assert int(stats["active_slabs"]) >= 1
        assert int(stats["total_malloced"]) > 0
        slabs = {k: v for k, v in stats.items() if k.isdigit()}
        assert slabs and all("chunk_size" in v for v in slabs.values())

    def test_slabs(self, any_client, memcached, key):
        any_client.set(key, b"v")
        ((name, slabs),) = any_client.get_slabs()
        assert memcached.address in name
        assert slabs and all(k.isdigit() and int(v["number"]) >= 0 for k, v in slabs.items())

    def test_no_servers(self, make_client):
        client = make_client(cmemcache.Client, [])
        assert client.get_stats() == [] and client.get_slabs() == [] and client.get_slab_stats() == []

    def test_name_shows_the_weight(self, make_client, memcached):
        """As python-memcached: "host:port (weight)"."""
        client = make_client(cmemcache.Client, [(memcached.address, 3)])
        assert client.get_stats()[0][0] == f"{memcached.address} (3)"
