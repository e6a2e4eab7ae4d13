"""The profiles of other libraries, by the bytes and flags alone: what is not theirs is refused, never guessed at."""

import marshal
import pickle
import zlib

import pytest

import cmemcache
from support.calling_styles import STYLES

PYTHON_FLAGS = {0: b"v", 1: pickle.dumps("v"), 2: b"5", 4: b"5", 16: b"v"}
LIBMC_FLAGS = {0: b"v", 1: pickle.dumps("v", 2), 2: b"5", 4: b"5", 8: b"1", 32: marshal.dumps("v", 2)}
MEANINGS = {  # profile -> what flags of its library's look like, the flag of compressed values
    "pylibmc": (PYTHON_FLAGS, 8),
    "pymemcache": (PYTHON_FLAGS, 8),
    "libmc": (LIBMC_FLAGS, 16),
}
DECODED = {0: b"v", 1: "v", 2: 5, 4: 5, 8: True, 16: "v", 32: "v"}
CHUNK = 1_000_000


@pytest.fixture(params=MEANINGS)
def profile(request):
    return request.param


@pytest.fixture
def raising(memcached, make_client, profile):
    return make_client(cmemcache.Client, [memcached.address], profile=profile, errors="raise")


@pytest.fixture
def missing(memcached, make_client, profile):
    return make_client(cmemcache.Client, [memcached.address], profile=profile)


class TestFlags:
    def test_those_of_the_library(self, raising, raw, profile, key):
        known, compressed = MEANINGS[profile]
        for flags, data in known.items():
            raw.set(key, data, flags=flags)
            assert raising.get(key) == DECODED[flags] and type(raising.get(key)) is type(DECODED[flags])
            raw.set(key, zlib.compress(data), flags=flags | compressed)
            assert raising.get(key) == DECODED[flags]

    def test_all_others_are_refused(self, raising, raw, profile, key):
        """Also where two say two things, and where the library looks away."""
        known, compressed = MEANINGS[profile]
        others = [f for f in [*range(64), 128, 1024, 4096 + 2048, 2**16 + 1, 2**31] if f & ~compressed not in known]
        assert len(others) > 40
        for flags in others:
            raw.set(key, b"1", flags=flags)
            with pytest.raises(cmemcache.DecodeError, match="flags that are not known"):
                raising.get(key)

    def test_as_a_miss(self, missing, raw, key):
        raw.set(key, b"1", flags=1024)
        assert missing.get(key) is None and missing.get(key, 7) == 7
        assert isinstance(missing.last_error, cmemcache.DecodeError) and key in str(missing.last_error)
        missing.set(key + "-good", [1])
        assert missing.get_multi([key, key + "-good"]) == {key + "-good": [1]}
        assert missing.get_with_cas(key) == (None, None)

    @pytest.mark.parametrize("style_name", ["Client.futures", "Client.aio", "FutureClient", "AsyncClient"])
    def test_in_every_way_to_call(self, memcached, raw, profile, key, style_name):
        raw.set(key, b"1", flags=1024)
        style = STYLES[style_name]([memcached.address], profile=profile)
        try:
            for call in (style.get, style.gets, style.get_with_cas, lambda k: style.get_multi([k])):
                with pytest.raises(cmemcache.DecodeError):
                    call(key)
        finally:
            style.close()


CORRUPT = {  # profile -> flags, data
    "pylibmc": [(8, b"not zlib"), (8, zlib.compress(b"a" * 1000)[:-6]), (9, zlib.compress(b"no pickle")), (1, b"no pickle"),
                (1, b""), (2, b"x"), (4, b""), (16, b"\xff"), (24, zlib.compress(b"\xff"))],
    "libmc": [(16, b"not zlib"), (16, zlib.compress(b"a" * 1000)[:-6]), (17, zlib.compress(b"no pickle")), (1, b"no pickle"),
              (1, b""), (2, b"x"), (8, b""), (8, b"x"), (32, b""), (32, b"\xff\xff"), (32, b"[\x02\x00\x00\x00N"),
              (48, zlib.compress(b"u\x05\x00\x00\x00abc"))],
}
CORRUPT["pymemcache"] = CORRUPT["pylibmc"]


def test_what_does_not_decode_is_a_miss(missing, raising, raw, profile, key):
    """Whatever the caller wants, as with python-memcached's."""
    raising.set(key + "-good", "good")
    for flags, data in CORRUPT[profile]:
        raw.set(key, data, flags=flags)
        for client in (missing, raising):
            assert client.get(key) is None, (flags, data)
            assert isinstance(client.last_error, cmemcache.DecodeError) and client.last_error.__cause__ is not None
            assert client.get_multi([key, key + "-good"]) == {key + "-good": "good"}
            client.last_error = None


def test_what_cannot_be_pickled_raises(missing, key):
    with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
        missing.set(key, lambda: None)
    assert missing.get(key) is None


class TestCompression:
    def test_no_ints_by_python_memcached(self, memcached, client, key):
        client.set(key, 10**300, min_compress_len=1)
        assert memcached.stored(key)[1] == 2

    @pytest.mark.parametrize("profile, flags", [("pylibmc", 4 | 8), ("pymemcache", 2 | 8), ("libmc", 4 | 16)])
    def test_ints_by_the_others(self, memcached, make_client, profile, flags, key):
        client = make_client(cmemcache.Client, [memcached.address], profile=profile)
        client.set(key, 10**300, min_compress_len=1)
        assert memcached.stored(key)[1] == flags and client.get(key) == 10**300
        client.set_multi({key: 7}, min_compress_len=100)
        assert memcached.stored(key) == (b"7", flags & 6)

    def test_with_a_compressor_of_ones_own(self, memcached, make_client, profile, key):
        client = make_client(cmemcache.Client, [memcached.address], profile=profile,
                             compressor=lambda data: b"short", decompressor=lambda data: b"a" * 200)
        client.set(key, b"a" * 200, min_compress_len=10)
        assert memcached.stored(key)[0] == b"short" and client.get(key) == b"a" * 200

    def test_a_decompressor_that_returns_no_bytes(self, memcached, make_client, raw, profile, key):
        client = make_client(cmemcache.Client, [memcached.address], profile=profile, decompressor=lambda data: "text")
        raw.set(key, b"x", flags=MEANINGS[profile][1])
        assert client.get(key) is None and isinstance(client.last_error, cmemcache.DecodeError)


class TestLibmc:
    @pytest.fixture
    def client(self, memcached, make_client):
        return make_client(cmemcache.Client, [memcached.address], profile="libmc")

    def test_numpy_is_pickled(self, memcached, client, key):
        """Marshal would take its buffer for bytes."""
        array = type("array", (bytearray,), {"__module__": "numpy", "__reduce_ex__": lambda self, _: (list, ())})
        client.set(key, array(b"x"))
        assert memcached.stored(key)[1] == 1 and client.get(key) == []

    def test_what_neither_marshal_nor_pickle_can_write_is_refused(self, memcached, client, key):
        nested = []
        for _ in range(3000):
            nested = [nested]
        with pytest.raises(RecursionError):
            client.set(key, nested)
        assert client.set(key, [1]) and memcached.stored(key)[1] == 32


class Chunked:
    """A value as libmc would have stored it, and what is wrong with it."""

    def __init__(self, raw, key, data, flags=0):
        self.raw, self.key = raw, key
        self.chunks = [data[at:at + CHUNK] for at in range(0, len(data), CHUNK)]
        for i, chunk in enumerate(self.chunks):
            self.put(i, chunk, flags)
        self.head(str(len(self.chunks)).encode(), flags)

    def name(self, i):
        return f"~{len(self.key.encode())}{self.key}/{i}"

    def put(self, i, chunk, flags=0):
        assert self.raw.set(self.name(i), chunk, flags=flags)

    def head(self, count, flags=0):
        assert self.raw.set(self.key, count, flags=flags | 4096)


DATA = bytes(range(250)) * 10_000


class TestChunks:
    @pytest.fixture
    def memcached(self, roomy_memcached):
        return roomy_memcached

    @pytest.fixture
    def client(self, memcached, make_client):
        return make_client(cmemcache.Client, [memcached.address], profile="libmc", errors="raise")

    def test_in_every_blocking_verb(self, client, raw, key):
        Chunked(raw, key, DATA)
        assert client.get(key) == DATA
        assert client.gets(key) == DATA
        assert client.gat(key, 100) == DATA
        value, token = client.get_with_cas(key)
        assert value == DATA and client.cas(key, "small", cas=token) and client.get(key) == "small"

    def test_beside_others(self, client, raw, key):
        Chunked(raw, key + "-1", DATA)
        Chunked(raw, key + "-é", DATA[::-1])
        client.set(key + "-3", "small")
        found = client.get_multi(["1", "é", "3", "none"], key_prefix=key + "-")
        assert found == {"1": DATA, "é": DATA[::-1], "3": "small"}

    def test_of_other_forms(self, client, raw, key):
        Chunked(raw, key, marshal.dumps("é" * 1_000_000, 2), flags=32)
        assert client.get(key) == "é" * 1_000_000
        Chunked(raw, key, pickle.dumps(DATA, 2), flags=1)
        assert client.get(key) == DATA

    def test_behind_the_clients_prefix_and_key_encoder(self, memcached, make_client, raw, key):
        asked = []
        Chunked(raw, f"p:{key}!", DATA)
        client = make_client(cmemcache.Client, [memcached.address], profile="libmc", key_prefix="p:",
                             key_encoder=lambda k: asked.append(k) or k + "!")
        assert client.get(key) == DATA and asked == [key]

    @pytest.mark.parametrize("spoil", [
        lambda c: c.raw.delete(c.name(0)), lambda c: c.raw.delete(c.name(2)), lambda c: c.head(b"4"),
    ], ids=["the first", "the last", "one more than there are"])
    def test_a_chunk_that_is_missing_is_a_miss(self, client, raw, key, spoil):
        spoil(Chunked(raw, key, DATA))
        client.last_error = None
        assert client.get(key) is None and client.get_multi([key]) == {} and client.last_error is None

    @pytest.mark.parametrize("spoil", [
        lambda c: c.put(1, b"a" * (CHUNK - 1)), lambda c: c.put(1, b"a" * (CHUNK + 1)),
        lambda c: c.put(2, b"a" * (CHUNK + 1)), lambda c: c.put(2, b""),
        lambda c: c.put(1, c.chunks[1], flags=32), lambda c: c.head(b"3", flags=8),
        *(lambda c, count=count: c.head(count) for count in (b"0", b"1", b"11", b"-3", b" 3", b"3 ", b"3x", b"", b"\x003")),
    ])
    def test_chunks_that_do_not_fit_are_a_miss(self, client, raw, key, spoil):
        spoil(Chunked(raw, key, DATA))
        assert client.get(key) is None and client.get_multi([key]) == {}
        assert isinstance(client.last_error, cmemcache.DecodeError) and "chunks" in str(client.last_error)
        assert client.set(key, 1) and client.get(key) == 1

    def test_a_key_too_long_to_be_cut(self, client, raw):
        key = "k" * 201
        Chunked(raw, key, DATA)
        assert client.get(key) is None and "chunks" in str(client.last_error)

    @pytest.mark.parametrize("style_name", ["Client.futures", "Client.aio", "FutureClient", "AsyncClient"])
    def test_not_without_blocking(self, memcached, raw, key, style_name):
        Chunked(raw, key, DATA)
        style = STYLES[style_name]([memcached.address], profile="libmc")
        try:
            for call in (style.get, style.gets, style.get_with_cas, lambda k: style.get_multi([k])):
                with pytest.raises(cmemcache.DecodeError, match="only a blocking call"):
                    call(key)
            assert style.set(key, 1) and style.get(key) == 1
        finally:
            style.close()

    @pytest.mark.parametrize("errors", ["raise", "miss"])
    def test_trouble_with_their_server_is_trouble(self, own_memcached, make_client, closed_port, errors):
        client = make_client(cmemcache.Client, [own_memcached.address, closed_port], profile="libmc", errors=errors,
                             failover=False, timeout=5)
        raw = make_client(cmemcache.StringClient, [own_memcached.address])
        key = next(k for k in map("key-{}".format, range(1000)) if client.server_for(k) == own_memcached.address
                   and client.server_for(f"~{len(k)}{k}/1") == closed_port)
        Chunked(raw, key, DATA)
        if errors == "raise":
            with pytest.raises(cmemcache.ServerDown):
                client.get(key)
        else:
            assert client.get(key) is None and isinstance(client.last_error, cmemcache.ServerDown)



class TestWritingChunks:
    @pytest.fixture
    def memcached(self, roomy_memcached):
        return roomy_memcached

    @pytest.fixture
    def client(self, memcached, make_client):
        return make_client(cmemcache.Client, [memcached.address], profile="libmc", errors="raise")

    @pytest.mark.parametrize("size, count", [(CHUNK + 1, 2), (2 * CHUNK, 2), (2 * CHUNK + 1, 3), (10 * CHUNK, 10)])
    def test_set(self, memcached, client, key, size, count):
        data = (DATA * 4)[:size]
        assert client.set(key, data) is True
        assert memcached.stored(key) == (str(count).encode(), 4096)
        chunks = [memcached.stored(f"~{len(key)}{key}/{i}") for i in range(count)]
        assert b"".join(chunk for chunk, _ in chunks) == data and {flags for _, flags in chunks} == {0}
        assert {len(chunk) for chunk, _ in chunks[:-1]} == {CHUNK} and memcached.stored(f"~{len(key)}{key}/{count}") is None
        assert client.get(key) == data

    def test_one_chunk_is_the_value(self, memcached, client, key):
        assert client.set(key, DATA[:CHUNK]) and memcached.stored(key) == (DATA[:CHUNK], 0)

    def test_set_multi(self, client, key):
        values = {"1": DATA, "2": "small", "é": DATA[::-1], "4": "x" * (CHUNK + 5)}
        client.set("1", "another's")
        assert client.set_multi(values, key_prefix=key) == []
        assert client.get_multi(values, key_prefix=key) == values and client.get("1") == "another's"

    def test_expiry_and_own_hashes(self, memcached, client, key):
        assert client.set((5, key), DATA, time=100) and client.get((7, key)) == DATA
        for name in (key, f"~{len(key)}{key}/0", f"~{len(key)}{key}/2"):
            answer = memcached.ask(f"mg {name} t\r\n".encode()).decode()
            assert answer.startswith("HD t") and 90 <= int(answer[4:]) <= 100
        assert client.set(key, DATA, time=-1) and client.get(key) is None

    def test_compressed_before_it_is_cut(self, memcached, client, key):
        assert client.set(key, bytes(5 * CHUNK), min_compress_len=10) and memcached.stored(key)[1] == 16
        assert client.get(key) == bytes(5 * CHUNK)

    @pytest.mark.parametrize("verb", ["add", "replace", "append"])
    def test_other_verbs_cut_nothing(self, client, key, verb):
        client.set(key, b"old")
        with pytest.raises(cmemcache.ValueTooLarge):
            getattr(client, verb)(key, DATA)
        assert client.get(key) == b"old"

    def test_too_long_to_be_cut(self, client, key):
        with pytest.raises(cmemcache.ValueTooLarge):
            client.set(key, bytes(10 * CHUNK + 1))
        with pytest.raises(cmemcache.ValueTooLarge):
            client.set("k" * 201, DATA)

    @pytest.mark.parametrize("style_name", ["Client.futures", "Client.aio"])
    def test_not_without_blocking(self, memcached, key, style_name):
        style = STYLES[style_name]([memcached.address], profile="libmc")
        try:
            with pytest.raises(cmemcache.ValueTooLarge):
                style.set(key, DATA)
        finally:
            style.close()

    @pytest.mark.parametrize("errors", ["raise", "miss"])
    def test_half_of_it_is_nothing(self, own_memcached, make_client, closed_port, errors):
        """Neither the old value nor some of both is left when a chunk's server is down."""
        client = make_client(cmemcache.Client, [own_memcached.address, closed_port], profile="libmc", errors=errors,
                             failover=False)
        raw = make_client(cmemcache.StringClient, [own_memcached.address])
        key = next(k for k in map("key-{}".format, range(1000)) if client.server_for(k) == own_memcached.address
                   and client.server_for(f"~{len(k)}{k}/0") == own_memcached.address
                   and client.server_for(f"~{len(k)}{k}/1") == closed_port)
        old = Chunked(raw, key, DATA)
        if errors == "raise":
            with pytest.raises(cmemcache.ServerDown):
                client.set(key, DATA[::-1])
        else:
            assert not client.set(key, DATA[::-1]) and client.set_multi({key: DATA, "none": 1}) != []
        assert raw.get(key) is None and raw.get(old.name(0)) is not None

    def test_nothing_is_overwritten_that_cannot_be_taken_away(self, own_memcached, make_client, closed_port):
        client = make_client(cmemcache.Client, [own_memcached.address, closed_port], profile="libmc", failover=False)
        key = next(k for k in map("key-{}".format, range(1000)) if client.server_for(k) == closed_port
                   and client.server_for(f"~{len(k)}{k}/0") == own_memcached.address)
        assert not client.set(key, DATA) and client.set_multi({key: DATA}) == [key]
        assert own_memcached.stored(f"~{len(key)}{key}/0") is None
