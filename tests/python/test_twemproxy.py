"""A twemproxy in front of three memcacheds: every verb that it carries, in every calling style.

What it does not carry (0.5.0): gat, stats, flush_all, the meta commands, a time below 0. It closes the connection.
"""

import asyncio
import contextlib

import pytest

import cmemcache
from support.memcached_server import MemcachedServer
from support.twemproxy import TwemProxy
from test_styles import TABLE, check

NOT_CARRIED = {"gat hits", "gat misses", "gat ends", "touch ends", "set that is over"}


@pytest.fixture(scope="module")
def pool():
    """The proxy, and the servers behind it."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(MemcachedServer()) for _ in range(3)]
        yield stack.enter_context(TwemProxy([(s.address, 1, f"s{i}") for i, s in enumerate(servers)])), servers


@pytest.fixture
def proxy(pool):
    return pool[0]


@pytest.mark.parametrize("options", [{}, {"protocol": "text"}, {"key_prefix": "p:"}], ids=["auto", "text", "prefix"])
def test_every_verb_that_it_carries(make_style, proxy, key, options):
    style = make_style([proxy.address], errors="raise", **options)
    carried = [row for row in TABLE if row.name not in NOT_CARRIED]
    assert len(carried) == len(TABLE) - len(NOT_CARRIED)
    for number, row in enumerate(carried):
        check(style, proxy, f"k{number}-{key}", row, options.get("key_prefix", ""))
    assert style.version()[0][1].startswith("1.")


def test_many_keys_lie_on_all_servers(make_style, pool, key):
    proxy, servers = pool
    style = make_style([proxy.address], errors="raise", key_prefix="many:")
    pairs = {f"{n * 2654435761 % 2**32:x}-{key}": b"v%d" % n for n in range(2000)}
    assert style.set_multi(pairs) == []
    assert style.get_multi([*pairs, "none"]) == pairs
    holders = [sum(s.stored("many:" + k) is not None for k in list(pairs)[:60]) for s in servers]
    assert sum(holders) == 60 and all(holders)
    assert style.delete_multi(pairs) == 1 and style.get_multi(pairs) == {}


def test_large_values(make_style, proxy, key):
    style = make_style([proxy.address], errors="raise")
    for size in (0, 1, 4095, 16_384, 100_000, 1_000_000):
        value = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
        assert style.set(key, value) and style.get(key) == value
    assert style.get_multi([key, key + "-none"]) == {key: value}


def test_the_question_that_it_closes_at_is_asked_once(make_style, proxy, key):
    style = make_style([proxy.address], errors="raise")
    assert style.add(key, b"1")
    for n in range(5):
        style.disconnect_all()
        assert style.incr(key) == n + 2
    counters = style.counters()[proxy.address]
    assert (counters["reconnects"], counters["marked_dead"]) == (1 + 5, 0)


@pytest.mark.parametrize("verb, call", [("gat", lambda s, k: s.gat(k, 60)), ("flush_all", lambda s, k: s.flush_all()),
                                        ("stats", lambda s, k: s.get_stats())])
def test_a_verb_that_it_does_not_carry(make_style, proxy, key, verb, call):
    style = make_style([proxy.address], errors="raise")
    assert style.set(key, b"v")
    for _ in range(2):
        with pytest.raises(cmemcache.ServerDown, match=f"{proxy.address}: {verb}: .*a proxy may not know"):
            call(style, key)
        assert style.get(key) == b"v"
    assert style.counters()[proxy.address]["marked_dead"] == 0


def test_meta_insisted_on(make_style, proxy, key):
    style = make_style([proxy.address], errors="raise", protocol="meta")
    for _ in range(2):
        with pytest.raises(cmemcache.Error, match="closed the connection at 'mn'"):
            style.set(key, b"v")
    assert style.counters()[proxy.address]["marked_dead"] == 0


def test_it_is_restarted_under_a_client(make_style, memcached, key):
    with TwemProxy([(memcached.address, 1)]) as proxy:
        style = make_style([proxy.address], dead_retry=0, errors="raise")
        assert style.set(key, b"v")
        proxy.restart()
        assert style.get(key) == b"v" and style.incr(key + "-none") is None


def test_many_tasks(proxy, key):
    async def work(client, n):
        assert await client.set(f"{key}-{n}", b"%d" % n)
        assert await client.incr(f"{key}-{n}") == n + 1
        return await client.get(f"{key}-{n}")

    async def main():
        async with cmemcache.AsyncClient([proxy.address]) as client:
            assert await asyncio.gather(*(work(client, n) for n in range(500))) == [b"%d" % (n + 1) for n in range(500)]

    asyncio.run(main())
