"""Every verb in every calling style: one table."""

import datetime
from typing import Any, Callable, NamedTuple

import pytest

import cmemcache
from support import verbs

SAME = object()  # what was there before is there afterwards
Keys = cmemcache.Client


class Row(NamedTuple):
    name: str
    before: Any                      # the bytes under the key; None: nothing
    call: Callable[[Any, str], Any]  # (style, key)
    result: Any                      # or the exception that is raised
    after: Any = SAME


TABLE = [
    Row("get hits", b"v", lambda c, k: c.get(k), b"v"),
    Row("get hits nothing", b"", lambda c, k: c.get(k), b""),
    Row("get misses", None, lambda c, k: c.get(k), None),
    Row("get misses, default", None, lambda c, k: c.get(k, 7), 7),
    Row("get misses, default=", None, lambda c, k: c.get(k, default=7), 7),
    Row("get of a bytes key", b"v", lambda c, k: c.get(k.encode()), b"v"),
    Row("get of (hash, key)", b"v", lambda c, k: c.get((2**64 - 1, k)), b"v"),
    Row("gets hits", b"v", lambda c, k: c.gets(k), b"v"),
    Row("gets misses", None, lambda c, k: c.gets(k), None),
    Row("get_with_cas misses", None, lambda c, k: c.get_with_cas(k), (None, None)),
    Row("getflags hits", b"v", lambda c, k: c.getflags(k), (b"v", 0)),
    Row("getflags misses", None, lambda c, k: c.getflags(k), None),
    Row("gat hits", b"v", lambda c, k: c.gat(k, 60), b"v"),
    Row("gat misses", None, lambda c, k: c.gat(k, 60), None),
    Row("gat ends", b"v", lambda c, k: c.gat(k, -1), b"v", None),
    Row("touch hits", b"v", lambda c, k: c.touch(k, 60), 1),
    Row("touch misses", None, lambda c, k: c.touch(k), 0),
    Row("touch ends", b"v", lambda c, k: c.touch(k, time=-1), 1, None),
    Row("set", None, lambda c, k: c.set(k, b"w"), True, b"w"),
    Row("set over", b"v", lambda c, k: c.set(k, b"w"), True, b"w"),
    Row("set of (hash, key)", None, lambda c, k: c.set((7, k), b"w"), True, b"w"),
    Row("set by names", None, lambda c, k: c.set(val=b"w", key=k, min_compress_len=0, noreply=False), True, b"w"),
    Row("set for a timedelta", None, lambda c, k: c.set(k, b"w", datetime.timedelta(hours=1)), True, b"w"),
    Row("set that is over", b"v", lambda c, k: c.set(k, b"w", -1), True, None),
    Row("set without reply", None, lambda c, k: bool(c.set(k, b"w", noreply=True)) and c.get(k), b"w", b"w"),
    Row("add", None, lambda c, k: c.add(k, b"w"), True, b"w"),
    Row("add to what is there", b"v", lambda c, k: c.add(k, b"w"), False),
    Row("replace", b"v", lambda c, k: c.replace(k, b"w"), True, b"w"),
    Row("replace nothing", None, lambda c, k: c.replace(k, b"w"), False),
    Row("append", b"v", lambda c, k: c.append(k, b"w"), True, b"vw"),
    Row("append to nothing", None, lambda c, k: c.append(k, b"w"), False),
    Row("prepend", b"v", lambda c, k: c.prepend(k, b"w"), True, b"wv"),
    Row("prepend to nothing", None, lambda c, k: c.prepend(k, b"w"), False),
    Row("cas", b"v", lambda c, k: c.cas(k, b"w", cas=c.get_with_cas(k)[1]), True, b"w"),
    Row("cas too late", b"v", lambda c, k: c.cas(k, b"w", cas=1), False),
    Row("cas of nothing", None, lambda c, k: c.cas(k, b"w", cas=1), False),
    Row("cas without a token", b"v", lambda c, k: c.cas(k, b"w"), ValueError),
    Row("cas with a bad token", b"v", lambda c, k: c.cas(k, b"w", cas=-1), ValueError),
    Row("delete", b"v", lambda c, k: c.delete(k), 1, None),
    Row("delete nothing", None, lambda c, k: c.delete(k), 0),
    Row("incr", b"5", lambda c, k: c.incr(k), 6, b"6"),
    Row("incr by", b"5", lambda c, k: c.incr(k, 2**40), 5 + 2**40, b"%d" % (5 + 2**40)),
    Row("incr nothing", None, lambda c, k: c.incr(k), None),
    Row("incr no number", b"x", lambda c, k: c.incr(k), ValueError),
    Row("incr by no number", b"5", lambda c, k: c.incr(k, "1"), TypeError),
    Row("decr", b"5", lambda c, k: c.decr(k, delta=2), 3, b"3"),
    Row("decr below nothing", b"5", lambda c, k: c.decr(k, 9), 0, b"0"),
    Row("decr nothing", None, lambda c, k: c.decr(k), None),
    Row("decr no number", b"x", lambda c, k: c.decr(k), ValueError),
    Row("get_multi", b"v", lambda c, k: c.get_multi(iter([k, k + "-none", k.encode()])),
        lambda k: {k: b"v", k.encode(): b"v"}),
    Row("get_multi of nothing", None, lambda c, k: c.get_multi([]), {}),
    Row("get_multi with a prefix", b"v", lambda c, k: c.get_multi([k[1:]], key_prefix=k[:1]), lambda k: {k[1:]: b"v"}),
    Row("set_multi", None, lambda c, k: c.set_multi({k: b"w"}, time=60), [], b"w"),
    Row("set_multi with a prefix", None, lambda c, k: c.set_multi({k[1:]: b"w"}, key_prefix=k[:1]), [], b"w"),
    Row("set_multi of nothing", None, lambda c, k: c.set_multi({}), []),
    Row("delete_multi", b"v", lambda c, k: c.delete_multi([k, k + "-none"]), 1, None),
    Row("delete_multi of nothing", b"v", lambda c, k: c.delete_multi([]), 1),
    Row("a verb that lacks its key", None, lambda c, k: c.get(), TypeError),
    Row("a verb with one too many", None, lambda c, k: c.get(k, 1, 2), TypeError),
    Row("a verb with an odd name", None, lambda c, k: c.get(k, otherwise=2), TypeError),
    Row("a time that is none", None, lambda c, k: c.set(k, b"w", "60"), TypeError),
]

CHARACTER, LENGTH = Keys.MemcachedKeyCharacterError, Keys.MemcachedKeyLengthError
NONE, TYPE = Keys.MemcachedKeyNoneError, Keys.MemcachedKeyTypeError
BAD_KEYS = {
    "": CHARACTER, "a b": CHARACTER, "a\n": CHARACTER, b"\x7f": CHARACTER, (1, "a b"): CHARACTER,
    "k" * 251: LENGTH, b"k" * 300: LENGTH, "\u00e9" * 126: LENGTH, "\ud800": Keys.MemcachedStringEncodingError,
    None: NONE, (1, None): NONE,
    memoryview(b"k"): TYPE, (1, 2, "k"): TYPE, ("1", "k"): TYPE, (1, ("2", "k")): TYPE,
}


@pytest.fixture
def style(make_style, memcached):
    return make_style([memcached.address])


def in_bytes(key):
    return key if isinstance(key, bytes) else key.encode()


def check(style, server, key, row, prefix=""):
    if row.before is not None:
        server.ask(b"set %s 0 0 %d\r\n%s\r\n" % ((prefix + key).encode(), len(row.before), row.before))
    if isinstance(row.result, type):
        with pytest.raises(row.result):
            row.call(style, key)
    else:
        assert row.call(style, key) == (row.result(key) if callable(row.result) else row.result), row.name
    after = row.before if row.after is SAME else row.after
    assert server.stored(prefix + key) == (None if after is None else (after, 0)), row.name


@pytest.mark.parametrize("options", [{}, {"protocol": "text"}, {"key_prefix": "p:"}, {"key_encoder": in_bytes}],
                         ids=["auto", "text", "prefix", "encoder"])
def test_table(make_style, memcached, key, options):
    style = make_style([memcached.address], errors="raise", **options)
    for number, row in enumerate(TABLE):
        check(style, memcached, f"k{number}-{key}", row, options.get("key_prefix", ""))
    assert style.last_error is None or "number" in str(style.last_error)


@pytest.mark.parametrize("verb", verbs.ALL, ids=verbs.name)
def test_bad_keys(style, verb):
    for bad, error in BAD_KEYS.items():
        with pytest.raises(error):
            verb.call(style, bad)
            pytest.fail(f"{bad!r} did not raise")
    if verb in verbs.SINGLE:  # those of many keys take what has a str()
        with pytest.raises(Keys.MemcachedKeyTypeError):
            verb.call(style, 5)


@pytest.mark.parametrize("errors", ["miss", "raise"])
class TestTrouble:
    def expect(self, style, call, error, miss):
        """What `call` does in trouble: raises `error`, or returns `miss` and leaves it in last_error."""
        style.client.last_error = None
        if style.raises:
            with pytest.raises(error):
                call()
        else:
            assert call() == miss
        assert isinstance(style.last_error, error)

    def test_server_down(self, make_style, closed_port, errors):
        style = make_style([closed_port], errors=errors, dead_retry=0)
        for verb in verbs.ALL:
            self.expect(style, lambda: verb.call(style, "k"), cmemcache.ServerDown, verb.in_trouble("k"))
        for verb in verbs.WHOLE_SERVER:
            self.expect(style, lambda: verb.call(style, None) or [], cmemcache.ServerDown, [])

    def test_no_servers(self, make_style, errors):
        style = make_style([], errors=errors)
        for verb in verbs.ALL:
            self.expect(style, lambda: verb.call(style, "k"), cmemcache.ServerDown, verb.in_trouble("k"))

    def test_value_too_large(self, make_style, memcached, key, errors):
        style = make_style([memcached.address], errors=errors, server_max_value_length=100)
        for name in ("set", "add", "replace", "append", "prepend"):
            self.expect(style, lambda: getattr(style, name)(key, b"v" * 101), cmemcache.ValueTooLarge, 0)
        self.expect(style, lambda: style.cas(key, b"v" * 101, cas=1), cmemcache.ValueTooLarge, 0)
        # The others of a bulk call are stored, or nothing is: never half a connection.
        pairs = {key + "-1": b"v", key + "-2": b"v" * 101, key + "-3": b"v"}
        self.expect(style, lambda: style.set_multi(pairs), cmemcache.ValueTooLarge, [key + "-2"])
        assert style.set(key, b"v" * 100) and style.get(key) == b"v" * 100

    def test_closed(self, make_style, memcached, errors):
        style = make_style([memcached.address], errors=errors)
        style.get("k")
        style.client.close()
        for verb in verbs.ALL + verbs.WHOLE_SERVER:
            with pytest.raises(cmemcache.ClosedError):
                verb.call(style, "k")
                pytest.fail(f"{verb.name} did not raise")


class TestCas:
    def test_remembered(self, make_style, memcached, key):
        style = make_style([memcached.address], cache_cas=True)
        style.set(key, b"one")
        assert style.gets(key) == b"one" and style.cas_ids.keys() == {key.encode()}
        assert style.cas(key.encode(), b"two") and style.get(key) == b"two"
        style.gets(key)
        style.set(key, b"three")
        assert not style.cas(key, b"four")
        style.gets(key)
        style.reset_cas()
        with pytest.raises(ValueError):
            style.cas(key, b"five")
        assert style.gets(key + "-none") is None and style.get(key) == b"three"

    def test_explicit(self, style, key):
        style.set(key, b"one")
        value, token = style.get_with_cas(key)
        assert value == b"one" and type(token) is int
        assert style.cas(key, b"two", 60, cas=token) is True
        assert style.cas(key, b"three", cas=token) is False


def test_values_of_a_client(style, key):
    if style.takes_flags:
        for value in (5, 1.5, None, [], object()):
            with pytest.raises(TypeError):
                style.set(key, value)
        return
    for value in ("text", "t\u00e9xt", 5, -(2**70), 1.5, None, {"a": [1, (2, b"3")]}, b"x" * 70_000, "y" * 70_000):
        assert style.set(key, value, min_compress_len=1000)
        got = style.get(key)
        assert got == value and type(got) is type(value)
        assert style.get_multi([key]) == style.get_multiflags([key]) == {key: value}
        assert style.gat(key, 60) == style.get_with_cas(key)[0] == value


def test_flags_of_a_string_client(style, memcached, key):
    if not style.takes_flags:
        with pytest.raises(TypeError):
            style.set(key, b"v", flags=7)
        return
    assert style.set(key, bytearray(b"v"), 60, 7) and style.getflags(key) == (b"v", 7)
    assert style.add(key + "-a", memoryview(b"a"), flags=2**32 - 1)
    assert style.get_multiflags([key, key + "-a"]) == {key: (b"v", 7), key + "-a": (b"a", 2**32 - 1)}
    assert style.set_multi({key: "text"}, 60, "", 9) == [] and memcached.stored(key) == (b"text", 9)
    assert style.cas(key, b"w", 0, 3, cas=style.get_with_cas(key)[1]) and memcached.stored(key) == (b"w", 3)
    with pytest.raises(ValueError):
        style.set(key, b"v", flags=2**32)


def test_servers(make_style, three_servers):
    style = make_style([s.address for s in three_servers])
    pairs = {f"k{i}": b"v%d" % i for i in range(60)}
    assert style.set_multi(pairs) == [] and style.get_multi(pairs) == pairs
    assert {style.server_for(k) for k in pairs} == {s.address for s in three_servers}
    assert [name for name, _ in style.version()] == [f"{s.address} (1)" for s in three_servers]
    assert [stats["pid"] for _, stats in style.get_stats()] == [str(s.pid) for s in three_servers]
    assert all("evictions" in stats for _, stats in style.get_stats("settings"))
    assert all(k.isdigit() and "number" in v for _, slabs in style.get_slabs() for k, v in slabs.items())
    assert all(int(stats["active_slabs"]) > 0 for _, stats in style.get_slab_stats())
    assert sum(c["stores"] for c in style.counters().values()) == 60
    assert style.flush_all() is None and style.get_multi(pairs) == {}
    style.set_servers([three_servers[0].address])
    assert style.set("k", b"v") and three_servers[0].stored("k") == (b"v", 0)
    style.disconnect_all()
    assert style.get("k") == b"v"
    with pytest.raises(ValueError):
        style.get_stats("items\r\nflush_all")
