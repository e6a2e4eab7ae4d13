"""key_prefix of the client and of a call, key_encoder, server_max_key_length and check_keys."""

import pytest

import cmemcache
from support import verbs
from support.scripted_server import ScriptedServer, assert_heard_nothing

E = cmemcache.Client


class TestPrefix:
    def test_on_the_wire_and_off_again(self, kind, make_client, memcached, key):
        client = make_client(kind, [memcached.address], key_prefix="p:")
        assert client.set(key, b"v")
        assert memcached.stored("p:" + key) == (b"v", 0)
        assert memcached.stored(key) is None
        assert client.get(key) == b"v"
        assert client.get_multi([key]) == {key: b"v"}
        assert client.get_multi([key.encode()]) == {key.encode(): b"v"}
        assert client.delete(key) == 1

    def test_bytes_prefix(self, kind, make_client, memcached, key):
        client = make_client(kind, [memcached.address], key_prefix=b"p\xff:")
        assert client.set(key, b"v")
        assert memcached.stored(b"p\xff:" + key.encode()) == (b"v", 0)

    def test_both_prefixes(self, kind, make_client, memcached, key):
        client = make_client(kind, [memcached.address], key_prefix="p:")
        assert client.set_multi({key: b"v"}, key_prefix="q:") == []
        assert memcached.stored("p:q:" + key) == (b"v", 0)
        assert client.get_multi([key], key_prefix="q:") == {key: b"v"}
        assert client.delete_multi([key], key_prefix="q:") == 1
        assert client.get_multi([key], key_prefix="q:") == {}

    @pytest.mark.parametrize("verb", verbs.ALL, ids=verbs.name)
    def test_over_long_together(self, kind, make_client, verb):
        with ScriptedServer([]) as server:
            client = make_client(kind, [server.address], protocol="text", timeout=0.2, key_prefix="p" * 200)
            with pytest.raises(E.MemcachedKeyLengthError):
                verb.call(client, "k" * 51)
            assert_heard_nothing(server)

    def test_exactly_long_enough_together(self, kind, make_client, memcached):
        client = make_client(kind, [memcached.address], key_prefix="p" * 200)
        assert client.set("k" * 50, b"v")
        assert client.get("k" * 50) == b"v"

    @pytest.mark.parametrize("call", [
        lambda c, p: c.get_multi(["k"], key_prefix=p), lambda c, p: c.set_multi({"k": b"v"}, key_prefix=p),
        lambda c, p: c.delete_multi(["k"], key_prefix=p)], ids=["get", "set", "delete"])
    def test_prefix_of_a_call_is_checked(self, silent, call):
        client, server = silent
        for prefix, error in [("p" * 250, E.MemcachedKeyLengthError), ("a b", E.MemcachedKeyCharacterError),
                              ("a\n", E.MemcachedKeyCharacterError)]:
            with pytest.raises(error):
                call(client, prefix)
        assert_heard_nothing(server)

    @pytest.mark.parametrize("prefix", ["a b", "a\n", b"\0", "p" * 251])
    def test_prefix_of_the_client_is_checked(self, kind, memcached, prefix):
        with pytest.raises((ValueError, E.MemcachedKeyError)):
            with kind([memcached.address], key_prefix=prefix) as client:
                client.get("k")


class TestParameters:
    def test_server_max_key_length(self, make_client, memcached):
        client = make_client(E, [memcached.address], server_max_key_length=10)
        assert client.set("k" * 10, b"v")
        with pytest.raises(E.MemcachedKeyLengthError):
            client.set("k" * 11, b"v")

    def test_check_keys_off_is_no_way_to_send_two_commands(self, make_client, memcached, key):
        client = make_client(E, [memcached.address], check_keys=False, timeout=0.5)
        client.set(key, b"v")
        for bad in ("k\r\nset injected 0 0 1\r\nx", "a b", "k\n", "x" * 300, ""):
            try:
                client.get(bad)
            except Exception:
                pass
        client.forget_dead_hosts()
        assert memcached.stored("injected") is None
        assert client.get(key) == b"v"

    def test_key_encoder_once_for_each_key(self, make_client, memcached, key):
        seen = []

        def encoder(k):
            seen.append(k)
            return "enc:" + k

        client = make_client(E, [memcached.address], key_encoder=encoder)
        assert client.set(key, b"v")
        assert memcached.stored("enc:" + key) == (b"v", 0)
        assert client.get(key) == b"v"
        assert client.incr(key + "-none") is None
        assert seen == [key, key, key + "-none"]

    def test_key_encoder_once_in_multi_calls(self, make_client, memcached, key):
        seen = []

        def encoder(k):
            seen.append(k)
            return "enc:" + k

        client = make_client(E, [memcached.address], key_encoder=encoder)
        keys = [f"{key}-{i}" for i in range(5)]
        assert client.set_multi({k: b"v" for k in keys}) == []
        assert client.get_multi(keys) == {k: b"v" for k in keys}
        assert client.delete_multi(keys) == 1
        assert seen == keys * 3

    def test_key_encoder_that_raises(self, make_client, memcached):
        def encoder(k):
            raise KeyError("no such tenant")

        client = make_client(E, [memcached.address], key_encoder=encoder)
        for verb in verbs.ALL:
            with pytest.raises(KeyError, match="tenant"):
                verb.call(client, "k")

    def test_what_key_encoder_makes_is_checked(self, make_client, memcached):
        client = make_client(E, [memcached.address], key_encoder=lambda k: k + " ")
        with pytest.raises(E.MemcachedKeyCharacterError):
            client.get("k")
