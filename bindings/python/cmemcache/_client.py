"""The blocking clients. The verbs are C++; here are the options, and what is called seldom."""

import io
import pickle
import sys
import threading
import weakref
import zlib

from . import _cmemcache, _errors, _profiles, _slabs
from ._aio import AsyncClient, StringAsyncClient
from ._futures import FutureClient, StringFutureClient
from ._options import options_for_engine


class StringClient(_cmemcache.ClientBase):
    """A blocking client for bytes.

    Values are bytes-like, or str which is sent as UTF-8; they come back as bytes. The 32-bit ``flags`` are the
    caller's: ``set(key, val, time, flags)``, ``getflags(key)``.

    May be used by several threads at once, each call on a connection of its own. A forked child opens its own
    connections. ``with`` closes it.

    :param servers: list of ``"host:port"``, ``"host"`` (port 11211), ``"[address]:port"``, ``"inet:host:port"``,
        ``"inet6:[address]:port"``, ``"unix:/path"``, ``"/path"``, and of ``(server, weight)``. ``"host:port alias"``
        (or ``"/path alias"``) is placed by its alias: keys stay with a server that moves. ``modulo`` and ``modula``
        place by the order of the list only.
    :param debug: true: trouble is logged through ``cmemcache.log``.

    The other parameters are keywords:

    :param timeout: seconds, the deadline of a whole call over all its servers; None: ``socket_timeout``.
    :param socket_timeout: seconds (3), under python-memcached's name.
    :param connect_timeout: seconds (1.0), for one connection, over all addresses of its server; inside ``timeout``.
    :param dead_retry: seconds (30) that a server marked dead is left alone.
    :param resolve_interval: seconds (60) after which a server's name is looked up again; when it has moved, connections
        are made anew. 0: only when connecting.
    :param discovery: true: ``servers`` are configuration endpoints of an ElastiCache cluster, which are asked for the
        servers; the first call waits for the list, inside its ``timeout``. See ``discovery_status()``.
    :param discovery_interval: seconds (60) after which they are asked again, while the client is in use.
    :param distribution: ``"modulo"`` (unless a profile brings another), ``"modula"``, ``"ketama"``, ``"ketama_weighted"``,
        ``"rendezvous"``.
    :param hash: ``"crc"`` (unless a profile brings another), ``"crc32"``, ``"md5"``, ``"one_at_a_time"``, ``"fnv1_32"``,
        ``"fnv1a_32"``, ``"murmur3"``, ``"murmur"``.
    :param protocol: ``"auto"``: asks the server's version once per connection, then speaks the best that it knows;
        ``"text"``, ``"meta"``, ``"binary"``.
    :param username: str, without blanks. Said on each connection, with ``password``, before anything else: as memcached's
        ASCII authentication (``-Y``) wants it, or by SASL PLAIN (``-S``) with ``protocol="binary"``; ``"auto"`` finds out.
    :param password: str. A server that does not take the two gives ``AuthenticationError``.
    :param errors: ``"miss"``: server trouble reads as a miss, stores give 0, ``last_error`` holds the exception.
        ``"raise"``: it raises ``cmemcache.Error``.
    :param on_error: called with each exception that ``errors="miss"`` does not raise.
    :param key_prefix: str or bytes, before every key on the wire.
    :param failover: whether a dead server's keys move to the next one (True).
    :param max_connections: sockets per server (8) for blocking calls; a caller over that waits, inside its deadline.
    :param pipelined_connections: sockets per server (1) for futures, and for each event loop.
    :param max_in_flight: keys (16384) asked for and not answered on each of these; the others wait in their turn.
    :param max_in_flight_bytes: bytes (8 MiB) of keys and values that are not answered on each of these.
    :param flush_on_reconnect: whether a server that was marked dead is flushed when it comes back (False).
    :param tls: True, or a ``cmemcache.TlsOptions``: what is spoken goes through TLS, to every server.
    :param cache_cas: whether ``gets()`` remembers its token for ``cas()`` (False); see ``reset_cas()``.
    :param key_encoder: called once with each key, gives the key to use.
    :param server_max_key_length: bytes; can only lower memcached's own limit of 250.
    :param server_max_value_length: bytes (1 MiB); longer values are not sent; 0: no limit.
    :param check_keys: taken for python-memcached's sake. Keys are always checked: an unchecked one could be a second
        command to the server.

    :raises ValueError: a server or an option that is none.
    :raises TypeError: a server that is no string, an option of the wrong type.

    :ivar last_error: the last exception that server trouble gave, raised or not; None at first.
    """

    MemcachedKeyError = _errors.MemcachedKeyError
    MemcachedKeyLengthError = _errors.MemcachedKeyLengthError
    MemcachedKeyCharacterError = _errors.MemcachedKeyCharacterError
    MemcachedKeyNoneError = _errors.MemcachedKeyNoneError
    MemcachedKeyTypeError = _errors.MemcachedKeyTypeError
    MemcachedStringEncodingError = _errors.MemcachedStringEncodingError

    last_error = None
    on_error = None

    def __init__(self, servers, debug=0, *, profile="raw", **options):
        if profile != "raw":
            raise ValueError(f"profile={profile!r}: a StringClient's values are bytes; a Client has profiles")
        self._start(servers, debug, profile=profile, **options)

    def _start(
        self,
        servers,
        debug,
        *,
        dead_retry=30,
        socket_timeout=3,
        cache_cas=False,
        flush_on_reconnect=0,
        check_keys=True,
        key_encoder=None,
        server_max_key_length=None,
        server_max_value_length=None,
        on_error=None,
        **further,
    ):
        if on_error is not None and not callable(on_error):
            raise TypeError(f"on_error must be callable, not {type(on_error).__name__}")
        servers = servers if isinstance(servers, (str, bytes)) else list(servers)
        super().__init__(
            servers,
            options_for_engine(
                dead_retry=dead_retry,
                socket_timeout=socket_timeout,
                cache_cas=cache_cas,
                flush_on_reconnect=flush_on_reconnect,
                key_encoder=key_encoder,
                server_max_key_length=server_max_key_length,
                server_max_value_length=server_max_value_length,
                **further,
            ),
        )
        self.debug = debug
        self._tokens = threading.local()
        if on_error is not None:
            self.on_error = on_error

    @property
    def futures(self):
        """The same client with calls that return a ``concurrent.futures.Future``: a ``FutureClient``."""
        return self._way("_futures", FutureClient if isinstance(self, Client) else StringFutureClient)

    @property
    def aio(self):
        """The same client with calls to be awaited in an asyncio loop: an ``AsyncClient``."""
        return self._way("_aio", AsyncClient if isinstance(self, Client) else StringAsyncClient)

    def _way(self, name, kind):
        # Weakly kept, so that whoever lets go of the client lets go of all.
        kept = self.__dict__.get(name)
        way = kept() if kept is not None else None
        if way is None:
            way = kind.of(self)
            self.__dict__[name] = weakref.ref(way)
        return way

    def __del__(self, _end=_cmemcache.end):  # by then the module may have been emptied
        _end(self)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __reduce__(self):
        raise TypeError(f"cannot pickle or copy a {type(self).__name__}: it has connections")

    @property
    def cas_ids(self):
        """The tokens that ``gets()`` has kept for ``cas()`` in this thread: a dict by key, as bytes."""
        try:
            return self._tokens.by_key
        except AttributeError:
            self._tokens.by_key = {}
            return self._tokens.by_key

    def reset_cas(self):
        """Forgets the tokens that ``gets()`` has kept in this thread. Nothing else does: with ``cache_cas`` they pile up."""
        self._tokens.by_key = {}

    def get_slab_stats(self):
        """``[(server, {slab: {name: value}})]`` of ``stats slabs``; names of no slab are beside the slabs. All str.

        Server trouble: as in ``get_stats()``.
        """
        return _slabs.of_stats_slabs(self.get_stats("slabs"))

    def get_slabs(self):
        """``[(server, {slab: {name: value}})]`` of ``stats items``. All str.

        Server trouble: as in ``get_stats()``.
        """
        return _slabs.of_stats_items(self.get_stats("items"))

    def debuglog(self, text):
        """Hands ``text`` to ``cmemcache.log`` if ``debug`` is set."""
        if self.debug:
            sys.modules["cmemcache"].log(text)

    def _report(self, error):
        """What happens to an exception that is not raised. Called from C++."""
        self.last_error = error
        self.debuglog(str(error))
        if self.on_error is not None:
            self.on_error(error)

    def _undecodable(self, key, flags, cause, raises):
        """Deals with a value that cannot be decoded, and is read as a miss then. Called from C++."""
        if cause is None:
            error = _errors.DecodeError(f"the value of {key!r} has flags that are not known: {flags} ({flags:#x})")
        else:
            error = _errors.DecodeError(f"the value of {key!r} (flags {flags}) cannot be decoded: {cause!r}")
            error.__cause__ = cause
        if raises:
            self.last_error = error
            raise error
        self._report(error)


class Client(StringClient):
    """A blocking client for any object that can be pickled: python-memcached's, by another name.

    The parameters are those of python-memcached, and StringClient's as keywords. With the profile
    ``"python-memcached"`` bytes, str and int are stored as they are, everything else as a pickle; each comes back as
    what it was. A pickle that does not load reads as a miss, is logged and left in ``last_error``; so do flags that
    the profile does not know, which raise ``DecodeError`` with ``errors="raise"``.

    The profiles ``"pylibmc"``, ``"pymemcache"`` and ``"libmc"`` write and read what these libraries do, and put keys where
    they do unless ``distribution`` or ``hash`` is given.

    Do not unpickle what others can write: whoever can store in the memcached can run code here.

    :param pickleProtocol: of the pickles that are written; None: the profile's library's (python-memcached: 0).
    :param pickler: called with a file and ``protocol=``, gives what has ``dump()``.
    :param unpickler: called with a file, gives what has ``load()``.
    :param compressor: bytes to bytes, for values longer than the call's ``min_compress_len`` (pylibmc: or as long).
    :param decompressor: the other way.
    :param pload: ``persistent_load`` of the unpickler.
    :param pid: ``persistent_id`` of the pickler.
    :param profile: ``"python-memcached"``, ``"pylibmc"``, ``"pymemcache"``, ``"libmc"``, ``"raw"`` (bytes in, bytes out), or
        an object with ``dumps(key, value) -> (bytes, flags)`` and ``loads(key, data, flags) -> value``.
    """

    def __init__(
        self,
        servers,
        debug=0,
        pickleProtocol=None,
        pickler=pickle.Pickler,
        unpickler=pickle.Unpickler,
        compressor=zlib.compress,
        decompressor=zlib.decompress,
        pload=None,
        pid=None,
        server_max_key_length=None,
        server_max_value_length=None,
        dead_retry=30,
        socket_timeout=3,
        cache_cas=False,
        flush_on_reconnect=0,
        check_keys=True,
        key_encoder=None,
        *,
        profile="python-memcached",
        **options,
    ):
        self.pickleProtocol = _profiles.of(profile).pickle_protocol if pickleProtocol is None else pickleProtocol
        self.pickler = pickler
        self.unpickler = unpickler
        self.compressor = compressor
        self.decompressor = decompressor
        self.persistent_load = pload
        self.persistent_id = pid
        self._start(
            servers,
            debug,
            dead_retry=dead_retry,
            socket_timeout=socket_timeout,
            cache_cas=cache_cas,
            flush_on_reconnect=flush_on_reconnect,
            check_keys=check_keys,
            key_encoder=key_encoder,
            server_max_key_length=server_max_key_length,
            server_max_value_length=server_max_value_length,
            profile=profile,
            **options,
        )

    def _dumps(self, value):
        """``value`` as a pickle. Called from C++."""
        if self.pickler is pickle.Pickler and self.persistent_id is None:
            return pickle.dumps(value, self.pickleProtocol)
        file = io.BytesIO()
        try:
            pickler = self.pickler(file, protocol=self.pickleProtocol)
        except TypeError:  # one whose protocol has no name
            pickler = self.pickler(file, self.pickleProtocol)
        if self.persistent_id is not None:
            pickler.persistent_id = self.persistent_id
        pickler.dump(value)
        return file.getvalue()

    def _loads(self, data):
        """The object of a pickle. Called from C++."""
        if self.unpickler is pickle.Unpickler and self.persistent_load is None:
            return pickle.loads(data)
        unpickler = self.unpickler(io.BytesIO(data))
        if self.persistent_load is not None:
            unpickler.persistent_load = self.persistent_load
        return unpickler.load()


_cmemcache.install_verbs(StringClient, True)
_cmemcache.install_verbs(Client, False)
