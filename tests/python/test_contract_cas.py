"""cas: remembered and explicit tokens, and never a plain set."""

import threading

import pytest

import cmemcache


@pytest.fixture
def remembering(kind, make_client, memcached):
    return make_client(kind, [memcached.address], cache_cas=True)


class TestExplicitToken:
    @pytest.mark.parametrize("protocol", ["auto", "text", "meta"])
    def test_stored_while_nobody_else_stores(self, kind, make_client, memcached, key, protocol):
        client = make_client(kind, [memcached.address], protocol=protocol)
        client.set(key, b"one")
        value, token = client.get_with_cas(key)
        assert value == b"one"
        assert client.cas(key, b"two", cas=token)
        assert not client.cas(key, b"three", cas=token)
        assert client.get(key) == b"two"
        assert client.delete(key) == 1
        assert not client.cas(key, b"four", cas=token)
        assert client.get(key) is None
        assert client.last_error is None

    def test_a_concurrent_change_wins(self, any_client, raw, key):
        any_client.set(key, b"mine")
        _, token = any_client.get_with_cas(key)
        raw.set(key, b"theirs")
        assert not any_client.cas(key, b"mine again", cas=token)
        assert any_client.get(key) == b"theirs"

    def test_tokens_are_not_shared_between_keys(self, any_client, key):
        any_client.set(key + "1", b"v")
        any_client.set(key + "2", b"v")
        _, token = any_client.get_with_cas(key + "1")
        assert not any_client.cas(key + "2", b"w", cas=token)

    def test_time_and_arguments_by_position_on_client(self, client, key):
        client.set(key, b"v")
        _, token = client.get_with_cas(key)
        assert client.cas(key, b"w", 60, 0, False, token)
        assert client.get(key) == b"w"

    def test_flags_on_string_client(self, raw, key):
        raw.set(key, b"v")
        _, token = raw.get_with_cas(key)
        assert raw.cas(key, b"w", 60, 9, cas=token)
        assert raw.getflags(key) == (b"w", 9)

    @pytest.mark.parametrize("token", ["1", b"1", 1.5, [], object()])
    def test_wrong_types(self, any_client, key, token):
        any_client.set(key, b"v")
        with pytest.raises((TypeError, ValueError)):
            any_client.cas(key, b"w", cas=token)
        assert any_client.get(key) == b"v"

    @pytest.mark.parametrize("token", [-1, 2**64, -2**70])
    def test_out_of_range(self, any_client, key, token):
        any_client.set(key, b"v")
        with pytest.raises((ValueError, OverflowError)):
            any_client.cas(key, b"w", cas=token)
        assert any_client.get(key) == b"v"

    def test_largest_token(self, any_client, key):
        any_client.set(key, b"v")
        assert not any_client.cas(key, b"w", cas=2**64 - 1)
        assert any_client.get(key) == b"v"


class TestRememberedToken:
    def test_gets_then_cas(self, remembering, key):
        remembering.set(key, b"one")
        assert remembering.gets(key) == b"one"
        assert remembering.cas(key, b"two")
        assert remembering.get(key) == b"two"

    def test_the_key_may_be_written_as_str_or_bytes(self, remembering, key):
        remembering.set(key, b"one")
        remembering.gets(key)
        assert remembering.cas(key.encode(), b"two")

    def test_a_concurrent_change_wins(self, remembering, raw, key):
        remembering.set(key, b"one")
        remembering.gets(key)
        raw.set(key, b"theirs")
        assert not remembering.cas(key, b"two")
        assert remembering.get(key) == b"theirs"

    def test_it_is_good_once(self, remembering, key):
        remembering.set(key, b"one")
        remembering.gets(key)
        assert remembering.cas(key, b"two")
        try:
            assert not remembering.cas(key, b"three")
        except ValueError:
            pass  # forgotten once used, as good
        assert remembering.get(key) == b"two"

    def test_an_explicit_token_goes_first(self, remembering, raw, key):
        remembering.set(key, b"one")
        remembering.gets(key)
        raw.set(key, b"theirs")
        _, token = raw.get_with_cas(key)
        assert remembering.cas(key, b"two", cas=token)

    def test_on_every_key_of_its_own(self, remembering, key):
        for i in range(10):
            remembering.set(f"{key}-{i}", b"v")
            remembering.gets(f"{key}-{i}")
        for i in range(10):
            assert remembering.cas(f"{key}-{i}", b"%d" % i)
            assert remembering.get(f"{key}-{i}") == b"%d" % i

    def test_with_a_prefix(self, kind, make_client, memcached, key):
        client = make_client(kind, [memcached.address], cache_cas=True, key_prefix="p:")
        client.set(key, b"one")
        client.gets(key)
        assert client.cas(key, b"two")


class TestNoToken:
    """With neither token it raises; it never turns into a plain set."""

    def assert_refused(self, client, key):
        before = client.get(key)
        with pytest.raises(ValueError):
            client.cas(key, b"overwritten")
        with pytest.raises(ValueError):
            client.cas(key, b"overwritten", noreply=True)
        assert client.get(key) == before

    def test_never_asked(self, any_client, remembering, key):
        any_client.set(key, b"v")
        self.assert_refused(any_client, key)
        self.assert_refused(remembering, key)

    def test_gets_without_cache_cas(self, any_client, key):
        any_client.set(key, b"v")
        any_client.gets(key)
        self.assert_refused(any_client, key)

    def test_gets_that_missed(self, remembering, key):
        remembering.gets(key)
        self.assert_refused(remembering, key)

    def test_after_reset_cas(self, remembering, key):
        remembering.set(key, b"v")
        remembering.gets(key)
        remembering.reset_cas()
        self.assert_refused(remembering, key)

    def test_get_and_get_with_cas_remember_nothing(self, remembering, key):
        remembering.set(key, b"v")
        remembering.get(key)
        remembering.get_multi([key])
        self.assert_refused(remembering, key)

    def test_whatever_errors_says(self, make_client, memcached, key):
        for errors in ("miss", "raise"):
            client = make_client(cmemcache.Client, [memcached.address], errors=errors)
            self.assert_refused(client, key)


def test_counter_by_cas_loses_nothing(kind, memcached, key):
    """Eight threads, each its own turn: every change is counted once."""
    with kind([memcached.address]) as client:
        client.set(key, b"0")

        def work():
            done = 0
            while done < 25:
                value, token = client.get_with_cas(key)
                if client.cas(key, b"%d" % (int(value) + 1), cas=token):
                    done += 1

        threads = [threading.Thread(target=work) for _ in range(8)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert client.get(key) == b"200"
