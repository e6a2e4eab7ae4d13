"""A cache backend for Django. Nothing else in the package imports it, or Django.

::

    CACHES = {
        "default": {
            "BACKEND": "cmemcache.django.CmemcacheCache",
            "LOCATION": ["10.0.0.1:11211", "10.0.0.2:11211"],
            "OPTIONS": {"timeout": 0.5},
        }
    }
"""

import pickle

from asgiref.sync import sync_to_async
from django.core.cache.backends.base import DEFAULT_TIMEOUT, InvalidCacheBackendError, InvalidCacheKey
from django.core.cache.backends.memcached import BaseMemcachedCache
from django.core.exceptions import SynchronousOnlyOperation
from django.core.signals import setting_changed
from django.utils.functional import cached_property

import cmemcache

# [(what it was made of, client)]. Django makes a backend object for each thread, and for each request under ASGI: what they
# have in common is kept here. A list without a lock, which a fork could leave held.
_clients = []


def _shared_client(kind, servers, options):
    """The one client of this process that these settings give."""
    wanted = (kind, servers, options)
    for known, client in _clients:
        if known == wanted:
            return client
    _clients.append((wanted, kind(servers, **options)))
    return _shared_client(*wanted)  # another thread's, if that was quicker


def _forget_clients(*, setting, **_):
    if setting == "CACHES":  # in tests
        _clients.clear()


setting_changed.connect(_forget_clients)


class CmemcacheCache(BaseMemcachedCache):
    """Django's cache in memcached, by a ``cmemcache.Client``.

    ``LOCATION`` is a server or a list of servers as the client takes them, or a string with ``;`` or ``,`` between;
    ``OPTIONS`` are the client's options. The client is one for all threads, tasks and requests of the process, and keeps its
    connections. Pickles are written with the highest protocol, unless ``pickleProtocol`` or a profile says otherwise.

    Trouble with a server follows the option ``errors``, also where a call is awaited: with ``"miss"``, the default, a read
    is a miss and a store is not done.
    """

    def __init__(self, server, params):
        super().__init__(server, params, library=cmemcache, value_not_found_exception=ValueError)
        if self._options.get("profile", "python-memcached") == "python-memcached":
            self._options = {"pickleProtocol": pickle.HIGHEST_PROTOCOL, **self._options}

    @property
    def client_servers(self):
        return [server.strip() if isinstance(server, str) else server for server in self._servers]

    @cached_property
    def _cache(self):
        try:
            return _shared_client(self._class, self.client_servers, self._options)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise InvalidCacheBackendError(f"LOCATION or OPTIONS of a {type(self).__name__}: {error}") from error

    @cached_property
    def _aio(self):
        return cmemcache.AsyncClient.of(self._cache, raises=self._options.get("errors") == "raise")

    def validate_key(self, key):
        """Django counts characters, and memcached bytes."""
        super().validate_key(key)
        if not key.isascii() and len(key.encode("utf-8", "surrogatepass")) > 250:
            raise InvalidCacheKey(f"Cache key will cause errors if used with memcached: {key!r} (longer than 250 bytes)")

    def _key(self, key, version):
        key = self.make_key(key, version=version)
        self.validate_key(key)
        return key

    def _keys(self, keys, version):
        """The user's keys by those that the client gets."""
        return {self._key(key, version): key for key in keys}

    def set(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        key = self._key(key, version)
        try:
            if self._cache.set(key, value, self.get_backend_timeout(timeout)):
                return
        except cmemcache.ValueTooLarge:
            self._cache.delete(key)
            raise
        self._cache.delete(key)  # the old value must not stay

    def incr(self, key, delta=1, version=None):
        name = self._key(key, version)
        value = self._cache.incr(name, delta) if delta >= 0 else self._cache.decr(name, -delta)
        return self._found(key, value)

    def decr(self, key, delta=1, version=None):
        return self.incr(key, -delta, version)

    @staticmethod
    def _found(key, value):
        if value is None:
            raise ValueError(f"Key '{key}' not found")
        return value

    def set_many(self, data, timeout=DEFAULT_TIMEOUT, version=None):
        names = self._keys(data, version)
        values = {name: data[key] for name, key in names.items()}
        try:
            failed = list(self._cache.set_multi(values, self.get_backend_timeout(timeout)))
        except cmemcache.ValueTooLarge:  # which does not say whose
            self._cache.delete_multi(values)
            raise
        if failed:  # as in set()
            self._cache.delete_multi(failed)
        return [names[name] for name in failed]

    def close(self, **kwargs):
        """Nothing: Django calls it at the end of each request, and connections stay."""

    # What Django 4.0 and later hand to a thread is awaited here. What is not here they make of these.

    async def _store(self, verb, *args):
        try:
            return await getattr(self._aio, verb)(*args)
        except SynchronousOnlyOperation:  # the value is a query, which is carried out when it is pickled
            return await sync_to_async(getattr(self._cache, verb))(*args)

    async def aadd(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        return await self._store("add", self._key(key, version), value, self.get_backend_timeout(timeout))

    async def aget(self, key, default=None, version=None):
        return await self._aio.get(self._key(key, version), default)

    async def aset(self, key, value, timeout=DEFAULT_TIMEOUT, version=None):
        key = self._key(key, version)
        try:
            if await self._store("set", key, value, self.get_backend_timeout(timeout)):
                return
        except cmemcache.ValueTooLarge:
            await self._aio.delete(key)
            raise
        await self._aio.delete(key)

    async def atouch(self, key, timeout=DEFAULT_TIMEOUT, version=None):
        return bool(await self._aio.touch(self._key(key, version), self.get_backend_timeout(timeout)))

    async def adelete(self, key, version=None):
        return bool(await self._aio.delete(self._key(key, version)))

    async def aget_many(self, keys, version=None):
        names = self._keys(keys, version)
        return {names[name]: value for name, value in (await self._aio.get_multi(names)).items()}

    async def aincr(self, key, delta=1, version=None):
        name = self._key(key, version)
        value = await (self._aio.incr(name, delta) if delta >= 0 else self._aio.decr(name, -delta))
        return self._found(key, value)

    async def adecr(self, key, delta=1, version=None):
        return await self.aincr(key, -delta, version)

    async def aset_many(self, data, timeout=DEFAULT_TIMEOUT, version=None):
        names = self._keys(data, version)
        values = {name: data[key] for name, key in names.items()}
        try:
            failed = await self._store("set_multi", values, self.get_backend_timeout(timeout))
        except cmemcache.ValueTooLarge:
            await self._aio.delete_multi(values)
            raise
        if failed:
            await self._aio.delete_multi(failed)
        return [names[name] for name in failed]

    async def adelete_many(self, keys, version=None):
        await self._aio.delete_multi(self._keys(keys, version))

    async def aclear(self):
        await self._aio.flush_all()

    async def aclose(self, **kwargs):
        """Nothing, as ``close()``."""
