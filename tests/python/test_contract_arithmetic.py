"""incr and decr: new value, miss, and values that are no numbers."""

import pytest


@pytest.mark.parametrize("stored, verb, delta, result", [
    (b"0", "incr", 1, 1),
    (b"41", "incr", 1, 42),
    (b"10", "incr", 32, 42),
    (b"10", "decr", 1, 9),
    (b"10", "decr", 11, 0),
    (b"10", "incr", 0, 10),
    (b"0", "incr", 2**64 - 1, 2**64 - 1),
    (b"18446744073709551615", "incr", 1, 0),
    (b"18446744073709551615", "decr", 1, 2**64 - 2),
    (b"9223372036854775807", "incr", 1, 2**63),
])
@pytest.mark.parametrize("protocol", ["auto", "text"])
def test_new_value(kind, make_client, memcached, key, stored, verb, delta, result, protocol):
    client = make_client(kind, [memcached.address], protocol=protocol)
    client.set(key, stored)
    assert getattr(client, verb)(key, delta) == result
    assert int(client.get(key)) == result


@pytest.mark.parametrize("verb", ["incr", "decr"])
class TestEach:
    def test_delta_is_one(self, any_client, key, verb):
        any_client.set(key, b"5")
        assert getattr(any_client, verb)(key) == {"incr": 6, "decr": 4}[verb]

    def test_by_name(self, any_client, key, verb):
        any_client.set(key, b"5")
        assert getattr(any_client, verb)(key=key, delta=2, noreply=False) == {"incr": 7, "decr": 3}[verb]

    def test_miss_is_none_and_creates_nothing(self, any_client, key, verb):
        assert getattr(any_client, verb)(key) is None
        assert any_client.get(key) is None
        assert any_client.last_error is None

    @pytest.mark.parametrize("protocol", ["auto", "text"])
    @pytest.mark.parametrize("value", [b"", b"x", b"-5", b"1.5", b"1x", b"\x00"])
    def test_no_number_raises_value_error(self, kind, make_client, memcached, key, verb, value, protocol):
        client = make_client(kind, [memcached.address], protocol=protocol)
        client.set(key, value)
        with pytest.raises(ValueError):
            getattr(client, verb)(key)
        assert client.get(key) == value

    @pytest.mark.parametrize("errors", ["miss", "raise"])
    def test_no_number_leaves_the_connection_alone(self, kind, make_client, own_memcached, key, verb, errors):
        client = make_client(kind, [own_memcached.address], errors=errors)
        client.set(key, b"x")
        before = own_memcached.stat("total_connections")
        for _ in range(5):
            with pytest.raises(ValueError):
                getattr(client, verb)(key)
        client.get(key)
        # One more: the second look itself.
        assert int(own_memcached.stat("total_connections")) == int(before) + 1

    @pytest.mark.parametrize("delta", [-1, 2**64, -2**70])
    def test_delta_out_of_range(self, any_client, key, verb, delta):
        any_client.set(key, b"5")
        with pytest.raises((ValueError, OverflowError)):
            getattr(any_client, verb)(key, delta)
        assert any_client.get(key) == b"5"

    @pytest.mark.parametrize("delta", ["x", None, [], b"1 noreply"])
    def test_delta_of_a_wrong_type(self, any_client, key, verb, delta):
        any_client.set(key, b"5")
        with pytest.raises((TypeError, ValueError)):
            getattr(any_client, verb)(key, delta)
        assert any_client.get(key) == b"5"

    def test_noreply_is_none_and_done(self, any_client, key, verb):
        any_client.set(key, b"5")
        assert getattr(any_client, verb)(key, 2, True) is None
        assert any_client.get(key).strip() == {"incr": b"7", "decr": b"3"}[verb]

    def test_int_values_of_client_stay_ints(self, client, key, verb):
        """decr leaves trailing blanks behind the digits: 10 becomes "9 "."""
        client.set(key, 10)
        assert getattr(client, verb)(key) == {"incr": 11, "decr": 9}[verb]
        assert client.get(key) == {"incr": 11, "decr": 9}[verb]
        assert type(client.get(key)) is int
