"""Calls to be awaited in an asyncio event loop. The verbs are C++; here is what is called seldom."""

from . import _cmemcache, _slabs
from ._fronts import Front


class _Done:
    """What is done already, and may be awaited."""

    def __await__(self):
        return
        yield


class AsyncClient(Front):
    """A client for asyncio: each call returns a future of the running loop, to be awaited.

    ``AsyncClient(servers, **options)`` is one of its own, with the values and options of a ``Client``; ``client.aio`` is the
    same for a client that is there, with its values, servers, options and counters. Trouble raises where the call is
    awaited; ``errors="miss"`` is for one of its own.

    The loop itself watches the connections, one a server: there is no thread, but for the lookup of a server's name. The
    first call is sent at once if nothing is under way; what else is called in one turn of the loop is sent together, plain
    gets as one line. Tasks that wait for an answer go on as soon as it is there, before whatever else the loop has to do.
    A call that is cancelled, by ``task.cancel()``, ``wait_for()`` or ``timeout()``, is taken back if it was not sent yet; the
    reply to one that was is swallowed when it comes. One client may be used from several loops, each of which has
    connections of its own, in the loop's own thread; those of a closed loop go when another one is used, or with the
    client. Works with uvloop.

    ::

        async with cmemcache.AsyncClient(["127.0.0.1:11211"]) as mc:
            await mc.set("k", {"a": 1}, time=60)
            a, b = await asyncio.gather(mc.get("a"), mc.get("b"))

    :param servers: as for ``Client``.
    :param options: as for ``Client``, with ``errors="raise"``.
    """

    def __init__(self, servers, **options):
        self._begin(*self._client_for(servers, options))

    def _begin(self, client, raises):
        super().__init__(client, raises, None)

    def close(self):
        """Ends what is under way with ``ClosedError``, and the connections. May be awaited, and need not be.

        One of its own is closed for good. ``client.aio`` begins anew with the next call, unless ``client`` is closed.
        """
        if self._is_own:
            self.client.close()
        else:
            _cmemcache.close_loops(self.client)
        return _Done()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        self.close()

    async def get_slab_stats(self):
        """What ``Client.get_slab_stats()`` returns."""
        return _slabs.of_stats_slabs(await self.get_stats("slabs"))

    async def get_slabs(self):
        """What ``Client.get_slabs()`` returns."""
        return _slabs.of_stats_items(await self.get_stats("items"))


class StringAsyncClient(AsyncClient):
    """``aio`` of a ``StringClient``: bytes, and the caller's own flags."""


_cmemcache.install_awaitables(AsyncClient, False)
_cmemcache.install_awaitables(StringAsyncClient, True)
