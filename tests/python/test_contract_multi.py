"""get_multi, set_multi and delete_multi: iterables, prefixes, int keys, duplicates, many keys, many servers."""

import collections

import pytest


@pytest.fixture
def spread(kind, make_client, three_servers):
    """A client of three servers."""
    return make_client(kind, [s.address for s in three_servers])


class TestGet:
    @pytest.mark.parametrize("iterable", [list, tuple, set, dict.fromkeys, iter, lambda k: (x for x in k)],
                             ids=["list", "tuple", "set", "dict", "iterator", "generator"])
    def test_any_iterable(self, any_client, key, iterable):
        pairs = {f"{key}-{i}": f"{key}-{i}".encode() for i in range(10)}
        any_client.set_multi(pairs)
        assert any_client.get_multi(iterable([*pairs, key])) == pairs

    def test_no_keys(self, any_client):
        assert any_client.get_multi([]) == {}
        assert any_client.get_multi(iter([])) == {}
        assert any_client.get_multiflags([]) == {}

    def test_duplicates(self, any_client, key):
        any_client.set(key, b"v")
        assert any_client.get_multi([key] * 5) == {key: b"v"}
        assert any_client.get(key) == b"v"

    def test_str_and_bytes_of_one_key(self, any_client, key):
        """Both are the caller's own."""
        any_client.set(key, b"v")
        assert any_client.get_multi([key, key.encode()]) == {key: b"v", key.encode(): b"v"}

    def test_prefix(self, any_client, memcached, key):
        any_client.set(key + ":1", b"one")
        any_client.set(key + ":2", b"two")
        assert any_client.get_multi(["1", "2", "3"], key_prefix=key + ":") == {"1": b"one", "2": b"two"}
        assert any_client.get_multi(["1"], (key + ":").encode()) == {"1": b"one"}

    def test_int_keys(self, any_client, key):
        assert any_client.set_multi({1: b"one", 20: b"twenty"}, key_prefix=key) == []
        assert any_client.get_multi([1, 20, 3], key_prefix=key) == {1: b"one", 20: b"twenty"}
        assert any_client.get_multi(["1", 20], key_prefix=key) == {"1": b"one", 20: b"twenty"}
        assert any_client.delete_multi([1, 20], key_prefix=key) == 1
        assert any_client.get_multi([1, 20], key_prefix=key) == {}

    def test_int_keys_without_a_prefix(self, any_client):
        number = 7**19
        assert any_client.set_multi({number: b"v"}) == []
        assert any_client.get(str(number)) == b"v"
        assert any_client.get_multi([number]) == {number: b"v"}

    @pytest.mark.parametrize("keys", [5, None, object()])
    def test_no_iterable(self, any_client, keys):
        with pytest.raises(TypeError):
            any_client.get_multi(keys)

    def test_an_iterable_that_raises(self, any_client, key):
        def keys():
            yield key
            raise LookupError("the caller's own")

        any_client.set(key, b"v")
        with pytest.raises(LookupError):
            any_client.get_multi(keys())
        assert any_client.get_multi([key]) == {key: b"v"}

    def test_an_iterable_that_calls_the_client(self, any_client, key):
        any_client.set(key, key.encode())

        def keys():
            for _ in range(3):
                assert any_client.get(key) == key.encode()
                yield key

        assert any_client.get_multi(keys()) == {key: key.encode()}

    def test_keys_are_the_callers_objects(self, any_client, key):
        class Key(str):
            pass

        mine = Key(key)
        any_client.set(key, b"v")
        (got,) = any_client.get_multi([mine])
        assert got is mine or got == key

    @pytest.mark.parametrize("protocol", ["auto", "text", "meta"])
    def test_ten_thousand_keys(self, kind, make_client, three_servers, protocol):
        client = make_client(kind, [s.address for s in three_servers], protocol=protocol, timeout=10)
        pairs = {f"{protocol}-{'k' * (i % 100)}-{i}": b"%d" % i for i in range(10_000)}
        assert client.set_multi(pairs) == []
        got = client.get_multi(list(pairs) + [f"absent-{i}" for i in range(1000)])
        assert got == pairs
        assert client.delete_multi(pairs) == 1
        assert client.get_multi(pairs) == {}

    def test_values_much_larger_than_any_buffer(self, spread, key):
        pairs = {f"{key}-{i}": f"{key}-{i}|".encode() * 10_000 for i in range(60)}
        assert spread.set_multi(pairs) == []
        assert spread.get_multi(pairs) == pairs


class TestSet:
    def test_all_stored_is_an_empty_list(self, any_client, key):
        assert any_client.set_multi({key: b"v"}) == []
        assert any_client.set_multi({}) == []

    def test_a_thousand_over_three_servers(self, spread, three_servers):
        pairs = {f"key-{i}": b"value of key-%d" % i for i in range(1000)}
        assert spread.set_multi(pairs, 60) == []
        assert spread.get_multi(pairs) == pairs
        held = [int(s.stat("curr_items")) for s in three_servers]
        assert sum(held) == 1000 and min(held) > 200

    def test_each_key_is_where_a_single_get_looks(self, spread):
        pairs = {f"key-{i}": b"%d" % i for i in range(200)}
        spread.set_multi(pairs)
        for k, v in pairs.items():
            assert spread.get(k) == v
        for k in pairs:
            spread.set(k, b"single-" + k.encode())
        assert spread.get_multi(pairs) == {k: b"single-" + k.encode() for k in pairs}

    def test_prefixed_keys_are_where_a_single_get_looks(self, spread):
        """The whole key is hashed, the prefix of the call with it."""
        pairs = {f"{i}": b"%d" % i for i in range(200)}
        spread.set_multi(pairs, key_prefix="area:")
        for k, v in pairs.items():
            assert spread.get("area:" + k) == v

    def test_time_and_prefix_by_position_on_client(self, client, memcached, key):
        assert client.set_multi({"a": b"v"}, 60, key + ":") == []
        assert memcached.stored(key + ":a") == (b"v", 0)

    def test_time_counts(self, any_client, key):
        assert any_client.set_multi({key: b"v"}, time=-1) == []
        assert any_client.get(key) is None

    @pytest.mark.parametrize("mapping", [collections.OrderedDict, collections.UserDict])
    def test_any_mapping(self, any_client, key, mapping):
        assert any_client.set_multi(mapping({key: b"v"})) == []
        assert any_client.get(key) == b"v"

    @pytest.mark.parametrize("mapping", [None, 5, "text", ["k"]])
    def test_no_mapping(self, any_client, mapping):
        with pytest.raises((TypeError, AttributeError, ValueError)):
            any_client.set_multi(mapping)

    def test_a_value_that_cannot_be_stored_raises_and_leaves_the_client_usable(self, any_client, key):
        with pytest.raises(Exception):
            any_client.set_multi({key + "1": b"v", key + "2": lambda: None, key + "3": b"v"})
        assert any_client.set(key, b"v")
        assert any_client.get(key) == b"v"


class TestDelete:
    def test_missing_keys_are_no_failure(self, any_client, key):
        any_client.set(key, b"v")
        assert any_client.delete_multi([key, key + "-absent"]) == 1
        assert any_client.delete_multi([key]) == 1
        assert any_client.delete_multi([]) == 1
        assert any_client.get(key) is None

    def test_prefix_and_generator(self, any_client, key):
        any_client.set(key + "1", b"v")
        any_client.set(key + "2", b"v")
        assert any_client.delete_multi((str(i) for i in (1, 2)), key_prefix=key) == 1
        assert any_client.get_multi([key + "1", key + "2"]) == {}
