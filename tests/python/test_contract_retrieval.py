"""get, gets, get_with_cas, getflags, gat and touch: hit and miss, on both clients."""

import time

import pytest

import cmemcache


class TestMiss:
    @pytest.mark.parametrize("call, expected", [
        (lambda c, k: c.get(k), None),
        (lambda c, k: c.get(k, "other"), "other"),
        (lambda c, k: c.get(k, default=0), 0),
        (lambda c, k: c.gets(k), None),
        (lambda c, k: c.get_with_cas(k), (None, None)),
        (lambda c, k: c.getflags(k), None),
        (lambda c, k: c.gat(k, 60), None),
        (lambda c, k: c.touch(k), 0),
        (lambda c, k: c.touch(k, 60), 0),
        (lambda c, k: c.get_multi([k]), {}),
        (lambda c, k: c.get_multiflags([k]), {}),
    ], ids=["get", "get-default", "get-default-named", "gets", "get_with_cas", "getflags", "gat", "touch",
            "touch-time", "get_multi", "get_multiflags"])
    def test_miss(self, any_client, key, call, expected):
        assert call(any_client, key) == expected
        assert any_client.last_error is None


class TestHit:
    @pytest.fixture(autouse=True)
    def _stored(self, any_client, key):
        assert any_client.set(key, b"value")

    def test_get(self, any_client, key):
        assert any_client.get(key) == b"value"
        assert any_client.get(key, "other") == b"value"

    def test_get_gives_bytes(self, any_client, key):
        assert type(any_client.get(key)) is bytes

    def test_gets(self, any_client, key):
        assert any_client.gets(key) == b"value"

    def test_get_with_cas(self, any_client, key):
        value, token = any_client.get_with_cas(key)
        assert value == b"value"
        assert type(token) is int and token > 0

    def test_getflags(self, any_client, key):
        assert any_client.getflags(key) == (b"value", 0)

    def test_get_multi(self, any_client, key):
        assert any_client.get_multi([key, key + "-absent"]) == {key: b"value"}

    def test_gat_returns_the_value_and_moves_the_expiry(self, any_client, key):
        assert any_client.gat(key, -1) == b"value"
        assert any_client.get(key) is None

    def test_touch_moves_the_expiry(self, any_client, key):
        assert any_client.touch(key, 60) == 1
        assert any_client.get(key) == b"value"
        assert any_client.touch(key, -1) == 1
        assert any_client.get(key) is None

    def test_touch_without_a_time_means_never(self, any_client, memcached, key):
        assert any_client.touch(key, 100) == 1
        assert memcached.ask(b"mg %s t\r\n" % key.encode()) in (b"HD t100\r\n", b"HD t99\r\n")
        assert any_client.touch(key) == 1
        assert memcached.ask(b"mg %s t\r\n" % key.encode()) == b"HD t-1\r\n"

    def test_bytes_and_str_keys_are_the_same_key(self, any_client, key):
        assert any_client.get(key.encode()) == b"value"


def test_string_client_getflags_shows_the_callers_flags(raw, key):
    assert raw.set(key, b"v", 0, 0xFFFFFFFF)
    assert raw.getflags(key) == (b"v", 0xFFFFFFFF)
    assert raw.get(key) == b"v"


def test_client_getflags_shows_the_encoded_value(client, key):
    client.set(key, "é")
    assert client.getflags(key) == ("é".encode(), 16)


def test_get_multiflags_of_string_client(raw, key):
    raw.set(key + "1", b"one", flags=1)
    raw.set(key + "2", "two", flags=2)
    assert raw.get_multiflags([key + "1", key + "2", key + "3"]) == {key + "1": (b"one", 1), key + "2": (b"two", 2)}


def test_get_multiflags_of_client_decodes(client, key):
    client.set(key + "1", {"a": 1})
    client.set(key + "2", "two")
    assert client.get_multiflags([key + "1", key + "2", key + "3"]) == {key + "1": {"a": 1}, key + "2": "two"}


def test_default_is_only_for_misses(client, key):
    """A stored None is a hit: the default must not take its place."""
    client.set(key, None)
    assert client.get(key, "other") is None


def test_a_value_expires(any_client, key):
    any_client.set(key, b"v", time=1)
    assert any_client.get(key) == b"v"
    deadline = time.monotonic() + 3.5
    while any_client.get(key) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert any_client.get(key) is None


def test_client_is_a_string_client():
    assert issubclass(cmemcache.Client, cmemcache.StringClient)
