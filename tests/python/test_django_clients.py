"""The client behind Django's cache: one for all threads, requests and tasks of a process, in forks and in trouble."""

import asyncio
import os
import threading
import time

import cmemcache
import pytest

pytest.importorskip("django")

from django.core.cache import CacheHandler  # noqa: E402

from support import processes  # noqa: E402
from support.django_cache import cache_at, settings_for  # noqa: E402


def connections(server):
    """How many there are, but for the one that asks."""
    return int(server.stat("curr_connections")) - 1


def at_once(count, work):
    """Runs work(n) on as many threads, all at the same time; what they returned."""
    results, start = [None] * count, threading.Barrier(count)

    def run(n):
        start.wait()
        results[n] = work(n)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


class TestOneClient:
    def test_for_all_threads(self, own_memcached):
        caches = CacheHandler({"default": settings_for(own_memcached.address)})

        def use(n):
            cache = caches["default"]
            cache.set(f"k{n}", n)
            assert cache.get(f"k{n}") == n
            return cache, cache._cache

        backends, clients = zip(*at_once(12, use))
        assert len(set(map(id, backends))) == 12 and len(set(map(id, clients))) == 1
        assert clients[0].get_multi([f":1:k{n}" for n in range(12)]) == {f":1:k{n}": n for n in range(12)}

    def test_for_equal_settings_and_only_for_those(self, memcached):
        a, b = (cache_at(memcached.address, {"timeout": 1, "key_prefix": b"x"}, KEY_PREFIX=prefix) for prefix in "ab")
        other = cache_at(memcached.address, {"timeout": 2, "key_prefix": b"x"})
        assert a._cache is b._cache is not other._cache

    def test_keeps_its_connections_between_requests(self, own_memcached):
        caches = CacheHandler({"default": settings_for(own_memcached.address)})
        for _ in range(5):
            caches["default"].set("k", 1)
            before = int(own_memcached.stat("total_connections"))
            caches["default"].close()  # as at the end of a request
            caches["default"].set("k", 2)
            assert int(own_memcached.stat("total_connections")) == before + 1  # that of the question
        assert connections(own_memcached) == 1

    def test_and_when_each_request_has_a_backend_object_of_its_own(self, own_memcached):
        for _ in range(5):
            cache_at(own_memcached.address).set("k", 1)
        assert connections(own_memcached) == 1

    def test_is_made_anew_when_a_test_has_changed_the_settings(self, memcached):
        processes.run("""
            import sys
            from django.conf import settings
            from django.core.cache import cache
            from django.test import override_settings

            params = {"BACKEND": "cmemcache.django.CmemcacheCache", "LOCATION": sys.argv[1]}
            settings.configure(CACHES={"default": params})
            client = cache._cache
            with override_settings(LANGUAGES=[]):
                assert cache._cache is client
            with override_settings(CACHES={"default": {**params, "KEY_PREFIX": "test"}}):
                assert cache._cache is not client
        """, memcached.address)


class TestForks:
    def test_workers_that_were_forked_after_a_use(self, own_memcached):
        """As a server does that loads the application before it forks."""
        cache = cache_at(own_memcached.address)
        cache.set("k", "parent")

        def work(n):
            for i in range(50):
                cache.set(f"{n}", [n, i])
                assert cache.get(f"{n}") == [n, i]
                assert cache.get_many(["k", f"{n}"]) == {"k": "parent", f"{n}": [n, i]}

        children = [processes.in_child(lambda n=n: work(n)) for n in range(4)]
        work(4)
        assert all([processes.ended_well(child) for child in children])

    def test_amid_threads(self, memcached):
        """A child can use the cache whatever the other threads were at."""
        done = threading.Event()

        def make_caches(n):
            i = 0
            while not done.is_set():
                i += 1
                cache_at(memcached.address, {"key_prefix": f"{n}{i % 7}"}).set("k", 1)

        def in_child():
            cache_at(memcached.address, {"key_prefix": "child"}).set("k", os.getpid())
            assert cache_at(memcached.address, {"key_prefix": "child"}).get("k") == os.getpid()

        threads = [threading.Thread(target=make_caches, args=(n,)) for n in range(2)]
        for thread in threads:
            thread.start()
        try:
            assert all([processes.ended_well(processes.in_child(in_child)) for _ in range(10)])
        finally:
            done.set()
            for thread in threads:
                thread.join()


class TestEventLoops:
    def test_one_after_the_other(self, own_memcached):
        """As async views under WSGI have them: one for each request."""
        cache = cache_at(own_memcached.address)

        async def use(n):
            await cache.aset("k", n)
            return await cache.aget("k")

        assert [asyncio.run(use(n)) for n in range(10)] == list(range(10))
        assert connections(own_memcached) <= 1

    def test_several_at_once(self, memcached, key):
        async def use(n):
            await cache_at(memcached.address).aset(f"{key}{n}", n)
            return await cache_at(memcached.address).aget(f"{key}{n}")

        assert at_once(4, lambda n: asyncio.run(use(n))) == list(range(4))


class TestDeadServer:
    def test_reads_as_a_miss(self, closed_port):
        told = []
        cache = cache_at(closed_port, {"on_error": told.append})
        cache.set("k", 1)
        assert (cache.get("k", "default"), cache.add("k", 1), cache.touch("k"), cache.delete("k")) == ("default", 0, 0, 0)
        assert cache.get_many(["a", "b"]) == {} and cache.set_many({"a": 1, "b": 2}) == ["a", "b"]
        assert cache.get_or_set("k", lambda: 5) == 5
        assert "k" not in cache
        cache.delete_many(["a"])
        cache.clear()
        for call in (cache.incr, cache.decr, cache.incr_version):
            with pytest.raises(ValueError, match="not found"):
                call("k")
        assert told and all(isinstance(error, cmemcache.ServerDown) for error in told)

    def test_also_where_it_is_awaited(self, closed_port):
        cache = cache_at(closed_port)

        async def use():
            await cache.aset("k", 1)
            assert await cache.aget("k", "default") == "default"
            assert await cache.aget_many(["k"]) == {} and await cache.aset_many({"k": 1}) == ["k"]
            assert not await cache.aadd("k", 1) and not await cache.adelete("k") and not await cache.atouch("k")
            with pytest.raises(ValueError, match="not found"):
                await cache.aincr("k")
            await cache.aclear()

        asyncio.run(use())
        assert isinstance(cache._cache.last_error, cmemcache.ServerDown)

    def test_raises_where_that_was_asked_for(self, closed_port):
        cache = cache_at(closed_port, {"errors": "raise"})
        for call in (lambda: cache.get("k"), lambda: cache.set("k", 1), lambda: cache.get_many(["k"]),
                     lambda: cache.set_many({"k": 1}), lambda: cache.incr("k"), lambda: asyncio.run(cache.aget("k"))):
            with pytest.raises(cmemcache.ServerDown):
                call()

    def test_a_restart_is_survived(self, own_memcached):
        cache = cache_at(own_memcached.address, {"dead_retry": 0})
        cache.set("k", 1)
        own_memcached.restart()
        assert cache.get("k") is None
        cache.set("k", 2)
        assert cache.get("k") == 2

    def test_one_that_hangs_costs_its_deadline_once(self, own_memcached):
        cache = cache_at(own_memcached.address, {"timeout": 0.2})
        cache.set("k", 1)
        own_memcached.pause()
        try:
            start = time.monotonic()
            for _ in range(20):
                assert cache.get("k") is None
            assert time.monotonic() - start < 2  # twenty deadlines are four seconds
        finally:
            own_memcached.resume()
