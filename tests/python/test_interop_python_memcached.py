"""Values written by python-memcached are read, and the other way round; so are pylibmc's."""

import datetime
import decimal

import memcache
import pylibmc
import pytest

import cmemcache


class Custom:
    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return type(other) is Custom and other.name == self.name


VALUES = {
    "bytes": b"\x00\xffbytes", "empty-bytes": b"", "str": "text", "unicode": "é€😀", "empty-str": "",
    "int": 42, "zero": 0, "negative": -7, "big-int": 10**50, "true": True, "false": False, "none": None, "float": 1.5,
    "list": [1, "two", b"three"], "dict": {"a": [1, {"b": None}]}, "tuple": (1, 2), "set": {1, 2},
    "custom": Custom("x"), "date": datetime.date(2024, 2, 29),
    "decimal": decimal.Decimal("1.10"), "bytearray": bytearray(b"x"),
}
LARGE = {"bytes": b"a" * 5000, "str": "é" * 5000, "list": list(range(2000)), "int": 10**3000}


@pytest.fixture
def theirs(memcached):
    client = memcache.Client([memcached.address])
    yield client
    client.disconnect_all()


def same(got, value):
    return got == value and type(got) is type(value)


@pytest.mark.parametrize("name", VALUES)
class TestEveryType:
    def test_theirs_is_read(self, client, theirs, key, name):
        assert theirs.set(key, VALUES[name])
        assert same(client.get(key), VALUES[name])
        assert same(client.get_multi([key])[key], VALUES[name])

    def test_ours_is_read(self, client, theirs, key, name):
        assert client.set(key, VALUES[name])
        assert same(theirs.get(key), VALUES[name])

    def test_same_bytes_and_flags(self, client, theirs, memcached, key, name):
        client.set(key + "1", VALUES[name])
        theirs.set(key + "2", VALUES[name])
        assert memcached.stored(key + "1") == memcached.stored(key + "2")


@pytest.mark.parametrize("name", LARGE)
class TestCompressed:
    def test_theirs_is_read(self, client, theirs, key, name):
        assert theirs.set(key, LARGE[name], min_compress_len=100)
        assert same(client.get(key), LARGE[name])

    def test_ours_is_read(self, client, theirs, key, name):
        assert client.set(key, LARGE[name], min_compress_len=100)
        assert same(theirs.get(key), LARGE[name])

    def test_same_bytes_and_flags(self, client, theirs, memcached, key, name):
        client.set(key + "1", LARGE[name], min_compress_len=100)
        theirs.set(key + "2", LARGE[name], min_compress_len=100)
        assert memcached.stored(key + "1") == memcached.stored(key + "2")


@pytest.mark.parametrize("protocol", [1, 2, 3, 4])
def test_every_pickle_protocol(make_client, memcached, theirs, key, protocol):
    ours = make_client(cmemcache.Client, [memcached.address], pickleProtocol=protocol)
    ours.set(key, VALUES["dict"])
    assert theirs.get(key) == VALUES["dict"]
    other = memcache.Client([memcached.address], pickleProtocol=protocol)
    other.set(key, VALUES["dict"])
    assert ours.get(key) == VALUES["dict"]
    other.disconnect_all()


def test_multi_calls(client, theirs, key):
    pairs = {f"{key}-{name}": value for name, value in VALUES.items()}
    assert theirs.set_multi(pairs) == []
    assert client.get_multi(pairs) == pairs
    assert client.set_multi(pairs) == []
    assert theirs.get_multi(list(pairs)) == pairs


def test_counters_of_either(client, theirs, key):
    theirs.set(key, 10)
    assert client.incr(key) == 11
    assert theirs.get(key) == 11
    assert theirs.decr(key, 2) == 9
    assert client.get(key) == 9


def test_over_a_weighted_pool(make_client, three_servers):
    servers = [(s.address, weight) for s, weight in zip(three_servers, (1, 3, 2))]
    ours, theirs = make_client(cmemcache.Client, servers), memcache.Client(servers)
    pairs = {f"user:{i}": {"id": i} for i in range(200)}
    assert theirs.set_multi(pairs) == []
    assert ours.get_multi(pairs) == pairs
    assert all(ours.get(k) == v for k, v in pairs.items())
    ours.flush_all()
    assert ours.set_multi(pairs, key_prefix="p:") == []
    assert theirs.get_multi(list(pairs), key_prefix="p:") == pairs
    theirs.disconnect_all()


def test_the_next_server_when_one_is_down(make_client, memcached_factory, closed_port):
    servers = [memcached_factory().address, closed_port, memcached_factory().address]
    ours, theirs = make_client(cmemcache.Client, servers), memcache.Client(servers)
    pairs = {f"user:{i}": i for i in range(300)}
    for k, v in pairs.items():
        assert theirs.set(k, v)
    assert {k: ours.get(k) for k in pairs} == pairs
    assert ours.get_multi(pairs) == pairs
    ours.flush_all()
    assert ours.set_multi(pairs) == []
    assert {k: theirs.get(k) for k in pairs} == pairs
    theirs.disconnect_all()


class TestPylibmc:
    @pytest.fixture
    def pylibmc_client(self, memcached):
        return pylibmc.Client([memcached.address])

    @pytest.mark.parametrize("name", [n for n in VALUES if n not in ("true", "false")])
    def test_theirs_is_read(self, client, pylibmc_client, key, name):
        """But for bool, which pylibmc writes as an int."""
        assert pylibmc_client.set(key, VALUES[name])
        assert same(client.get(key), VALUES[name])

    @pytest.mark.parametrize("name", VALUES)
    def test_ours_is_read(self, client, pylibmc_client, key, name):
        assert client.set(key, VALUES[name])
        assert same(pylibmc_client.get(key), VALUES[name])

    def test_theirs_compressed(self, client, pylibmc_client, key):
        pylibmc_client.set(key, LARGE["list"], min_compress_len=100)
        assert client.get(key) == LARGE["list"]
