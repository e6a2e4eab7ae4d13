"""What can be stored, and how it comes back."""

import array
import collections
import datetime
import decimal
import pickle
import zlib

import pytest

import cmemcache


class Money:
    def __init__(self, amount):
        self.amount = amount

    def __eq__(self, other):
        return type(other) is Money and other.amount == self.amount


class Text(str):
    pass


Point = collections.namedtuple("Point", "x y")

OBJECTS = [b"", b"bytes", "", "text", "é€😀", 0, 1, -1, 2**31, -2**63, 2**64, 10**100, True, False, None, 0.0, 1.5,
           float("inf"), [], [1, [2]], {}, {"a": {"b": 1}}, (1,), {1, 2}, 1j, decimal.Decimal("1.10"), Money(3),
           Text("sub"), Point(1, 2), datetime.date(2020, 2, 29), bytearray(b"ba"), range(3), Money]


class TestClient:
    @pytest.mark.parametrize("value", OBJECTS, ids=lambda v: f"{type(v).__name__}-{v!r:.12}")
    def test_comes_back_as_it_was(self, client, key, value):
        assert client.set(key, value)
        for got in (client.get(key), client.gets(key), client.get_with_cas(key)[0], client.gat(key, 60),
                    client.get_multi([key])[key]):
            assert got == value
            assert type(got) is type(value)

    @pytest.mark.parametrize("value, stored", [
        (b"raw", (b"raw", 0)), ("é", ("é".encode(), 16)), (5, (b"5", 2)), (-5, (b"-5", 2)), (2**70, (b"%d" % 2**70, 2)),
        (True, (pickle.dumps(True, 0), 1)), (None, (pickle.dumps(None, 0), 1)), (1.5, (pickle.dumps(1.5, 0), 1)),
        ([1], (pickle.dumps([1], 0), 1)),
    ])
    def test_bytes_and_flags_are_python_memcacheds(self, client, memcached, key, value, stored):
        client.set(key, value)
        assert memcached.stored(key) == stored

    @pytest.mark.parametrize("value", [lambda: None, memoryview(b"x"), (x for x in ())],
                             ids=["lambda", "memoryview", "generator"])
    @pytest.mark.parametrize("errors", ["miss", "raise"])
    def test_what_pickle_refuses_raises(self, make_client, memcached, key, value, errors):
        client = make_client(cmemcache.Client, [memcached.address], errors=errors)
        for verb in ("set", "add", "replace", "append", "prepend"):
            with pytest.raises((TypeError, AttributeError, pickle.PicklingError)):
                getattr(client, verb)(key, value)
        assert client.set(key, b"v") and client.get(key) == b"v"

    def test_an_object_that_uses_the_client_while_it_is_pickled(self, client, key):
        class Nosy:
            def __reduce__(self):
                client.set(key + "-other", b"nosy")
                return (int, ())

        client.set(key, Nosy())
        assert client.get(key) == 0
        assert client.get(key + "-other") == b"nosy"

    @pytest.mark.parametrize("flags", [1024, 32, 1 << 31])
    def test_flags_of_a_stranger_never_disturb_the_next_call(self, client, raw, key, flags):
        """python-memcached raises on unknown flags: here that or a miss, and the stream stays in step."""
        raw.set(key, b"foreign", flags=flags)
        raw.set(key + "-own", b"own")
        for call in (client.get, client.gets, lambda k: client.get_multi([k, key + "-own"]).get(k)):
            try:
                assert call(key) is None
            except ValueError as error:
                assert f"{flags:x}" in str(error)
            assert client.get(key + "-own") == b"own"

    @pytest.mark.parametrize("data, flags", [(b"no zlib", 8), (b"not a number", 2), (b"\xff", 16), (b"garbage", 1),
                                             (b"", 1), (b"", 2), (b"", 8), (zlib.compress(b"garbage"), 9)])
    def test_what_does_not_decode_never_disturbs_the_next_call(self, client, raw, key, data, flags):
        raw.set(key, data, flags=flags)
        raw.set(key + "-own", b"own")
        for call in (client.get, client.gets, lambda k: client.get_multi([k, key + "-own"]).get(k)):
            try:
                assert call(key) is None
            except (ValueError, zlib.error):
                pass
            assert client.get(key + "-own") == b"own"


class TestStringClient:
    @pytest.mark.parametrize("value, stored", [
        (b"", b""), (b"\0\r\n\xff", b"\0\r\n\xff"), ("é", "é".encode()), ("", b""), (bytearray(b"ba"), b"ba"),
        (memoryview(b"mv"), b"mv"), (memoryview(b"abcdef")[1:4], b"bcd"), (array.array("b", [1, 2]), b"\1\2"),
        (b"END\r\n", b"END\r\n"), (b"x" * 100_000, b"x" * 100_000),
    ], ids=lambda v: f"{type(v).__name__}-{len(v)}")
    def test_bytes_like_and_text(self, raw, memcached, key, value, stored):
        assert raw.set(key, value)
        assert raw.get(key) == stored
        assert type(raw.get(key)) is bytes
        assert raw.getflags(key) == (stored, 0)
        assert raw.get_multi([key]) == {key: stored}
        assert raw.set_multi({key: value}) == []
        assert raw.get(key) == stored

    @pytest.mark.parametrize("verb", ["set", "add", "replace", "append", "prepend"])
    @pytest.mark.parametrize("value", [1, 1.5, None, True, [], {}, object()], ids=lambda v: type(v).__name__)
    def test_other_types_raise_type_error(self, raw, key, verb, value):
        with pytest.raises(TypeError):
            getattr(raw, verb)(key, value)
        assert raw.get(key) is None

    def test_other_types_in_multi(self, raw, key):
        with pytest.raises(TypeError):
            raw.set_multi({key: b"v", key + "2": 5})

    def test_a_stepped_memoryview_is_stored_as_its_bytes_or_refused(self, raw, key):
        view = memoryview(b"abcdef")[::2]
        try:
            raw.set(key, view)
        except (BufferError, ValueError, TypeError):
            return
        assert raw.get(key) == b"ace"

    def test_lone_surrogate(self, raw, key):
        with pytest.raises(UnicodeEncodeError):
            raw.set(key, "\ud800")
        assert raw.get(key) is None

    def test_min_compress_len_changes_nothing_for_the_reader(self, raw, key):
        assert raw.set(key, b"a" * 5000, min_compress_len=10)
        assert raw.get(key) == b"a" * 5000


class TestCompression:
    @pytest.mark.parametrize("verb", ["set", "add"])
    def test_above_the_length(self, client, memcached, key, verb):
        assert getattr(client, verb)(key, b"a" * 101, min_compress_len=100)
        data, flags = memcached.stored(key)
        assert flags == 8 and zlib.decompress(data) == b"a" * 101
        assert client.get(key) == b"a" * 101

    @pytest.mark.parametrize("value, flags", [("é" * 500, 16 | 8), ([1] * 500, 1 | 8), (b"b" * 500, 8)])
    def test_flag_is_added(self, client, memcached, key, value, flags):
        client.set(key, value, min_compress_len=1)
        assert memcached.stored(key)[1] == flags
        assert client.get(key) == value

    def test_off_by_default(self, client, memcached, key):
        client.set(key, b"a" * 5000)
        assert memcached.stored(key) == (b"a" * 5000, 0)

    def test_not_at_the_length_itself(self, client, memcached, key):
        client.set(key, b"a" * 100, min_compress_len=100)
        assert memcached.stored(key) == (b"a" * 100, 0)

    def test_not_when_it_does_not_help(self, client, memcached, key):
        client.set(key, b"abc", min_compress_len=1)
        assert memcached.stored(key) == (b"abc", 0)

    def test_never_an_int(self, client, memcached, key):
        client.set(key, 10**200, min_compress_len=1)
        assert memcached.stored(key) == (b"1" + b"0" * 200, 2)

    def test_in_set_multi(self, client, memcached, key):
        assert client.set_multi({key: b"a" * 500, key + "2": b"b"}, min_compress_len=100) == []
        assert memcached.stored(key)[1] == 8
        assert client.get_multi([key, key + "2"]) == {key: b"a" * 500, key + "2": b"b"}

    def test_cas_compresses_as_well(self, client, memcached, key):
        client.set(key, b"v")
        _, token = client.get_with_cas(key)
        assert client.cas(key, b"a" * 500, min_compress_len=100, cas=token)
        assert memcached.stored(key)[1] == 8
