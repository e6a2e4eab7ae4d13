"""Each profile against its library, where that is installed: values both ways, byte for byte, and where keys are put.

tools/interop runs this with the newest of all four. The table at the end of the run: `<` theirs is read, `>` ours is read,
`=` we write the same bytes and flags, and what a value comes back as.
"""

import datetime
import decimal
import random

import pytest

import cmemcache
from support.calling_styles import STYLES
from support.memcached_server import MemcachedServer
from support.other_clients import MIN_COMPRESS_LEN, PEERS, record


class Custom:
    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return type(other) is Custom and other.name == self.name


class Text(str):
    pass


class Number(int):
    pass


class Octets(bytes):
    pass


VALUES = {
    "bytes": b"\x00\xffbytes\r\n", "empty bytes": b"", "str": "text", "non-ASCII str": "é€😀", "empty str": "",
    "int": 42, "0": 0, "negative int": -7, "64-bit int": 2**63, "large int": 10**50, "True": True, "False": False,
    "None": None, "float": 1.5, "list": [1, "two", b"three", None], "dict": {"a": [1, {"b": None}]}, "tuple": (1, 2),
    "set": {1},
    "subclass of bytes": Octets(b"octets"), "subclass of str": Text("é"), "subclass of int": Number(5),
    "large subclass of int": Number(10**50), "list of a subclass": [Text("a"), Number(1)],
    "custom object": Custom("x"), "list of custom objects": [Custom("x"), [Custom("y")]],
    "datetime": datetime.datetime(2024, 2, 29, 12, 30), "decimal": decimal.Decimal("1.10"), "bytearray": bytearray(b"x"),
    "100 KB of bytes": b"a" * 100_000, "100 KB of str": "é" * 50_000, "100 KB of list": list(range(20_000)),
}
NOISE = random.Random(1).randbytes(300)
COMPRESSED = {
    "bytes": b"a" * 100_000, "str": "é" * 50_000, "list": list(range(20_000)), "large int": 10**3000,
    "bytes of the least length": b"a" * MIN_COMPRESS_LEN, "bytes of one more": b"a" * (MIN_COMPRESS_LEN + 1),
    "bytes of one less": b"a" * (MIN_COMPRESS_LEN - 1), "bytes that grow": NOISE, "short": "x",
}
CASES = [(name, value, False) for name, value in VALUES.items()]
CASES += [(f"{name}, compressed", value, True) for name, value in COMPRESSED.items()]


def same(got, value):
    return got == value and type(got) is type(value)


@pytest.fixture(params=PEERS)
def peer(request):
    if PEERS[request.param].missing:
        pytest.skip(PEERS[request.param].missing)
    return request.param


def skip_without_compression(peer, compressed):
    if compressed and not PEERS[peer].compresses:
        pytest.skip("this version does not compress")


def skip_what_it_cannot_write(peer, name, compressed):
    skip_without_compression(peer, compressed)
    if peer == "pymemcache" and name == "large int, compressed":
        pytest.skip("CompressedSerde fails to compress an int")


class Pair:
    """A client of ours and one of theirs, on one server."""

    def __init__(self, memcached, peer):
        self.kind = PEERS[peer]
        self.ours = cmemcache.Client([memcached.address], profile=peer, errors="raise")
        self.theirs = {compress: self.kind([memcached.address], compress=compress)
                       for compress in ([False, True] if self.kind.compresses else [False])}

    def close(self):
        self.ours.close()
        for client in self.theirs.values():
            client.close()


@pytest.fixture(scope="module")
def pairs(memcached):
    made = {name: Pair(memcached, name) for name, kind in PEERS.items() if not kind.missing}
    yield made
    for pair in made.values():
        pair.close()


@pytest.mark.parametrize("name, value, compressed", CASES, ids=[case[0] for case in CASES])
class TestEveryType:
    def test_theirs_is_read(self, pairs, peer, key, name, value, compressed):
        skip_what_it_cannot_write(peer, name, compressed)
        pair = pairs[peer]
        assert pair.theirs[compressed].set(key, value)
        back = pair.kind.becomes(value)
        assert same(pair.theirs[compressed].get(key), back)
        assert same(pair.ours.get(key), back)
        assert same(pair.ours.get_multi([key])[key], back)
        record(name, peer, "<")
        if not same(back, value):
            record(name, peer, type(back).__name__)

    def test_ours_is_read(self, pairs, peer, key, name, value, compressed):
        skip_without_compression(peer, compressed)
        pair = pairs[peer]
        assert pair.ours.set(key, value, min_compress_len=MIN_COMPRESS_LEN if compressed else 0)
        back = pair.kind.becomes(value)
        assert same(pair.theirs[compressed].get(key), back)
        assert same(pair.ours.get(key), back)
        record(name, peer, ">")

    def test_same_bytes_and_flags(self, memcached, pairs, peer, key, name, value, compressed):
        skip_what_it_cannot_write(peer, name, compressed)
        pair = pairs[peer]
        pair.ours.set(key + "1", value, min_compress_len=MIN_COMPRESS_LEN if compressed else 0)
        pair.theirs[compressed].set(key + "2", value)
        assert memcached.stored(key + "1") == memcached.stored(key + "2")
        record(name, peer, "=")


@pytest.mark.parametrize("style_name", [name for name in STYLES if not name.startswith("String")])
def test_every_way_to_call(memcached, pairs, peer, key, style_name):
    pair = pairs[peer]
    values = {f"{key}-{i}": value for i, value in enumerate(VALUES.values())}
    back = {k: pair.kind.becomes(value) for k, value in values.items()}
    style = STYLES[style_name]([memcached.address], profile=peer)
    try:
        assert pair.theirs[False].set_multi(values)
        assert style.get_multi(values) == back
        assert style.set_multi(values) == []
        assert {k: pair.theirs[False].get(k) for k in values} == back
        assert all(same(style.get(k), back[k]) for k in values)
    finally:
        style.close()


@pytest.mark.parametrize("peer", [name for name in PEERS if name != "python-memcached"], indirect=True)
def test_counters_of_either(pairs, peer, key):
    pair = pairs[peer]
    pair.theirs[False].set(key, 10)
    assert pair.ours.decr(key) == 9  # with a blank behind it
    assert pair.theirs[False].get(key) == pair.ours.get(key) == 9
    pair.ours.set(key, 99)
    assert pair.ours.incr(key) == 100
    assert pair.theirs[False].get(key) == 100


def test_an_own_pickle_protocol_wins(memcached, pairs, peer, key):
    with cmemcache.Client([memcached.address], profile=peer, pickleProtocol=3) as client:
        client.set(key, Custom("x"))
    assert memcached.stored(key)[0].startswith(b"\x80\x03")
    assert pairs[peer].theirs[False].get(key) == Custom("x")


class TestLargeValuesOfLibmc:
    """libmc keeps them in chunks of 1,000,000 bytes, each under a key of its own."""

    @pytest.fixture(autouse=True)
    def _is_there(self):
        if PEERS["libmc"].missing:
            pytest.skip(PEERS["libmc"].missing)

    @pytest.fixture
    def memcached(self, roomy_memcached):
        return roomy_memcached

    @pytest.fixture
    def pair(self, memcached):
        pair = Pair(memcached, "libmc")
        yield pair
        pair.close()

    @pytest.mark.parametrize("size", [1_000_000, 1_000_001, 2_000_000, 2_500_000, 10_000_000])
    def test_read(self, memcached, pair, key, size):
        value = random.Random(size).randbytes(size)
        assert pair.theirs[False].set(key, value)
        assert memcached.stored(key)[1] == (0 if size == 1_000_000 else 4096)
        assert pair.ours.get(key) == value
        assert pair.ours.get_multi([key, key + "-none"]) == {key: value}
        record(f"{size:,} bytes", "libmc", "<")

    @pytest.mark.parametrize("size", [1_000_000, 1_000_001, 2_000_000, 2_500_000, 10_000_000])
    def test_written(self, memcached, pair, key, size):
        def stored(name):
            return [memcached.stored(k) for k in (name, *(f"~{len(name)}{name}/{i}" for i in range(11)))]

        value = random.Random(size).randbytes(size)
        assert pair.ours.set(key + "1", value) and pair.theirs[False].get(key + "1") == value
        record(f"{size:,} bytes", "libmc", ">")
        assert pair.theirs[False].set(key + "2", value) and stored(key + "1") == stored(key + "2")
        record(f"{size:,} bytes", "libmc", "=")

    def test_read_compressed(self, memcached, pair, key):
        value = random.Random(1).randbytes(1_500_000).hex()
        assert pair.theirs[True].set(key, value)
        assert memcached.stored(key)[1] == 4096 | 32 | 16
        assert pair.ours.get(key) == value

    def test_with_a_prefix(self, memcached, make_client, key):
        value = bytes(1_200_000)
        assert PEERS["libmc"]([memcached.address], prefix="p:").set(key, value)
        ours = make_client(cmemcache.Client, [memcached.address], profile="libmc", key_prefix="p:")
        assert ours.get(key) == value
        assert ours.set(key + "2", value) and PEERS["libmc"]([memcached.address], prefix="p:").get(key + "2") == value

    def test_over_several_servers(self, make_client, three_servers):
        addresses = [server.address for server in three_servers]
        theirs = PEERS["libmc"](addresses)
        ours = make_client(cmemcache.Client, addresses, profile="libmc")
        values = {f"large:{i}": random.Random(i).randbytes(1_000_000 + 500_000 * i) for i in range(1, 5)}
        for k, value in values.items():
            assert theirs.set(k, value)
        assert ours.get_multi(values) == values
        assert all(ours.get(k) == value for k, value in values.items())
        assert ours.set_multi({k: value[::-1] for k, value in values.items()}) == []
        assert all(theirs.get(k) == value[::-1] for k, value in values.items())


# ---- placement

PLACEMENTS = {  # peer, how many servers, weights, options of theirs, options of ours
    "python-memcached": ("python-memcached", 3, None, {}, {}),
    "python-memcached weighted": ("python-memcached", 4, [1, 3, 2, 5], {}, {}),
    "pylibmc": ("pylibmc", 5, None, {}, {}),
    "pylibmc weighted": ("pylibmc", 4, [1, 3, 2, 5], {}, {}),
    "pylibmc ketama": ("pylibmc", 3, None, {"ketama": True}, {"distribution": "ketama"}),
    "pylibmc ketama_weighted": ("pylibmc", 5, [1, 3, 2, 5, 1], {"ketama_weighted": True},
                                {"distribution": "ketama_weighted"}),
    "pylibmc hash": ("pylibmc", 3, None, {"hash": "fnv1a_32"}, {"hash": "fnv1a_32"}),
    "pymemcache": ("pymemcache", 5, None, {}, {}),
    "pymemcache with a prefix": ("pymemcache", 3, None, {"key_prefix": b"p:"}, {"key_prefix": b"p:"}),
    "libmc": ("libmc", 5, None, {}, {}),
    "libmc with a prefix": ("libmc", 3, None, {"prefix": "p:"}, {"key_encoder": lambda key: "p:" + key}),
}
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789:/_-"


def random_keys(seed, as_bytes):
    """5,000 keys, every third with letters beyond ASCII; `as_bytes`: every fourth as bytes."""
    rng = random.Random(seed)
    texts = set()
    while len(texts) < 5000:
        letters = LETTERS + "éя€😀ÿĀ" if len(texts) % 3 == 0 else LETTERS
        texts.add("".join(rng.choices(letters, k=rng.randint(3, 40))))
    return [text.encode() if as_bytes and i % 4 == 0 else text for i, text in enumerate(sorted(texts))]


@pytest.fixture(scope="module")
def five_servers():
    servers = [MemcachedServer() for _ in range(5)]
    yield servers
    for server in servers:
        server.stop()


def holders(addresses, keys, prefix=b""):
    """key -> the servers that have it, each asked by itself."""
    found = {key: [] for key in keys}
    for address in addresses:
        with cmemcache.StringClient([address], key_prefix=prefix) as client:
            for key in client.get_multi(keys):
                found[key].append(address)
    return found


@pytest.mark.parametrize("name", PLACEMENTS)
def test_placement(five_servers, make_client, name):
    peer, count, weights, of_theirs, of_ours = PLACEMENTS[name]
    if PEERS[peer].missing:
        pytest.skip(PEERS[peer].missing)
    for server in five_servers:
        server.ask(b"flush_all\r\n")
    addresses = [server.address for server in five_servers[:count]]
    keys = random_keys(name, as_bytes=peer == "pymemcache")
    if peer == "python-memcached":  # before 1.60 it took hash 0 for 1
        keys = [k for k in keys if PEERS[peer].module.cmemcache_hash(k.encode()) > 1]
    theirs = PEERS[peer](addresses, **({"weights": weights} if weights else {}), **of_theirs)
    ours = make_client(cmemcache.Client, list(zip(addresses, weights)) if weights else addresses, profile=peer,
                       errors="raise", **of_ours)
    pairs = {k: i for i, k in enumerate(keys)}
    assert theirs.set_multi(pairs)
    prefix = of_ours.get("key_prefix", of_theirs.get("prefix", b""))
    assert {k: [ours.server_for(k)] for k in keys} == holders(addresses, keys, prefix)
    assert ours.get_multi(keys) == ours.futures.get_multi(keys).result(10) == pairs
    assert all(ours.get(k) == pairs[k] and ours.futures.get(k).result(10) == pairs[k] for k in keys[::20])
    for server in five_servers:
        server.ask(b"flush_all\r\n")
    assert ours.set_multi(pairs) == []
    assert all(theirs.get(k) == pairs[k] for k in keys[::20])
    if peer != "pymemcache":
        return theirs.close()
    # A bulk call's prefix is a part of the key.
    assert ours.set_multi({k: 1 for k in ("k", "é", b"k")}, key_prefix="я:") == []
    assert [theirs.get(k) for k in ("я:k", "я:é", "я:k".encode())] == [1, 1, 1]
    assert [ours.get(k) for k in ("я:k", "я:é", "я:k".encode())] == [1, 1, 1]
    theirs.close()


def test_placement_by_pymemcache_beside_a_dead_server(five_servers, make_client, closed_port):
    """What stands in for a key does so on the way to the next server, too."""
    hasher = pytest.importorskip("pymemcache.client.rendezvous").RendezvousHash
    alive = [server.address for server in five_servers[:3]]
    ours = make_client(cmemcache.Client, [closed_port, *alive], profile="pymemcache")
    keys = [k for k in random_keys("dead", as_bytes=True) if ours.server_for(k) == closed_port][:300]
    assert len(keys) == 300
    assert ours.set_multi({k: "there" for k in keys}) == []
    assert holders(alive, keys) == {k: [hasher(alive).get_node(k)] for k in keys}


def test_what_is_given_wins_over_the_profile():
    servers = [f"10.0.0.{i}:11211" for i in range(1, 6)]
    keys = [f"key:{i}" for i in range(200)]
    for profile in PEERS:
        with cmemcache.Client(servers, profile=profile, distribution="modulo", hash="crc") as given, \
                cmemcache.Client(servers) as usual:
            assert [given.server_for(k) for k in keys] == [usual.server_for(k) for k in keys]
            assert given.server_for("é") == usual.server_for("é") == given.server_for("é".encode())
