"""What Django asks of a cache backend, and what it does beyond that. tools/django runs Django's own tests."""

import asyncio
import datetime
import pickle

import cmemcache
import pytest

pytest.importorskip("django")

from django.core.cache import InvalidCacheBackendError  # noqa: E402
from django.core.cache.backends.base import InvalidCacheKey  # noqa: E402

from support import processes  # noqa: E402
from support.django_cache import cache_at  # noqa: E402

MONTH = 30 * 24 * 60 * 60


@pytest.fixture
def cache(memcached):
    return cache_at(memcached.address)


def time_left(server, key):
    """Seconds until memcached forgets the key, -1 for never, None where there is none."""
    answer = server.ask(b"mg " + key.encode() + b" t\r\n").split()
    return int(answer[1][1:]) if answer[0] == b"HD" else None


def test_the_package_does_not_need_django():
    processes.run("""
        import sys
        import cmemcache
        assert not [name for name in sys.modules if name.startswith("django")]
    """)


class TestValues:
    @pytest.mark.parametrize("value", [None, 0, "", b"", False, [], {}, (), 0.0], ids=repr)
    def test_a_falsy_value_is_found(self, cache, key, value):
        cache.set(key, value)
        got = cache.get(key, "default")
        assert got == value and type(got) is type(value)
        assert key in cache and cache.has_key(key)
        assert cache.get_many([key]) == {key: value}
        assert cache.get_or_set(key, "other") == value
        assert not cache.add(key, "other")

    def test_a_miss_is_the_default(self, cache, key):
        assert cache.get(key) is None and cache.get(key, "default") == "default"
        assert key not in cache

    @pytest.mark.parametrize("value", [b"\x00\xff\r\n", "é€😀", {"when": datetime.date(2024, 2, 29)}, {1, 2}, 10**50, True],
                             ids=repr)
    def test_comes_back_as_it_was(self, cache, key, value):
        cache.set(key, value)
        got = cache.get(key)
        assert got == value and type(got) is type(value)

    def test_unicode_keys(self, cache, key):
        cache.set_many({key + "é": 1, key + "😀": 2})
        assert cache.get_many([key + "é", key + "😀", key]) == {key + "é": 1, key + "😀": 2}

    def test_pickles_are_of_the_highest_protocol(self, cache, memcached, key):
        cache.set(key, [1])
        assert memcached.stored(f":1:{key}") == (pickle.dumps([1], pickle.HIGHEST_PROTOCOL), 1)

    def test_or_of_the_one_asked_for(self, memcached, key):
        cache_at(memcached.address, {"pickleProtocol": 2}).set(key, [1])
        assert memcached.stored(f":1:{key}") == (pickle.dumps([1], 2), 1)

    def test_get_or_set_calls_for_the_default(self, cache, key):
        assert cache.get_or_set(key, lambda: 3) == 3
        assert cache.get_or_set(key, lambda: 4) == 3


class TestTime:
    @pytest.mark.parametrize("timeout, expected", [(None, -1), (100, 100), (MONTH, MONTH), (MONTH + 100, MONTH + 100),
                                                   (12 * MONTH, 12 * MONTH)])
    def test_lives_as_long_as_asked(self, cache, memcached, key, timeout, expected):
        def near(left):
            return left == expected or -3 <= left - expected <= 1 and left > 0

        cache.set(key, 1, timeout)
        assert near(time_left(memcached, f":1:{key}"))
        cache.set(key, 1)
        assert cache.touch(key, timeout) is True
        assert near(time_left(memcached, f":1:{key}"))
        assert cache.add(key + "a", 1, timeout) is True
        assert near(time_left(memcached, f":1:{key}a"))
        cache.set_many({key: 1}, timeout)
        assert near(time_left(memcached, f":1:{key}"))

    def test_five_minutes_unless_the_settings_say_otherwise(self, cache, memcached, key):
        cache.set(key, 1)
        assert 297 <= time_left(memcached, f":1:{key}") <= 301
        cache_at(memcached.address, TIMEOUT=None).set(key, 1)
        assert time_left(memcached, f":1:{key}") == -1

    @pytest.mark.parametrize("timeout", [0, -1, -MONTH])
    def test_expired_at_once(self, cache, key, timeout):
        cache.set(key, 1, timeout)
        assert key not in cache
        cache.set(key, 1)
        assert cache.touch(key, timeout) is True
        assert key not in cache
        cache.set(key, 1)
        cache.set_many({key: 2}, timeout)
        assert key not in cache
        assert cache.add(key, 1, timeout)
        assert key not in cache

    def test_touch_of_nothing(self, cache, key):
        assert cache.touch(key) is False


class TestNames:
    def test_prefix_and_version(self, memcached, key):
        cache = cache_at(memcached.address, KEY_PREFIX="site", VERSION=2)
        cache.set(key, "a")
        assert memcached.stored(f"site:2:{key}") == (b"a", 16)
        cache.set(key, "b", version=3)
        assert memcached.stored(f"site:3:{key}") == (b"b", 16)
        assert (cache.get(key), cache.get(key, version=3), cache.get(key, version=4)) == ("a", "b", None)

    def test_incr_version(self, cache, key):
        cache.set(key, "a")
        assert cache.incr_version(key) == 2
        assert (cache.get(key), cache.get(key, version=2)) == (None, "a")
        assert cache.decr_version(key, version=2) == 1
        assert cache.get(key) == "a"
        with pytest.raises(ValueError):
            cache.incr_version(key + "none")

    def test_a_key_function_of_the_users(self, memcached, key):
        cache = cache_at(memcached.address, KEY_FUNCTION=lambda key, prefix, version: f"mine-{key}")
        cache.set_many({key: "a"})
        assert memcached.stored(f"mine-{key}") == (b"a", 16)
        assert cache.get_many([key]) == {key: "a"}

    @pytest.mark.parametrize("bad", ["two words", "line\n", "\x7f", "k" * 250, "é" * 130], ids=ascii)
    @pytest.mark.parametrize("call", [
        lambda cache, key: cache.get(key), lambda cache, key: cache.set(key, 1), lambda cache, key: cache.add(key, 1),
        lambda cache, key: cache.touch(key), lambda cache, key: cache.delete(key), lambda cache, key: cache.incr(key),
        lambda cache, key: cache.decr(key), lambda cache, key: cache.get_many(["good", key]),
        lambda cache, key: cache.set_many({"good": 1, key: 1}), lambda cache, key: cache.delete_many(["good", key]),
        lambda cache, key: key in cache, lambda cache, key: cache.get_or_set(key, 1),
        lambda cache, key: cache.incr_version(key),
        lambda cache, key: asyncio.run(cache.aget(key)), lambda cache, key: asyncio.run(cache.aset_many({key: 1})),
    ], ids="get set add touch delete incr decr get_many set_many delete_many in get_or_set incr_version aget aset_many".split())
    def test_a_bad_key_is_djangos_error(self, cache, bad, call):
        with pytest.raises(InvalidCacheKey):
            call(cache, bad)

    def test_keys_that_are_no_str(self, cache):
        cache.set(12345, "a")
        assert cache.get(12345) == cache.get("12345") == "a"


class TestManyKeys:
    def test_under_the_users_own_keys(self, memcached, key):
        cache = cache_at(memcached.address, KEY_PREFIX="p", VERSION=7)
        assert cache.set_many({key: 1, 5: 2}) == []
        assert cache.get_many([key, 5, "nothing"]) == {key: 1, 5: 2}
        assert cache.get_many(iter([key])) == {key: 1}
        cache.delete_many(iter([key, "nothing"]))
        assert cache.get_many([key, 5]) == {5: 2}

    def test_none_at_all(self, cache):
        assert cache.set_many({}) == [] and cache.get_many([]) == {}
        cache.delete_many([])

    def test_what_was_not_stored_is_named_and_gone(self, cache, key):
        cache.set(key + "large", "old")
        assert cache.set_many({key: 1, key + "large": "x" * (2**20 + 1)}) == [key + "large"]
        assert cache.get_many([key, key + "large"]) == {key: 1}


class TestNumbers:
    def test_up_and_down(self, cache, key):
        cache.set(key, 41)
        assert cache.incr(key) == 42 and cache.incr(key, 10) == 52
        assert cache.decr(key) == 51 and cache.decr(key, 9) == 42
        assert cache.incr(key, -2) == 40 and cache.decr(key, -2) == 42
        assert cache.incr(key, 0) == 42
        assert cache.get(key) == 42

    @pytest.mark.parametrize("delta", [1, -1, 0])
    def test_of_nothing(self, cache, key, delta):
        for call in (cache.incr, cache.decr):
            with pytest.raises(ValueError, match=f"Key '{key}' not found"):
                call(key, delta)

    def test_of_what_is_no_number(self, cache, key):
        cache.set(key, "text")
        with pytest.raises(ValueError):
            cache.incr(key)


class TestTooLarge:
    LARGE = "x" * (2**20 + 1)

    def test_the_old_value_does_not_stay(self, cache, key):
        cache.set(key, "old")
        cache.set(key, self.LARGE)
        assert key not in cache

    @pytest.mark.parametrize("call", [
        lambda cache, key, value: cache.set(key, value), lambda cache, key, value: cache.set_many({key: value}),
        lambda cache, key, value: asyncio.run(cache.aset(key, value)),
        lambda cache, key, value: asyncio.run(cache.aset_many({key: value})),
    ], ids="set set_many aset aset_many".split())
    def test_nor_where_trouble_raises(self, memcached, key, call):
        cache = cache_at(memcached.address, {"errors": "raise"})
        call(cache, key, "old")
        assert cache.get(key) == "old"
        with pytest.raises(cmemcache.ValueTooLarge):
            call(cache, key, self.LARGE)
        assert key not in cache

    def test_what_the_server_does_not_take(self, memcached_factory, key):
        cache = cache_at(memcached_factory("-I", "2k", "-o", "slab_chunk_max=1024").address)
        cache.set(key, "old")
        cache.set(key, "x" * 4000)
        assert key not in cache


def test_clear_and_delete(own_memcached):
    cache = cache_at(own_memcached.address)
    cache.set_many({"a": 1, "b": 2})
    assert cache.delete("a") is True and cache.delete("a") is False
    cache.clear()
    assert "b" not in cache
    cache.set("c", 1)
    assert "c" in cache


class TestSettings:
    @pytest.mark.parametrize("apart", [";", ",", "; ", ", "])
    def test_servers_in_one_string(self, three_servers, apart):
        cache = cache_at(apart.join(server.address for server in three_servers))
        cache.set_many({f"k{i}": i for i in range(50)})
        assert cache.get_many([f"k{i}" for i in range(50)]) == {f"k{i}": i for i in range(50)}
        assert all(int(server.stat("curr_items")) > 0 for server in three_servers)

    def test_weights(self, three_servers):
        light, heavy, _ = three_servers
        cache = cache_at([(light.address, 1), (heavy.address, 9)])
        cache.set_many({f"k{i}": i for i in range(100)})
        assert int(heavy.stat("curr_items")) > 3 * int(light.stat("curr_items")) > 0

    @pytest.mark.parametrize("form", ["unix:{}", "{}"])
    def test_a_unix_socket(self, memcached_factory, tmp_path, key, form):
        memcached_factory(unix_socket=tmp_path / "s")
        cache = cache_at(form.format(tmp_path / "s"))
        cache.set(key, 1)
        assert cache.get(key) == 1

    def test_options_are_the_clients(self, memcached, key):
        class Upper:
            def dumps(self, key, value):
                return value.upper().encode(), 7

            def loads(self, key, data, flags):
                return data.decode()

        cache = cache_at(memcached.address, {"profile": Upper(), "key_prefix": "o:"})
        cache.set(key, "a")
        assert memcached.stored(f"o::1:{key}") == (b"A", 7)
        assert cache.get(key) == "A"

    @pytest.mark.parametrize("location, options, said", [
        ("", {}, "not a server"),
        ("127.0.0.1:99999", {}, "127.0.0.1:99999"),
        ("127.0.0.1", {"MAX_ENTRIES": 10}, "MAX_ENTRIES"),
        ("127.0.0.1", {"timeout": "1"}, "timeout must be a number"),
        ("127.0.0.1", {"distribution": "best"}, "distribution must be one of"),
    ])
    def test_what_is_wrong_is_said_at_first_use(self, location, options, said):
        with pytest.raises(InvalidCacheBackendError, match=f"LOCATION or OPTIONS of a CmemcacheCache: .*{said}"):
            cache_at(location, options).get("k")


class TestAwaited:
    """The methods that Django 4.0 and later have. tools/django runs all of Django's tests through them."""

    def test_each(self, cache, key):
        async def use():
            await cache.aset(key, 1)
            assert await cache.aget(key) == 1
            assert await cache.aget(key + "none", "default") == "default"
            assert await cache.aadd(key, 2) is False
            assert await cache.atouch(key, 50) is True
            assert await cache.aincr(key, 5) == 6
            assert await cache.adecr(key) == 5
            with pytest.raises(ValueError, match="not found"):
                await cache.adecr(key + "none")
            large = "x" * (2**20 + 1)
            assert await cache.aset_many({key: 2, key + "b": large}) == [key + "b"]
            assert await cache.aget_many([key, key + "b"]) == {key: 2}
            assert await cache.adelete(key) is True
            await cache.aset_many({key: 2, key + "b": 3}, version=3)
            await cache.adelete_many([key], version=3)
            assert await cache.aget_many([key, key + "b"], version=3) == {key + "b": 3}
            await cache.aset(key, large)
            assert await cache.aget(key) is None
            await cache.aclose()

        asyncio.run(use())

    def test_clear(self, own_memcached):
        cache = cache_at(own_memcached.address)
        cache.set("k", 1)
        asyncio.run(cache.aclear())
        assert "k" not in cache

    def test_many_at_once_on_one_connection(self, own_memcached):
        cache = cache_at(own_memcached.address)

        async def use():
            await asyncio.gather(*(cache.aset(f"k{i}", i) for i in range(100)))
            assert await asyncio.gather(*(cache.aget(f"k{i}") for i in range(100))) == list(range(100))
            assert int(own_memcached.stat("curr_connections")) == 2  # with that of the question

        asyncio.run(use())

    def test_a_query_is_carried_out_by_a_thread(self, cache, key):
        from django.utils.asyncio import async_unsafe

        class Query:
            @async_unsafe
            def __reduce__(self):
                return list, ((1, 2),)

        async def use():
            await cache.aset(key, Query())
            assert await cache.aget(key) == [1, 2]
            assert await cache.aset_many({key: Query()}) == []
            assert await cache.aadd(key + "a", Query()) is True

        asyncio.run(use())
