"""Keys: which are good, which are refused before anything is sent, on every verb."""

import random

import pytest

import cmemcache
from support import verbs
from support.scripted_server import assert_heard_nothing

E = cmemcache.Client

BAD = {
    "none": (None, E.MemcachedKeyNoneError),
    "float": (1.5, E.MemcachedKeyTypeError),
    "list": ([], E.MemcachedKeyTypeError),
    "empty": ("", E.MemcachedKeyError),
    "empty-bytes": (b"", E.MemcachedKeyError),
    "blank": ("a b", E.MemcachedKeyCharacterError),
    "leading-blank": (" a", E.MemcachedKeyCharacterError),
    "trailing-newline": ("k\n", E.MemcachedKeyCharacterError),
    "crlf": ("k\r\nflush_all\r\n", E.MemcachedKeyCharacterError),
    "tab": (b"a\tb", E.MemcachedKeyCharacterError),
    "nul": ("a\0b", E.MemcachedKeyCharacterError),
    "del": ("a\x7f", E.MemcachedKeyCharacterError),
    "251": ("x" * 251, E.MemcachedKeyLengthError),
    "251-utf8": ("é" * 126, E.MemcachedKeyLengthError),
    "huge": ("x" * 100_000, E.MemcachedKeyLengthError),
    "tuple-blank": ((1, "a b"), E.MemcachedKeyCharacterError),
    "tuple-none": ((1, None), E.MemcachedKeyNoneError),
}
HASHABLE = {name: bad for name, bad in BAD.items() if name != "list"}

GOOD = ["k", b"k2", "é", "ключ", b"\xff\xfe", "x" * 250, "é" * 125, "!~", "get", "noreply", "0", "VALUE", "a:b/c|d"]


class TestRefused:
    @pytest.mark.parametrize("verb", verbs.SINGLE, ids=verbs.name)
    def test_single(self, silent, verb):
        client, server = silent
        for name, (key, error) in {**BAD, "int": (7, E.MemcachedKeyTypeError)}.items():
            with pytest.raises(error):
                verb.call(client, key)
                pytest.fail(f"{name} was taken for a key")
        assert_heard_nothing(server)

    @pytest.mark.parametrize("verb", verbs.MULTI, ids=verbs.name)
    def test_multi(self, silent, verb):
        client, server = silent
        for name, (key, error) in HASHABLE.items():
            if name == "float":
                continue  # multi calls take what str() makes a key of, as python-memcached's do
            with pytest.raises(error):
                verb.call(client, key)
                pytest.fail(f"{name} was taken for a key")
        assert_heard_nothing(server)

    @pytest.mark.parametrize("verb", verbs.MULTI, ids=verbs.name)
    def test_one_bad_key_among_good_ones_stops_the_whole_call(self, silent, verb):
        client, server = silent
        keys = ["good1", "a b", "good2"]
        argument = {k: b"v" for k in keys} if verb.name == "set_multi" else keys
        with pytest.raises(E.MemcachedKeyCharacterError):
            getattr(client, verb.name)(argument)
        assert_heard_nothing(server)

    @pytest.mark.parametrize("verb", verbs.SINGLE, ids=verbs.name)
    def test_misuse_raises_whatever_errors_says(self, memcached, make_client, verb):
        for errors in ("miss", "raise"):
            client = make_client(E, [memcached.address], errors=errors)
            with pytest.raises(E.MemcachedKeyError):
                verb.call(client, "a b")
            assert client.last_error is None

    def test_the_client_stays_usable(self, any_client, key):
        any_client.set(key, b"v")
        for bad, error in BAD.values():
            with pytest.raises(error):
                any_client.get(bad)
            assert any_client.get(key) == b"v"

    @pytest.mark.parametrize("verb", verbs.ALL, ids=verbs.name)
    def test_without_any_server(self, make_client, verb):
        with pytest.raises(E.MemcachedKeyCharacterError):
            verb.call(make_client(E, []), "a b")

    def test_the_message_names_the_trouble(self, client):
        with pytest.raises(E.MemcachedKeyLengthError, match="250"):
            client.get("x" * 251)

    def test_subclasses(self):
        for name in ("Length", "Character", "None", "Type"):
            assert issubclass(getattr(E, f"MemcachedKey{name}Error"), E.MemcachedKeyError)

    def test_lone_surrogate(self, any_client):
        with pytest.raises((E.MemcachedKeyError, E.MemcachedStringEncodingError, UnicodeEncodeError)):
            any_client.get("\ud800")
        assert any_client.get("k-after-surrogate") is None


class TestGood:
    @pytest.mark.parametrize("good", GOOD, ids=ascii)
    @pytest.mark.parametrize("protocol", ["auto", "text"])
    def test_round_trip(self, kind, make_client, memcached, good, protocol):
        client = make_client(kind, [memcached.address], protocol=protocol)
        client.delete(good)
        assert client.add(good, b"1")
        assert client.get(good) == b"1"
        assert client.get_multi([good]) == {good: b"1"}
        assert client.incr(good) == 2
        wire = good.encode() if isinstance(good, str) else good
        assert memcached.stored(wire) == (b"2", 0)
        assert client.delete(good) == 1

    def test_every_allowed_byte(self, any_client):
        rng = random.Random(5)
        allowed = bytes(range(0x21, 0x7F)) + bytes(range(0x80, 0x100))
        for _ in range(20):
            wire = bytes(rng.choice(allowed) for _ in range(rng.randint(1, 250)))
            assert any_client.set(wire, wire)
            assert any_client.get(wire) == wire

    def test_every_forbidden_byte(self, any_client):
        for code in [*range(0x21), 0x7F]:
            for wire in (bytes([code]), b"a" + bytes([code]), bytes([code]) + b"a", b"a" + bytes([code]) + b"a"):
                with pytest.raises(E.MemcachedKeyCharacterError):
                    any_client.get(wire)


class TestHashAndKey:
    """(hash, key): the caller says where, only the key is sent."""

    def test_on_every_single_verb(self, any_client, memcached, key):
        pair = (12345, key)
        assert any_client.set(pair, b"5")
        assert memcached.stored(key) == (b"5", 0)
        assert any_client.get(pair) == b"5"
        assert any_client.gets(pair) == b"5"
        assert any_client.getflags(pair) == (b"5", 0)
        assert any_client.touch(pair, 60) == 1
        assert any_client.incr(pair) == 6
        assert any_client.delete(pair) == 1

    def test_the_hash_chooses_the_server(self, kind, make_client, three_servers, key):
        client = make_client(kind, [s.address for s in three_servers])
        for number, server in enumerate(three_servers):
            assert client.server_for((number, key)) == server.address
            assert client.set((number + 3, key), b"%d" % number)
            assert server.stored(key) == (b"%d" % number, 0)

    def test_in_multi_calls(self, kind, make_client, three_servers, key):
        client = make_client(kind, [s.address for s in three_servers])
        assert client.set_multi({(1, key): b"one"}) == []
        assert three_servers[1].stored(key) == (b"one", 0)
        assert client.get_multi([(1, key)]) == {(1, key): b"one"}, "the caller's own key is the pair"
        assert client.get_multi([(2, key)]) == {}
        assert client.delete_multi([(1, key)]) == 1
        assert three_servers[1].stored(key) is None

    @pytest.mark.parametrize("pair", [(1,), (1, "a", "b"), ("x", "k"), (None, "k"), (1.5, "k"), ()])
    def test_bad_pairs(self, any_client, pair):
        with pytest.raises((TypeError, ValueError, E.MemcachedKeyError)):
            any_client.get(pair)
