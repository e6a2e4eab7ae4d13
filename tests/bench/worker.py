"""A Python contender: a process that plays what it is told on standard input. contest.hpp is the same in C++.

    python3 -m bench.worker NAME HOST PORT

It says "ready VERBS" (one of the words is version=V), or "absent WHY". Then it reads lines VERB STEM KEYS KEY_SIZE
VALUE_SIZE CALLS and answers each with the seconds that a call took, or "failed WHY".
"""

import asyncio
import contextlib
import importlib.metadata
import sys
import time
import warnings

from . import aio_clients, blocking_clients, cases, postgres
from .calls import Calls


def _blocking(kind, *args):
    return lambda host, port: Calls(kind(host, port, *args))


def _aio(kind, uvloop=False):
    def make(host, port):
        if uvloop:
            import uvloop as loops
        else:
            loops = asyncio
        return aio_clients.AioCalls(kind(host, port), loops.new_event_loop())
    return make


PLAYERS = {
    "StringClient": _blocking(blocking_clients.Cmemcache, "StringClient"),
    "Client": _blocking(blocking_clients.Cmemcache, "Client"),
    "FutureClient": aio_clients.FutureCalls,
    "AsyncClient": _aio(aio_clients.Cmemcache),
    "AsyncClient+uvloop": _aio(aio_clients.Cmemcache, uvloop=True),
    "pylibmc": _blocking(blocking_clients.Pylibmc),
    "libmc": _blocking(blocking_clients.Libmc),
    "pymemcache": _blocking(blocking_clients.Pymemcache),
    "python-memcached": _blocking(blocking_clients.PythonMemcached),
    "meta-memcache": _blocking(blocking_clients.MetaMemcache),
    "aiomcache": _aio(aio_clients.Aiomcache),
    "aiomcache+uvloop": _aio(aio_clients.Aiomcache, uvloop=True),
    "emcache": _aio(aio_clients.Emcache),
    "emcache+uvloop": _aio(aio_clients.Emcache, uvloop=True),
    "bare-Future": aio_clients.BareFutures,
    "pylibmc+executor": aio_clients.PylibmcFutures,
    "PostgreSQL": _blocking(postgres.Postgres),
}


def play(player, made, line):
    """Seconds a call."""
    verb, stem, keys, key_size, value_size, calls = line.split()
    keys, calls = int(keys), int(calls)
    # A deleted key has to be stored again.
    if verb == "delete" or (verb, stem) not in made:
        names = cases.keys_of(stem, calls if verb == "delete" else keys, int(key_size))
        made[verb, stem] = player.make(verb, names, b"x" * int(value_size), calls)
    run = made[verb, stem]
    start = time.perf_counter()
    made_calls = run(calls) or calls
    return (time.perf_counter() - start) / made_calls


def version_of(player):
    library = getattr(player, "library", None) or player.client.library
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.version(library.__name__)
    return getattr(library, "__version__", "?")


def main(name, host, port):
    warnings.simplefilter("ignore")  # of libraries older than the interpreter
    try:
        player = PLAYERS[name](host, int(port))
    except Exception as error:
        return print(f"absent {type(error).__name__}: {error}".replace("\n", " "), flush=True)
    print("ready", *player.verbs, f"version={version_of(player)}", flush=True)
    made = {}
    for line in sys.stdin:
        try:
            print(play(player, made, line), flush=True)
        except Exception as error:
            print(f"failed {type(error).__name__}: {error}".replace("\n", " "), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
