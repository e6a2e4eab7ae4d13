"""The clients whose calls do not block: asyncio's, and futures. The calls that the cases make of them."""

import asyncio
import concurrent.futures
import functools

from . import cases
from .calls import expect


class Cmemcache:
    def __init__(self, host, port):
        import cmemcache
        self.library, self.client = cmemcache, cmemcache.AsyncClient([f"{host}:{port}"])

    async def connect(self):
        self.key, self.value = str, bytes
        self.get, self.set = self.client.get, self.client.set


class Aiomcache:
    def __init__(self, host, port):
        import aiomcache
        self.library, self.address = aiomcache, (host, port)

    async def connect(self):
        self.client = self.library.Client(*self.address)
        self.key, self.value = str.encode, bytes
        self.get, self.set = self.client.get, self.client.set


class Emcache:
    """With its automatic batches, so that what 100 tasks ask can go together."""

    def __init__(self, host, port):
        import emcache
        self.library, self.address = emcache, emcache.MemcachedHostAddress(host, port)

    async def connect(self):
        self.client = await self.library.create_client([self.address], autobatching=True, timeout=None)
        self.key = str.encode
        self.get, self.set = self.client.get, self.client.set

    @staticmethod
    def value(item):
        return item.value


class AioCalls:
    """As many tasks as there are keys, each of which gets its key, time after time."""

    verbs = ["tasks"]

    def __init__(self, client, loop):
        self.client, self.loop = client, loop
        loop.run_until_complete(client.connect())

    def make(self, verb, keys, value, calls):
        keys = [self.client.key(key) for key in keys]
        get = self.client.get

        async def check():
            for key in keys:
                await self.client.set(key, value)
                expect(self.client.value(await get(key)) == value, "get")

        async def gets(key, count):
            for _ in range(count):
                if await get(key) is None:
                    raise AssertionError("get: a miss")

        async def tasks(count):
            await asyncio.gather(*[gets(key, count) for key in keys])

        self.loop.run_until_complete(check())
        play = tasks if len(keys) > 1 else functools.partial(gets, keys[0])
        return lambda count: self.loop.run_until_complete(play(count))


class FutureCalls:
    """As many gets under way as there are keys, then all waited for."""

    verbs = ["in_flight"]

    def __init__(self, host, port):
        import cmemcache
        self.library, self.client = cmemcache, cmemcache.FutureClient([f"{host}:{port}"])
        self.get = self.client.get

    def store(self, mapping):
        return self.client.set_multi(mapping).result()

    def make(self, verb, keys, value, calls):
        expect(not self.store(dict.fromkeys(keys, value)), "set_multi")
        get = self.get
        expect(get(keys[-1]).result() == value, "get")

        def play(count):
            for _ in range(count):
                futures = [get(key) for key in keys]
                for future in futures:
                    if future.result() is None:
                        raise AssertionError("get: a miss")
        return play


class PylibmcFutures(FutureCalls):
    """What a user of a blocking client does for want of futures: an executor, whose threads each take a client from a pool.

    (1, 2, 4, 8 and 16 threads cost the same within a fifth, pinned.)
    """

    def __init__(self, host, port):
        import pylibmc
        self.library = pylibmc
        client = pylibmc.Client([f"{host}:{port}"], behaviors={"tcp_nodelay": True})
        self.pool, self.put = pylibmc.ThreadMappedPool(client), client.set_multi
        self.executor = concurrent.futures.ThreadPoolExecutor(cases.THREADS)

    def _get(self, key):
        with self.pool.reserve() as client:
            return client.get(key)

    def store(self, mapping):
        return self.put(mapping)

    def get(self, key):
        return self.executor.submit(self._get, key)


class BareFutures:
    """What the Future objects cost that any such client has to make, set and read: another floor."""

    verbs = ["in_flight"]
    library = concurrent.futures

    def __init__(self, host, port):
        pass

    def make(self, verb, keys, value, calls):
        def play(count):
            for _ in range(count):
                futures = [concurrent.futures.Future() for _ in keys]
                for future in futures:
                    future.set_result(value)
                for future in futures:
                    future.result()
        return play
