"""The clients whose profiles we have, behind one face, and the table of what passes between them and us.

    peer = PEERS["pylibmc"]
    theirs = peer(["127.0.0.1:11211"], compress=True)      # values of 100 bytes and more are to be compressed
    theirs.set("k", [1]); theirs.get("k"); theirs.set_multi({...}); theirs.close()

`peer.missing` says why it cannot be had, and is "" where it can.
"""

import importlib

MIN_COMPRESS_LEN = 100


def _module(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


class _Peer:
    """One of them, and a client of its kind. `weights`: by server, where it takes any."""

    compresses = True

    def close(self):
        """Nothing that would not go by itself."""

    def get(self, key):
        return self.client.get(key)

    def set(self, key, value):
        return self.client.set(key, value)

    def set_multi(self, pairs):
        """Whether all were stored."""
        return not self.client.set_multi(pairs)

    @staticmethod
    def becomes(value):
        """What comes back for a value that it has stored."""
        return value


class PythonMemcached(_Peer):
    module = _module("memcache")
    missing = "" if module else "python-memcached is not installed"
    version = module and module.__version__

    def __init__(self, servers, weights=None, compress=False):
        self.client = self.module.Client(list(zip(servers, weights)) if weights else servers)
        self.least = MIN_COMPRESS_LEN if compress else 0

    def set(self, key, value):
        return self.client.set(key, value, min_compress_len=self.least)

    def close(self):
        self.client.disconnect_all()


class Pylibmc(_Peer):
    module = _module("pylibmc")
    missing = "" if module else "pylibmc is not installed"
    version = module and module.__version__

    def __init__(self, servers, weights=None, compress=False, **behaviors):
        servers = [f"{server}:{weight}" for server, weight in zip(servers, weights)] if weights else servers
        self.client = self.module.Client(servers, behaviors=behaviors or None)
        self.least = MIN_COMPRESS_LEN if compress else 0

    def set(self, key, value):
        return self.client.set(key, value, min_compress_len=self.least)

    @staticmethod
    def becomes(value):
        for kind in (bytes, str, int):
            if isinstance(value, kind):
                return kind(value)
        return value


class Pymemcache(_Peer):
    module = _module("pymemcache")
    missing = "" if module else "pymemcache is not installed"
    version = module and module.__version__
    serde = module and importlib.import_module("pymemcache.serde")
    compresses = hasattr(serde, "CompressedSerde")  # from 3.6 on

    def __init__(self, servers, compress=False, **options):
        hash_client = importlib.import_module("pymemcache.client.hash").HashClient
        serde = self.serde.CompressedSerde(min_compress_len=MIN_COMPRESS_LEN) if compress else self.serde.pickle_serde
        addresses = [(host, int(port)) for host, port in (server.split(":") for server in servers)]
        self.client = hash_client(addresses, serde=serde, allow_unicode_keys=True, default_noreply=False, **options)

    def close(self):
        self.client.close()


class Libmc(_Peer):
    module = _module("libmc")
    missing = "" if module else "libmc is not installed"
    version = module and importlib.import_module("importlib.metadata").version("libmc")

    def __init__(self, servers, compress=False, **options):
        self.client = self.module.Client(servers, comp_threshold=MIN_COMPRESS_LEN if compress else 0, **options)
        for wait in (self.module.MC_POLL_TIMEOUT, self.module.MC_CONNECT_TIMEOUT):
            self.client.config(wait, 10_000)  # milliseconds; its own are a fraction of a second

    def set_multi(self, pairs):
        return self.client.set_multi(pairs)

    @staticmethod
    def becomes(value):
        return bytes(value) if isinstance(value, (bytes, bytearray)) else value


PEERS = {"python-memcached": PythonMemcached, "pylibmc": Pylibmc, "pymemcache": Pymemcache, "libmc": Libmc}

_cells = {}


def record(kind, peer, mark):
    """A mark in the table, of a value that has passed: `<` theirs was read, `>` ours was, `=` the bytes are the same."""
    _cells.setdefault(kind, {}).setdefault(peer, set()).add(mark)


def table():
    """The lines of the table of all that was recorded; none where nothing was."""
    if not _cells:
        return []
    heads = {name: name if peer.missing else f"{name} {peer.version}" for name, peer in PEERS.items()}
    wide = max(map(len, _cells))
    lines = ["| " + " | ".join([" " * wide, *heads.values()]) + " |"]
    lines.append("| " + " | ".join(["-" * wide, *("-" * len(head) for head in heads.values())]) + " |")
    for kind, by_peer in _cells.items():
        cells = (_cell(by_peer.get(name, ())).ljust(len(head)) for name, head in heads.items())
        lines.append("| " + " | ".join([kind.ljust(wide), *cells]) + " |")
    return lines


def _cell(marks):
    comes_back_as = [mark for mark in marks if mark not in "<>="]
    return " ".join([*(mark for mark in "<>=" if mark in marks), *comes_back_as]) or "-"
