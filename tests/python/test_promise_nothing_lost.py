"""Nothing is lost unsaid: a key that a bulk call does not name as failed was done, and whatever failed says why."""

import contextlib

import pytest

import cmemcache
from support.calling_styles import STYLES

FAULTS = {"delay": 10, "stall": 0, "drip": 1, "one_byte": 0, "close": 0, "reset": 0, "half_close": 0, "garbage": 0,
          "wrong_key": 0, "huge_length": 0, "negative_length": 0, "missing_end": 0, "extra": 0, "duplicate": 0,
          "swallow": 0, "swap": 0, "refuse": 0, "unanswered": 0}
BITES = ["stall", "close", "reset", "half_close", "garbage", "swallow", "refuse"]
# A classic STORED does not say whose it is: one too many or too few can only be seen at the end.
CLASSIC = [f for f in FAULTS if f not in ("swallow", "swap", "duplicate", "extra", "wrong_key", "huge_length", "stall")]
OPTIONS = {"timeout": 0.04, "connect_timeout": 0.04, "dead_retry": 0, "profile": "raw"}
KEYS, CALLS = 300, 2


class Behind:
    """What the server has, seen behind the proxy."""

    def __init__(self, server):
        self._link = cmemcache.StringClient([server.address], errors="raise", timeout=10)

    def stored(self, keys):
        return self._link.get_multi(keys)

    def fill(self, pairs):
        assert self._link.set_multi(pairs) == []

    def close(self):
        self._link.close()


@pytest.fixture
def small_memcached(memcached_factory):
    return memcached_factory("-I", "2k", "-o", "slab_chunk_max=1024")


@pytest.fixture
def behind(small_memcached):
    it = Behind(small_memcached)
    yield it
    it.close()


def make_style(name, address, errors, told, **options):
    """With `errors` where the style has a choice; it tells `told` what it does not raise."""
    options = {**OPTIONS, **options, "on_error": told.append}
    if "." not in name:
        options["errors"] = errors
    if name.startswith("String"):
        del options["profile"]
    return STYLES[name]([address], **options)


def says_why(style, told, address):
    error = style.client.last_error
    assert isinstance(error, cmemcache.Error) and address in str(error), error
    assert told and told[-1] is error
    return True


def each_style(server, fault_proxy, fault, every, **options):
    """One style after the other, each with keys of its own, before the fault begins."""
    proxy = fault_proxy(server)
    for name in STYLES:
        for errors in ("miss", "raise") if "." not in name else ("raise",):
            told = []
            style = make_style(name, proxy.address, errors, told, **options)
            try:
                with contextlib.suppress(cmemcache.Error):  # this machine may stand still longer than the deadline is
                    style.get("warm")
                keys = [[f"{name}-{errors}-{call}-{n}" for n in range(KEYS)] for call in range(CALLS)]
                yield style, keys, told, proxy.address, lambda: proxy.fault(fault, every=every, ms=FAULTS[fault])
            finally:
                proxy.clear()
                style.close()


def check_set_multi(behind, styles):
    """How many calls were in trouble. Some of the values are too large for the server, which says so in between."""
    troubled = 0
    for style, keys_of_calls, told, address, begin in styles:
        begin()
        for keys in keys_of_calls:
            large = set(keys[50::100])
            pairs = {k: b"x" * 3000 if k in large else k.encode() * 3 for k in keys}
            try:
                failed = style.set_multi(pairs)
            except cmemcache.Error as error:
                assert style.raises and address in str(error)
                assert behind.stored(large) == {}
                troubled += not isinstance(error, cmemcache.ValueTooLarge)
                continue
            assert not style.raises, "it raises where something failed"
            assert large <= set(failed) <= set(keys) and len(set(failed)) == len(failed)
            done = set(keys) - set(failed)
            assert behind.stored(done) == {k: pairs[k] for k in done}, "reported as stored"
            assert says_why(style, told, address)
            troubled += set(failed) != large
    return troubled


@pytest.mark.parametrize("every", [1, 2])
@pytest.mark.parametrize("fault", FAULTS)
class TestEveryFault:
    def test_set_multi(self, small_memcached, fault_proxy, behind, fault, every):
        troubled = check_set_multi(behind, each_style(small_memcached, fault_proxy, fault, every))
        assert troubled or every > 1 or fault not in BITES

    def test_delete_multi(self, small_memcached, fault_proxy, behind, fault, every):
        for style, keys_of_calls, told, address, begin in each_style(small_memcached, fault_proxy, fault, every):
            for keys in keys_of_calls:
                behind.fill({k: b"v" for k in keys})
            begin()
            for keys in keys_of_calls:
                try:
                    done = style.delete_multi(keys)
                except cmemcache.Error as error:
                    assert style.raises and address in str(error)
                    continue
                assert done in (0, 1) and (done or not style.raises)
                if done:
                    assert behind.stored(keys) == {}, "reported as deleted"
                else:
                    assert says_why(style, told, address)


@pytest.mark.parametrize("fault", CLASSIC)
def test_set_multi_in_the_classic_protocol(small_memcached, fault_proxy, behind, fault):
    troubled = check_set_multi(behind, each_style(small_memcached, fault_proxy, fault, 7, protocol="text"))
    assert troubled or fault not in BITES
