"""The ways to call a client, behind one face: each verb returns the plain result.

    style = STYLES["Client.futures"]([server.address], key_prefix="p:")
    style.set("k", b"v")      # True, as the blocking client has it
    style.close()

So that one table of behaviour holds for all of them. `style.client` is the blocking client behind it, `style.raises` says
whether server trouble raises, `style.takes_flags` whether stores take the caller's own flags.
"""

import asyncio
import concurrent.futures
import inspect

import cmemcache


class Style:
    """A front, which may be the client itself, and how its results are waited for."""

    def __init__(self, client, front, raises):
        self.client, self.front, self.raises = client, front, raises
        self.takes_flags = not isinstance(client, cmemcache.Client)

    def __getattr__(self, name):
        found = getattr(self.front, name)
        return (lambda *args, **kwargs: self.result_of(found, args, kwargs)) if callable(found) else found

    def result_of(self, call, args, kwargs):
        return call(*args, **kwargs)

    def close(self):
        self.front.close()
        self.client.close()


class Futures(Style):
    def result_of(self, call, args, kwargs):
        result = call(*args, **kwargs)
        return result.result(10) if isinstance(result, concurrent.futures.Future) else result


class Awaitables(Style):
    def __init__(self, client, front, raises):
        super().__init__(client, front, raises)
        self.loop = asyncio.new_event_loop()

    def result_of(self, call, args, kwargs):
        async def wait():
            result = call(*args, **kwargs)
            return await result if inspect.isawaitable(result) else result

        return self.loop.run_until_complete(wait())

    def close(self):
        super().close()
        self.loop.run_until_complete(asyncio.sleep(0))
        self.loop.close()


def _blocking(kind):
    def make(servers, errors="miss", **options):
        client = kind(servers, errors=errors, **options)
        return Style(client, client, errors == "raise")
    return make


def _of_a_client(kind, name, style):
    """`client.futures` and `client.aio`: trouble raises there, whatever the client's `errors`."""
    def make(servers, **options):
        client = kind(servers, **options)
        return style(client, getattr(client, name), True)
    return make


def _of_its_own(kind, style):
    def make(servers, errors="raise", **options):
        front = kind(servers, errors=errors, **options)
        return style(front.client, front, errors == "raise")
    return make


STYLES = {
    "Client": _blocking(cmemcache.Client),
    "Client.futures": _of_a_client(cmemcache.Client, "futures", Futures),
    "Client.aio": _of_a_client(cmemcache.Client, "aio", Awaitables),
    "FutureClient": _of_its_own(cmemcache.FutureClient, Futures),
    "AsyncClient": _of_its_own(cmemcache.AsyncClient, Awaitables),
    "StringClient": _blocking(cmemcache.StringClient),
    "StringClient.futures": _of_a_client(cmemcache.StringClient, "futures", Futures),
    "StringClient.aio": _of_a_client(cmemcache.StringClient, "aio", Awaitables),
}
