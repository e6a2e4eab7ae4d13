"""server_for: every key goes where the other libraries put it."""

import json
import pathlib
import random

import memcache
import pytest

import cmemcache

VECTORS = json.loads((pathlib.Path(__file__).parents[1] / "vectors" / "placement.json").read_text(encoding="utf-8"))
DISTRIBUTION = {"modula": "modulo", "modulo over weighted buckets": "modulo", "consistent (ketama)": "ketama",
                "ketama": "ketama", "ketama_weighted": "ketama_weighted", "rendezvous": "rendezvous"}
HASH = {"crc": "crc", "md5": "md5", "one_at_a_time": "one_at_a_time", "fnv1_32": "fnv1_32", "fnv1a_32": "fnv1a_32",
        "murmur3_32": "murmur3", "murmur": "murmur"}
# Left out: what needs a server to be dead (see test_failover).
RECORDED = [c for c in VECTORS["configurations"] if c["options"]["hash"] in HASH and "dead server" not in c["options"]]


def describe(configuration):
    options = configuration["options"]
    return "-".join([configuration["library"].split()[0], options["distribution"].split()[0], options["hash"],
                     str(len(configuration["servers"])), "".join(str(s[2]) for s in configuration["servers"])])


def test_the_recorded_ones_are_all_there():
    assert len(RECORDED) == 26
    assert {c["library"].split()[0] for c in RECORDED} == {"libmemcached", "python-memcached", "pymemcache", "libmc"}


@pytest.mark.parametrize("configuration", RECORDED, ids=describe)
def test_recorded(configuration):
    options = configuration["options"]
    names = [f"{host}:{port}" for host, port, _ in configuration["servers"]]
    servers = [(name, weight) for name, (_, _, weight) in zip(names, configuration["servers"])]
    distribution, hash_ = DISTRIBUTION[options["distribution"]], HASH[options["hash"]]
    with cmemcache.Client(servers, distribution=distribution, hash=hash_) as client:
        for key, index in zip(VECTORS["keys"], configuration["index"]):
            if index is not None:
                assert client.server_for(key) == names[index], key
                assert client.server_for(key.encode()) == names[index], key


class TestAgainstPythonMemcached:
    @pytest.fixture(autouse=True)
    def _everyone_is_alive(self, monkeypatch):
        monkeypatch.setattr(memcache._Host, "connect", lambda self: 1)

    @staticmethod
    def keys(seed):
        rng = random.Random(seed)
        letters = "abcdefghijklmnopqrstuvwxyz0123456789:/_-éя€"
        made = {"".join(rng.choices(letters, k=rng.randint(1, 60))) for _ in range(400)}
        # The version at hand takes hash 0 for 1; later ones do not.
        return [k for k in sorted(made) if memcache.binascii.crc32(k.encode()) >> 16 & 0x7FFF]

    @pytest.mark.parametrize("weights", [[1], [1, 1], [1, 1, 1], [1, 3, 2], [5, 1], [1] * 7, [10, 20, 30, 40]], ids=str)
    def test_random_keys(self, weights):
        servers = [(f"10.0.0.{i}:{11211 + i}", w) for i, w in enumerate(weights)]
        theirs = memcache.Client(servers)
        with cmemcache.Client(servers) as ours:
            for key in self.keys(len(weights)):
                host, _ = theirs._get_server(key.encode())
                assert ours.server_for(key) == f"{host.ip}:{host.port}", key

    def test_own_hash(self):
        servers = [(f"10.0.0.{i}:11211", w) for i, w in enumerate([2, 1, 3])]
        theirs = memcache.Client(servers)
        rng = random.Random(9)
        with cmemcache.Client(servers) as ours:
            for number in [*range(20), *(rng.randrange(2**31) for _ in range(50))]:
                host, _ = theirs._get_server((number, b"k"))
                assert ours.server_for((number, "k")) == f"{host.ip}:{host.port}", number

    def test_old_hash_function(self, monkeypatch):
        """useOldServerHashFunction() is hash="crc32" here."""
        monkeypatch.setattr(memcache, "serverHashFunction", memcache.binascii.crc32)
        servers = [f"10.0.0.{i}:11211" for i in range(5)]
        theirs = memcache.Client(servers)
        with cmemcache.Client(servers, hash="crc32") as ours:
            for key in self.keys(77):
                host, _ = theirs._get_server(key.encode())
                assert ours.server_for(key) == f"{host.ip}:{host.port}", key


class TestServerFor:
    def test_no_servers(self, kind):
        with kind([]) as client:
            assert client.server_for("k") is None

    def test_as_given(self, kind):
        with kind(["inet:10.0.0.1"]) as client:
            assert client.server_for("k") == "inet:10.0.0.1"

    @pytest.mark.parametrize("bad", ["a b", "", None, 5, "x" * 251])
    def test_bad_keys(self, any_client, bad):
        with pytest.raises((TypeError, cmemcache.Client.MemcachedKeyError)):
            any_client.server_for(bad)

    def test_it_is_where_the_key_really_goes(self, kind, make_client, three_servers):
        by_address = {s.address: s for s in three_servers}
        for options in ({}, {"distribution": "ketama", "hash": "md5"},
                        {"distribution": "rendezvous", "hash": "murmur3"}):
            client = make_client(kind, [(a, i + 1) for i, a in enumerate(by_address)], **options)
            for i in range(30):
                k = f"k{i}"
                client.set(k, b"here")
                holders = [a for a, s in by_address.items() if s.stored(k)]
                assert holders == [client.server_for(k)]
                client.delete(k)
