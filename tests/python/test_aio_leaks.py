"""Over many clients, loops and calls nothing piles up."""

import asyncio
import gc
import sys
import tracemalloc

import cmemcache
from support.event_loops import descriptors, loop_factory, run  # noqa: F401


class TestNothingIsLeft:
    def test_descriptors_over_many_clients(self, run, memcached, key):
        async def main():
            for n in range(51):
                client = cmemcache.AsyncClient([memcached.address])
                await client.set(key, n)
                if n % 2:
                    client.close()
                del client
                if n == 0:
                    before = descriptors()
            assert descriptors() == before
        run(main())

    def test_descriptors_over_many_loops(self, loop_factory, memcached, make_client, key):
        client = make_client(cmemcache.AsyncClient, [memcached.address])

        async def main():
            await asyncio.gather(*(client.set(key, n) for n in range(5)))

        for n in range(51):
            loop = loop_factory()
            loop.run_until_complete(main())
            loop.close()
            if n == 0:
                before = descriptors()
        assert descriptors() == before

    def test_objects_and_memory(self, run, memcached, make_client, key):
        """Thousands of calls, good, bad and cancelled ones, leave what a hundred leave."""
        client = make_client(cmemcache.AsyncClient, [memcached.address])
        value, missing = ("a value", 17), object()

        async def some(count):
            for n in range(count):
                await client.set(key, value)
                assert await client.get(key, missing) == value
                assert await client.get(key + "-none", missing) is missing
                assert await client.get_multi([key, "absent"]) == {key: value}
                cancelled = client.get(key)
                cancelled.cancel()
                for bad in (client.get("bad key"), client.incr(key)):
                    try:
                        await bad
                    except Exception:
                        pass

        async def main():
            await some(100)
            gc.collect()
            tracemalloc.start()
            await some(20)
            gc.collect()
            before = sys.getrefcount(value), sys.getrefcount(missing), sys.getrefcount(key), len(gc.get_objects())
            memory = tracemalloc.get_traced_memory()[0]
            await some(500)
            gc.collect()
            after = sys.getrefcount(value), sys.getrefcount(missing), sys.getrefcount(key), len(gc.get_objects())
            grown = tracemalloc.get_traced_memory()[0] - memory
            tracemalloc.stop()
            assert after[:3] == before[:3] and abs(after[3] - before[3]) < 20
            assert grown < 20_000
        run(main())
