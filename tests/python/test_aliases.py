"""Servers that are placed by a name of their own: keys stay with one that moves, and where libmc and twemproxy put them."""

import contextlib

import pytest

import cmemcache
from support.memcached_server import MemcachedServer
from support.twemproxy import TwemProxy

KEYS = [f"{n * 2654435761 % 2**32:x}-{n}" for n in range(1000)]
RINGS = [{"distribution": "ketama", "hash": "md5"}, {"distribution": "ketama", "hash": "one_at_a_time"},
         {"distribution": "ketama_weighted"}, {"distribution": "rendezvous"}]


@pytest.fixture(scope="module")
def servers():
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(MemcachedServer()) for _ in range(3)]


def places(servers, keys=KEYS, **options):
    with cmemcache.Client(servers, **options) as client:
        given = [s[0] if isinstance(s, tuple) else s for s in servers]
        return [given.index(client.server_for(k)) for k in keys]


@pytest.mark.parametrize("options", RINGS, ids=str)
def test_a_server_that_moves_keeps_its_keys(options):
    before = [("10.0.0.1:11211 a", 1), ("10.0.0.2:11211 b", 3), ("/run/m.sock c", 2)]
    after = [("10.7.7.7:99 a", 1), ("[::1]:11211 b", 3), ("10.0.0.2:11211 c", 2)]
    assert places(before, **options) == places(after, **options)
    assert places([s[0].split()[0] for s in before], **options) != places([s[0].split()[0] for s in after], **options)
    assert set(places(before, **options)) == {0, 1, 2}


@pytest.mark.parametrize("options", [{}, {"distribution": "modula"}], ids=["modulo", "modula"])
def test_without_a_ring_only_the_order_counts(options):
    assert places(["10.0.0.1:1 b", "10.0.0.2:1 a"], **options) == places(["10.0.0.1:1", "10.0.0.2:1"], **options)


@pytest.mark.parametrize("options", RINGS, ids=str)
def test_an_alias_stands_for_the_address_that_it_says(options):
    """An address for an alias places as a server there would; the port that rings leave out is left out."""
    aliases = ["10.0.0.1", "10.0.0.2:11212"] if "ketama" in options["distribution"] else ["10.0.0.1:11211", "10.0.0.2:11212"]
    assert places([f"127.0.0.1:{n} {a}" for n, a in enumerate(aliases, 1)], **options) == \
        places(["10.0.0.1:11211", "10.0.0.2:11212"], **options)


def test_the_values_stay_when_a_server_moves(servers):
    """One server is listened to at another address: its clients find everything that it has."""
    moving = [f"{s.address} cache-{i}" for i, s in enumerate(servers)]
    with cmemcache.Client(moving, distribution="ketama", hash="md5", errors="raise") as client:
        pairs = {k: b"v" + k.encode() for k in KEYS[:300]}
        assert client.set_multi(pairs) == []
        assert client.server_for(KEYS[0]) in moving and set(client.counters()) == set(moving)
        client.set_servers([a.replace("127.0.0.1", "localhost") for a in moving])
        assert client.get_multi(pairs) == pairs


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
@pytest.mark.parametrize("weights", [(1, 1, 1), (1, 3, 2)], ids=str)
def test_twemproxy_places_by_its_server_names(servers, named, weights):
    """ketama with md5 there is ketama_weighted here: each key is read from where twemproxy has put it."""
    behind = [(s.address, w, *([f"cache-{i}"] if named else [])) for i, (s, w) in enumerate(zip(servers, weights))]
    ours = [(" ".join([address, *name]), weight) for address, weight, *name in behind]
    prefix = f"{named}{weights[1]}:"
    with TwemProxy(behind, hash="md5") as proxy, \
            cmemcache.StringClient([proxy.address], errors="raise") as through, \
            cmemcache.StringClient(ours, distribution="ketama_weighted", errors="raise") as direct:
        pairs = {prefix + k: k.encode() for k in KEYS}
        assert through.set_multi(pairs) == []
        assert direct.get_multi(pairs) == pairs
        assert {direct.server_for(k) for k in pairs} == {text for text, _ in ours}


@pytest.mark.parametrize("bad", ["host alias", "host:1 ", "host:1 a b", "host:1\ta", "host:1  a", "[::1] a", "host:1 \u00e9\n"])
def test_what_is_no_alias(bad):
    with pytest.raises(ValueError):
        cmemcache.Client([bad])
