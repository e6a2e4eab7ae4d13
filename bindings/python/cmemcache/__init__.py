"""A memcached client.

::

    import cmemcache

    mc = cmemcache.Client(["127.0.0.1:11211"])          # any object that can be pickled
    mc.set("k", {"a": 1}, time=60)
    mc.get("k")

    raw = cmemcache.StringClient(["127.0.0.1:11211"])   # bytes, and the caller's own flags

``Client`` stands in for python-memcached's ``memcache.Client``.
"""

import sys

# The largest key and value, in bytes. A client takes them up when it is made; a server started with -I takes larger
# values.
SERVER_MAX_KEY_LENGTH = 250
SERVER_MAX_VALUE_LENGTH = 1024 * 1024

from ._errors import (  # noqa: E402
    AuthenticationError,
    ClosedError,
    DecodeError,
    Error,
    ProtocolError,
    ServerDown,
    ServerTimeout,
    ValueTooLarge,
)
from ._aio import AsyncClient  # noqa: E402
from ._client import Client, StringClient  # noqa: E402
from ._futures import FutureClient  # noqa: E402
from ._tls import TlsOptions  # noqa: E402
from ._cmemcache import version as __version__  # noqa: E402

__all__ = [
    "AsyncClient",
    "AuthenticationError",
    "Client",
    "ClosedError",
    "DecodeError",
    "Error",
    "FutureClient",
    "ProtocolError",
    "SERVER_MAX_KEY_LENGTH",
    "SERVER_MAX_VALUE_LENGTH",
    "ServerDown",
    "ServerTimeout",
    "StringClient",
    "TlsOptions",
    "ValueTooLarge",
    "log",
]

for _class in (StringClient, Client, FutureClient, AsyncClient, TlsOptions):
    _class.__module__ = __name__
del _class


def log(text):
    """Writes a line to stderr. Clients with ``debug`` set hand it their trouble; replace it to have that elsewhere::

        cmemcache.log = logging.getLogger("cmemcache").warning
    """
    sys.stderr.write(f"MemCached: {text}\n")
