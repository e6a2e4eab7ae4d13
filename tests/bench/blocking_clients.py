"""The blocking Python clients, each behind the same few verbs.

A client has get, set, get_multi, set_multi, incr and delete; `threadsafe()` gives what eight threads may share. What a client
cannot do it does not have, and its cases are left out (calls.py).
"""

import functools
import pickle
import sys

from . import cases


class PythonMemcached:
    stores_objects = True

    def __init__(self, host, port):
        import memcache
        self.library = memcache
        self.client = memcache.Client([f"{host}:{port}"], pickleProtocol=pickle.HIGHEST_PROTOCOL)
        self.take_over(self.client)

    def take_over(self, client):
        self.get, self.set, self.delete, self.incr = client.get, client.set, client.delete, client.incr
        self.get_multi, self.set_multi = client.get_multi, client.set_multi

    def threadsafe(self):
        return self  # one connection a thread


class Cmemcache(PythonMemcached):
    def __init__(self, host, port, kind):
        import cmemcache
        self.library, self.stores_objects = cmemcache, kind == "Client"
        options = {"pickleProtocol": pickle.HIGHEST_PROTOCOL} if self.stores_objects else {}
        self.client = getattr(cmemcache, kind)([f"{host}:{port}"], **options)
        self.take_over(self.client)


class Pylibmc(PythonMemcached):
    def __init__(self, host, port):
        import pylibmc
        self.library = pylibmc
        self.client = pylibmc.Client([f"{host}:{port}"], behaviors={"tcp_nodelay": True})
        self.take_over(self.client)

    def threadsafe(self):
        """Its own pool, with a client for each thread."""
        pool = self.library.ThreadMappedPool(self.client)

        class Shared:
            def get(self, key):
                with pool.reserve() as client:
                    return client.get(key)

            def get_multi(self, keys):
                with pool.reserve() as client:
                    return client.get_multi(keys)
        return Shared()


class Pymemcache(PythonMemcached):
    def __init__(self, host, port):
        import pymemcache
        self.library, self.address = pymemcache, (host, port)
        # A reply is waited for, as all others do, and any value is stored, as most others do.
        self.options = {"serde": pymemcache.serde.pickle_serde, "default_noreply": False, "no_delay": True}
        self.client = pymemcache.Client(self.address, **self.options)
        self.take_over(self.client)
        self.incr = functools.partial(self.client.incr, value=1)

    def threadsafe(self):
        return self.library.PooledClient(self.address, max_pool_size=cases.THREADS, **self.options)


class Libmc(PythonMemcached):
    def __init__(self, host, port):
        import libmc
        self.library, self.address = libmc, f"{host}:{port}"
        self.client = libmc.Client([self.address])
        self.take_over(self.client)
        self.set_multi = lambda mapping: [] if self.client.set_multi(mapping) else list(mapping)

    def threadsafe(self):
        """Its pool, with a client for each thread; its default are four."""
        client = self.library.ThreadedClient([self.address])
        client.config(self.library.MC_MAX_CLIENTS, cases.THREADS)
        return client


class MetaMemcache:
    stores_objects = True

    def __init__(self, host, port):
        import meta_memcache
        import meta_memcache_socket  # noqa: F401: what makes it fast
        # With its default buffer, of 4 KB, it waits 200 ms at a time for the rest of a long reply.
        factory = meta_memcache.connection_pool_factory_builder(
            initial_pool_size=1, max_pool_size=cases.THREADS, no_delay=True, read_buffer_size=65536)
        self.library = meta_memcache
        serializer = meta_memcache.serializer.MixedSerializer(pickle.HIGHEST_PROTOCOL)
        serializer.COMPRESSION_THRESHOLD = sys.maxsize  # what has more than 128 bytes would be compressed
        client = self.client = meta_memcache.CacheClient.cache_client_from_servers(
            [meta_memcache.ServerAddress(host, port)], connection_pool_factory_fn=factory, serializer=serializer)
        self.get, self.get_multi, self.delete = client.get, client.multi_get, client.delete
        self.set, self.incr = functools.partial(client.set, ttl=0), functools.partial(client.delta, delta=1)

    def threadsafe(self):
        return self
