"""Values too large: for the client's limit, or for a server with a smaller one."""

import os

import pytest

import cmemcache

MIB = 1024 * 1024


class TestClientLimit:
    @pytest.mark.parametrize("verb", ["set", "add", "replace"])
    def test_not_sent(self, kind, make_client, own_memcached, key, verb):
        client = make_client(kind, [own_memcached.address])
        client.set(key, b"old") if verb == "replace" else None
        assert getattr(client, verb)(key, b"x" * (MIB + 1)) == 0
        assert client.get(key) == (b"old" if verb == "replace" else None)
        assert int(own_memcached.stat("bytes_read")) < 10_000

    def test_the_old_value_stays(self, any_client, key):
        """The server would have deleted it: what is known to be too large does not get there."""
        any_client.set(key, b"old")
        assert not any_client.set(key, b"x" * (2 * MIB))
        assert any_client.get(key) == b"old"

    def test_raises_where_asked_to(self, kind, make_client, memcached, key):
        client = make_client(kind, [memcached.address], errors="raise")
        with pytest.raises(cmemcache.ValueTooLarge):
            client.set(key, b"x" * (MIB + 1))
        assert client.get(key) is None

    def test_parameter(self, make_client, memcached, key):
        client = make_client(cmemcache.Client, [memcached.address], server_max_value_length=1000)
        assert client.set(key, b"x" * 1000)
        assert not client.set(key, b"y" * 1001)
        assert client.get(key) == b"x" * 1000

    def test_it_counts_after_compression(self, make_client, memcached, key):
        client = make_client(cmemcache.Client, [memcached.address], server_max_value_length=1000)
        assert client.set(key, b"x" * 50_000, min_compress_len=1)
        assert not client.set(key, os.urandom(50_000), min_compress_len=1)

    @pytest.mark.parametrize("limit", [0, 8 * MIB])
    def test_larger_values_for_a_larger_server(self, make_client, memcached_factory, key, limit):
        server = memcached_factory("-I", "8m")
        client = make_client(cmemcache.Client, [server.address], server_max_value_length=limit)
        value = os.urandom(3 * MIB)
        assert client.set(key, value)
        assert client.get(key) == value
        assert client.set_multi({key + "1": value, key + "2": value}) == []
        assert client.get_multi([key + "1", key + "2"]) == {key + "1": value, key + "2": value}

    @pytest.mark.parametrize("position", [0, 1, 2])
    def test_in_set_multi_it_is_named_and_the_others_are_stored(self, any_client, key, position):
        pairs = {f"{key}-{i}": b"x" * (MIB + 1) if i == position else b"small" for i in range(3)}
        assert any_client.set_multi(pairs) == [f"{key}-{position}"]
        assert any_client.get_multi(pairs) == {k: v for k, v in pairs.items() if v == b"small"}

    def test_in_set_multi_with_a_prefix_the_callers_key_is_named(self, any_client, key):
        pairs = {1: b"x" * (MIB + 1), "two": b"small"}
        assert any_client.set_multi(pairs, key_prefix=key) == [1]

    def test_all_of_them(self, any_client, key):
        pairs = {f"{key}-{i}": b"x" * (MIB + 1) for i in range(3)}
        assert sorted(any_client.set_multi(pairs)) == sorted(pairs)


class TestServerLimit:
    """The server's -I is smaller than what the client lets through: it refuses, without naming the key."""

    @pytest.fixture
    def small(self, memcached_factory):
        return memcached_factory("-I", "2k", "-o", "slab_chunk_max=1024")

    @pytest.fixture(params=["auto", "text", "meta"])
    def small_client(self, request, kind, make_client, small):
        return make_client(kind, [small.address], protocol=request.param, timeout=2)

    @pytest.mark.parametrize("verb", ["set", "add"])
    def test_single(self, small_client, key, verb):
        assert getattr(small_client, verb)(key, b"x" * 10_000) == 0
        assert small_client.get(key) is None
        assert small_client.set(key, b"v")
        assert small_client.get(key) == b"v"

    def test_single_raises_where_asked_to(self, kind, make_client, small, key):
        client = make_client(kind, [small.address], errors="raise")
        with pytest.raises(cmemcache.ValueTooLarge, match=small.address):
            client.set(key, b"x" * 10_000)
        assert client.set(key, b"v")

    @pytest.mark.parametrize("large", [{0}, {1}, {9}, {0, 1, 2}, {3, 5, 8}, set(range(10)), set()],
                             ids=lambda s: "".join(map(str, sorted(s))) or "none")
    def test_in_set_multi_exactly_the_refused_keys_come_back(self, small_client, key, large):
        pairs = {f"{key}-{i}": (f"{key}-{i}" * (1000 if i in large else 1)).encode() for i in range(10)}
        refused = [f"{key}-{i}" for i in sorted(large)]
        assert sorted(small_client.set_multi(pairs)) == refused
        assert small_client.get_multi(pairs) == {k: v for k, v in pairs.items() if k not in refused}
        # The stream is in step: the next calls get their own answers.
        for k in pairs:
            assert small_client.get(k) == (None if k in refused else pairs[k])

    def test_many(self, small_client):
        pairs = {f"k{i}": b"x" * (5000 if i % 7 == 3 else 50) for i in range(700)}
        assert sorted(small_client.set_multi(pairs)) == sorted(k for k, v in pairs.items() if len(v) == 5000)
        assert small_client.get_multi(pairs) == {k: v for k, v in pairs.items() if len(v) == 50}

    def test_over_two_servers(self, kind, make_client, small, memcached_factory):
        large = memcached_factory()
        client = make_client(kind, [small.address, large.address])
        pairs = {f"k{i}": b"x" * 5000 for i in range(50)}
        expected = sorted(k for k in pairs if client.server_for(k) == small.address)
        assert sorted(client.set_multi(pairs)) == expected
        assert client.last_error is None or isinstance(client.last_error, cmemcache.ValueTooLarge)

    def test_an_append_that_gets_too_long_is_not_stored(self, small_client, key):
        assert small_client.set(key, b"x" * 1500)
        assert not small_client.append(key, b"y" * 1500)
        assert small_client.get(key) == b"x" * 1500


class TestOutOfMemory:
    def test_exactly_the_refused_keys_come_back(self, kind, make_client, memcached_factory):
        server = memcached_factory("-M", "-m", "2")
        client = make_client(kind, [server.address], timeout=5)
        pairs = {f"k{i}": f"k{i}|".encode() * 20_000 for i in range(60)}
        refused = []
        for start in range(0, 60, 20):
            part = dict(list(pairs.items())[start:start + 20])
            refused += client.set_multi(part)
        assert 0 < len(refused) < 60
        stored = client.get_multi(pairs)
        assert stored == {k: v for k, v in pairs.items() if k not in refused}
        assert client.counters()[server.address]["marked_dead"] == 0

    def test_single(self, make_client, memcached_factory):
        server = memcached_factory("-M", "-m", "2")
        client = make_client(cmemcache.Client, [server.address], errors="raise")
        with pytest.raises(cmemcache.Error, match=server.address):
            for i in range(100):
                client.set(f"k{i}", b"x" * 100_000)
        assert client.get("k0") == b"x" * 100_000
