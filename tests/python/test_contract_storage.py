"""set, add, replace, append, prepend and delete: stored, not stored, noreply, on both clients."""

import pytest

import cmemcache

STORES = ["set", "add", "replace", "append", "prepend"]


class TestResult:
    """Stored or not, and what is there afterwards."""

    @pytest.mark.parametrize("verb, before, stored, after", [
        ("set", None, True, b"new"),
        ("set", b"old", True, b"new"),
        ("add", None, True, b"new"),
        ("add", b"old", False, b"old"),
        ("replace", None, False, None),
        ("replace", b"old", True, b"new"),
        ("append", None, False, None),
        ("append", b"old", True, b"oldnew"),
        ("prepend", None, False, None),
        ("prepend", b"old", True, b"newold"),
    ])
    @pytest.mark.parametrize("protocol", ["auto", "text", "meta"])
    def test_stored_or_not(self, kind, make_client, memcached, key, verb, before, stored, after, protocol):
        client = make_client(kind, [memcached.address], protocol=protocol)
        if before is not None:
            assert client.set(key, before)
        assert bool(getattr(client, verb)(key, b"new")) is stored
        assert client.get(key) == after
        assert client.last_error is None

    @pytest.mark.parametrize("verb", STORES)
    def test_nothing_is_printed(self, any_client, key, verb, capfd):
        getattr(any_client, verb)(key, b"v")
        getattr(any_client, verb)(key, b"v")
        assert capfd.readouterr() == ("", "")


class TestArguments:
    @pytest.mark.parametrize("verb", STORES)
    def test_by_name(self, any_client, key, verb):
        any_client.set(key, b"") if verb != "add" else None
        assert getattr(any_client, verb)(key=key, val=b"v", time=60, min_compress_len=0, noreply=False)
        assert any_client.get(key) == b"v"

    @pytest.mark.parametrize("verb", STORES)
    def test_by_position_on_client(self, client, key, verb):
        """key, val, time, min_compress_len, noreply: python-memcached's order."""
        client.set(key, b"") if verb != "add" else None
        assert getattr(client, verb)(key, b"v", 60, 0, False)
        assert client.get(key) == b"v"

    @pytest.mark.parametrize("verb", STORES)
    def test_by_position_on_string_client(self, raw, key, verb):
        """flags come after time."""
        raw.set(key, b"", 0, 5) if verb != "add" else None
        assert getattr(raw, verb)(key, b"v", 60, 5, 0, False)
        assert raw.getflags(key) == (b"v", 5)

    def test_client_has_no_flags(self, client, key):
        with pytest.raises(TypeError):
            client.set(key, b"v", flags=1)

    @pytest.mark.parametrize("flags", [-1, 2**32, 2**70, "1", None, 1.5])
    def test_flags_are_32_bits(self, raw, key, flags):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            raw.set(key, b"v", flags=flags)
        assert raw.get(key) is None

    @pytest.mark.parametrize("flags", [0, 1, 2**31, 2**32 - 1])
    @pytest.mark.parametrize("protocol", ["auto", "text"])
    def test_flags_come_back(self, make_client, memcached, key, flags, protocol):
        raw = make_client(cmemcache.StringClient, [memcached.address], protocol=protocol)
        assert raw.set(key, b"v", flags=flags)
        assert raw.getflags(key) == (b"v", flags)
        assert raw.get_multiflags([key]) == {key: (b"v", flags)}
        assert memcached.stored(key) == (b"v", flags)

    def test_set_multi_takes_flags_by_name(self, raw, key):
        assert raw.set_multi({key: b"v"}, flags=77) == []
        assert raw.getflags(key) == (b"v", 77)


class TestNoreply:
    @pytest.mark.parametrize("verb, before, after", [
        ("set", b"old", b"new"), ("add", None, b"new"), ("add", b"old", b"old"), ("replace", b"old", b"new"),
        ("replace", None, None), ("append", b"old", b"oldnew"), ("prepend", b"old", b"newold"),
    ])
    def test_store(self, any_client, key, verb, before, after):
        if before is not None:
            any_client.set(key, before)
        assert getattr(any_client, verb)(key, b"new", noreply=True)
        assert any_client.get(key) == after

    def test_delete(self, any_client, key):
        any_client.set(key, b"v")
        assert any_client.delete(key, noreply=True) == 1
        assert any_client.get(key) is None

    def test_delete_by_position(self, any_client, key):
        assert any_client.delete(key, True) == 1

    def test_set_multi(self, any_client, key):
        pairs = {f"{key}-{i}": f"{key}-{i}".encode() for i in range(50)}
        assert any_client.set_multi(pairs, noreply=True) == []
        assert any_client.get_multi(pairs) == pairs

    def test_delete_multi(self, any_client, key):
        pairs = {f"{key}-{i}": b"v" for i in range(50)}
        any_client.set_multi(pairs)
        assert any_client.delete_multi(pairs, noreply=True) == 1
        assert any_client.get_multi(pairs) == {}

    def test_cas(self, any_client, key):
        any_client.set(key, b"old")
        _, token = any_client.get_with_cas(key)
        assert any_client.cas(key, b"new", noreply=True, cas=token)
        assert any_client.get(key) == b"new"

    def test_many_refusals_leave_nothing_behind(self, any_client, key):
        """The server is silent about a refused noreply store: the next reply must be the next call's own."""
        any_client.set(key, b"v")
        for _ in range(100):
            any_client.add(key, b"w", noreply=True)
        assert any_client.get(key) == b"v"
        assert any_client.delete(key) == 1


class TestDelete:
    def test_deleted_or_not_there(self, any_client, key):
        any_client.set(key, b"v")
        assert any_client.delete(key) == 1
        assert any_client.delete(key) == 0
        assert any_client.get(key) is None

    @pytest.mark.parametrize("protocol", ["auto", "text", "meta"])
    def test_the_key_noreply(self, kind, make_client, own_memcached, protocol):
        """memcached takes a last word "noreply" for the option: the key of that name must not hang the client."""
        client = make_client(kind, [own_memcached.address], protocol=protocol, timeout=1)
        assert client.delete("noreply") == 0
        assert client.set("noreply", b"5")
        assert client.get("noreply") == b"5"
        assert client.gets("noreply") == b"5"
        assert client.get_multi(["noreply"]) == {"noreply": b"5"}
        assert client.incr("noreply", 2) == 7
        assert client.touch("noreply", 60) == 1
        assert client.delete("noreply") == 1
        assert client.delete_multi(["noreply"]) == 1
        assert client.get("noreply") is None
        assert client.last_error is None
