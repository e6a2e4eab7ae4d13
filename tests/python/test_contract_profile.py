"""How values become bytes: the pickling parameters of python-memcached, and `profile`."""

import bz2
import io
import json
import pickle

import pytest

import cmemcache


class TestPickling:
    @pytest.mark.parametrize("protocol, start", [(0, b"("), (2, b"\x80\x02"), (4, b"\x80\x04"), (-1, b"\x80\x05")])
    def test_protocol(self, memcached, key, protocol, start):
        with cmemcache.Client([memcached.address], pickleProtocol=protocol) as client:
            client.set(key, {"a": 1})
            assert memcached.stored(key)[0].startswith(start)
            assert client.get(key) == {"a": 1}

    def test_pickler_and_unpickler(self, memcached, key):
        class Pickler(pickle.Pickler):
            def reducer_override(self, obj):
                return (str, ("no functions here",)) if callable(obj) and obj.__name__ == "<lambda>" else NotImplemented

        class Unpickler(pickle.Unpickler):
            def find_class(self, module, name):
                if name == "eval":
                    raise pickle.UnpicklingError("forbidden")
                return super().find_class(module, name)

        with cmemcache.Client([memcached.address], pickleProtocol=2, pickler=Pickler, unpickler=Unpickler) as client:
            client.set(key, [lambda: None])
            assert client.get(key) == ["no functions here"]
            client.set(key, eval)
            assert client.get(key) is None

    def test_old_style_pickler_by_position(self, memcached, key):
        """A pickler that is a plain function of (file, protocol), as python-memcached takes one."""
        def pickler(file, protocol=0):
            return pickle.Pickler(file, protocol)

        with cmemcache.Client([memcached.address], pickler=pickler) as client:
            assert client.set(key, [1]) and client.get(key) == [1]

    def test_persistent_ids(self, memcached, key):
        registry = {"one": object()}
        with cmemcache.Client([memcached.address], pickleProtocol=2,
                              pid=lambda o: "one" if o is registry["one"] else None,
                              pload=lambda name: registry[name]) as client:
            client.set(key, [registry["one"], 2])
            assert client.get(key)[0] is registry["one"]

    def test_compressor_and_decompressor(self, memcached, key):
        with cmemcache.Client([memcached.address], compressor=bz2.compress, decompressor=bz2.decompress) as client:
            client.set(key, b"a" * 1000, min_compress_len=10)
            data, flags = memcached.stored(key)
            assert flags == 8 and bz2.decompress(data) == b"a" * 1000
            assert client.get(key) == b"a" * 1000

    def test_a_compressor_that_raises(self, memcached, key):
        def compressor(data):
            raise MemoryError("too much")

        with cmemcache.Client([memcached.address], compressor=compressor) as client:
            with pytest.raises(MemoryError):
                client.set(key, b"a" * 1000, min_compress_len=10)
            assert client.set(key, b"v") and client.get(key) == b"v"


class TestProfile:
    def test_raw(self, memcached, key):
        with cmemcache.Client([memcached.address], profile="raw") as client:
            assert client.set(key, b"\0bytes")
            assert memcached.stored(key) == (b"\0bytes", 0)
            assert client.get(key) == b"\0bytes"
            assert client.get_multi([key]) == {key: b"\0bytes"}

    def test_raw_ignores_the_flags_of_others(self, memcached, raw, key):
        raw.set(key, b"data", flags=1 | 8)
        with cmemcache.Client([memcached.address], profile="raw") as client:
            assert client.get(key) == b"data"

    class Json:
        def __init__(self):
            self.calls = []

        def dumps(self, key, value):
            self.calls.append(("dumps", key))
            return json.dumps(value).encode(), 512

        def loads(self, key, data, flags):
            self.calls.append(("loads", key, flags))
            return json.loads(data)

    def test_object(self, memcached, key):
        profile = self.Json()
        with cmemcache.Client([memcached.address], profile=profile) as client:
            value = {"a": [1, None]}
            assert client.set(key, value)
            assert memcached.stored(key) == (json.dumps(value).encode(), 512)
            assert client.get(key) == value
            assert client.gets(key) == value
            assert client.get_with_cas(key)[0] == value
            assert client.get_multi([key]) == {key: value}
            assert client.set_multi({key: 5}) == []
            assert client.get(key) == 5
        assert {c[1] for c in profile.calls} <= {key, key.encode()}
        assert all(c[2] == 512 for c in profile.calls if c[0] == "loads")

    def test_object_whose_dumps_raises(self, memcached, key):
        class Refusing(self.Json):
            def dumps(self, key, value):
                raise LookupError("no schema")

        with cmemcache.Client([memcached.address], profile=Refusing()) as client:
            with pytest.raises(LookupError):
                client.set(key, 1)
            with pytest.raises(LookupError):
                client.set_multi({key: 1})
            assert client.get(key) is None

    @pytest.mark.parametrize("returned", [None, b"only bytes", (5, 0), (b"x", "flags"), (b"x", 0, 0), (b"x", -1),
                                          (b"x", 2**32)], ids=repr)
    def test_object_whose_dumps_returns_something_else(self, memcached, key, returned):
        class Odd(self.Json):
            def dumps(self, key, value):
                return returned

        with cmemcache.Client([memcached.address], profile=Odd()) as client:
            with pytest.raises((TypeError, ValueError, OverflowError)):
                client.set(key, 1)
            assert client.get(key) is None

    def test_object_whose_loads_raises_leaves_the_stream_in_step(self, memcached, raw, key):
        raw.set(key + "-bad", b"{")
        raw.set(key + "-good", b"1")
        with cmemcache.Client([memcached.address], profile=self.Json()) as client:
            for call in (client.get, client.gets, lambda k: client.get_multi([k, key + "-good"]).get(k)):
                try:
                    assert call(key + "-bad") is None
                except ValueError:
                    pass
                assert client.get(key + "-good") == 1


def test_unpickler_that_wants_a_file(memcached, key):
    def unpickler(file):
        assert isinstance(file, io.BytesIO) or hasattr(file, "read")
        return pickle.Unpickler(file)

    with cmemcache.Client([memcached.address], unpickler=unpickler) as client:
        client.set(key, [1])
        assert client.get(key) == [1]
