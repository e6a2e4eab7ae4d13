"""Futures and the objects of the caller: large values, what is let go of when, and Python code that runs in between."""

import concurrent.futures as cf
import gc
import sys
import threading
import weakref

import pytest

import cmemcache
from support.memcached_server import MemcachedServer
from support.scripted_server import ScriptedServer

SIZES = [0, 1, 2047, 4095, 4096, 65_535, 65_536, 1_000_000, 5_000_000]


@pytest.fixture(scope="module")
def large():
    with MemcachedServer("-I", "8m", "-m", "200") as server:
        yield server


@pytest.fixture
def raw_futures(large, make_client):
    return make_client(cmemcache.StringClient, [large.address], server_max_value_length=0, timeout=10).futures


@pytest.fixture
def futures(memcached, make_client):
    return make_client(cmemcache.FutureClient, [memcached.address], timeout=10)


def pattern(size):
    return (b"%d." % size * (size // 2 + 1))[:size]


class TestLarge:
    @pytest.mark.parametrize("size", SIZES)
    def test_every_way(self, raw_futures, key, size):
        value = pattern(size)
        assert raw_futures.set(key, value, 0, 7).result(10) is True
        assert raw_futures.get(key).result(10) == value
        assert raw_futures.getflags(key).result(10) == (value, 7)
        assert raw_futures.get_multi([key, "none"]).result(10) == {key: value}
        assert raw_futures.set_multi({key: value, key + "-": value}).result(10) == []
        assert raw_futures.get_multi([key, key + "-"]).result(10) == {key: value, key + "-": value}

    def test_together(self, raw_futures, key):
        asked = [raw_futures.set(f"{key}-{n}", pattern(n)) for n in SIZES * 2]
        asked += [raw_futures.get(f"{key}-{n}") for n in SIZES]
        assert all(f.result(10) is True for f in asked[:-len(SIZES)])
        assert [f.result(10) for f in asked[-len(SIZES):]] == [pattern(n) for n in SIZES]

    @pytest.mark.parametrize("kind", [bytearray, memoryview, lambda v: memoryview(v * 2)[::2], bytes.decode])
    @pytest.mark.parametrize("size", [100, 300_000])
    def test_kinds(self, raw_futures, key, kind, size):
        value = b"x" * size
        assert raw_futures.set(key, kind(value)).result(10) is True
        assert raw_futures.get(key).result(10) == value

    def test_a_bytearray_is_held_only_meanwhile(self, raw_futures, own_memcached, make_client):
        fc = make_client(cmemcache.StringClient, [own_memcached.address], timeout=10).futures
        fc.get("warm").result(5)
        own_memcached.pause()
        value = bytearray(b"a" * 500_000)
        future = fc.set("k", value)
        with pytest.raises(BufferError):
            value.clear()
        own_memcached.resume()
        assert future.result(5) is True
        value.clear()
        assert len(fc.get("k").result(5)) == 500_000


class Plain:
    """A value that can be watched."""

    def __eq__(self, other):
        return type(other) is Plain


class TestLettingGo:
    """When the result is there, nobody of ours refers to what was given any more; nor after a cancel."""

    def given(self):
        value = Plain()
        return value, weakref.ref(value)

    def test_after_the_result(self, futures, key):
        for ask in (lambda v: futures.set(key, v), lambda v: futures.set_multi({key: v}),
                    lambda v: futures.get(key, v)):
            value, watched = self.given()
            future = ask(value)
            del value
            future.result(5)
            assert watched() is None or watched() is future.result()

    def test_before_the_callbacks(self, futures, key):
        data, seen = pattern(200_000), threading.Event()
        before = sys.getrefcount(data)
        future = futures.set(key, data)
        future.add_done_callback(lambda f: sys.getrefcount(data) == before and seen.set())
        assert seen.wait(5)

    def test_after_cancel_and_close(self, make_client):
        with ScriptedServer([]) as silent:
            fc = make_client(cmemcache.FutureClient, [silent.address], timeout=10)
            for end in (lambda f: f.cancel(), lambda f: fc.close()):
                value, watched = self.given()
                future = fc.get("k", value)
                del value
                end(future)
                assert cf.wait([future], 5).done and self.gone(watched)

    def gone(self, watched):
        for _ in range(100):
            if watched() is None:
                return True
            threading.Event().wait(0.01)
        return False

    def test_after_misuse(self, futures):
        value, watched = self.given()
        future = futures.get(None, value)
        del value
        assert isinstance(future.exception(0), cmemcache.Client.MemcachedKeyNoneError)
        assert watched() is None

    def test_nothing_piles_up(self, futures, key):
        def work():
            asked = [futures.set(key, b"v") for _ in range(200)] + [futures.get_multi([key]) for _ in range(200)]
            [f.result(5) for f in asked]
            asked = [futures.get(key) for _ in range(200)]
            [f.cancel() for f in asked]
            futures.get_slabs().result(5)
            futures.get(key).result(5)

        work()
        gc.collect()
        before = len(gc.get_objects())
        for _ in range(5):
            work()
        gc.disable()
        try:
            work()
            assert len(gc.get_objects()) < before + 300  # no cycles, either
        finally:
            gc.enable()


class Trouble(Exception):
    pass


class Raises:
    def __init__(self, error):
        self.error = error

    def __reduce__(self):
        raise self.error


class TestPythonInBetween:
    def test_a_pickle_that_raises(self, futures, key):
        error = Trouble("in __reduce__")
        future = futures.set(key, Raises(error))
        assert future.exception(5) is error and error.__traceback__ is not None
        with pytest.raises(Trouble):
            futures.set_multi({key: 1, key + "-": Raises(error)}).result(5)
        assert futures.get_multi([key, key + "-"]).result(5) == {}

    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
    def test_what_is_not_for_the_future(self, futures, key, error):
        """Ctrl-C in a pickle is raised where it came."""
        with pytest.raises(error):
            futures.set(key, Raises(error()))
        assert futures.set(key, 1).result(5)

    def test_a_key_encoder_that_raises(self, memcached, make_client):
        def encoder(key):
            raise Trouble(key)

        fc = make_client(cmemcache.FutureClient, [memcached.address], key_encoder=encoder)
        assert isinstance(fc.get("k").exception(5), Trouble)
        assert isinstance(fc.get_multi(["k"]).exception(5), Trouble)

    def test_keys_and_mappings_that_raise(self, futures):
        def keys():
            yield "k"
            raise Trouble

        assert isinstance(futures.get_multi(keys()).exception(5), Trouble)
        assert isinstance(futures.set_multi([1]).exception(5), TypeError)

    def test_a_profile_that_raises(self, memcached, make_client, key):
        class Profile:
            def dumps(self, key, value):
                if value == "bad":
                    raise Trouble("dumps")
                return value, 0

            def loads(self, key, data, flags):
                raise StopIteration("loads")

        fc = make_client(cmemcache.FutureClient, [memcached.address], profile=Profile())
        assert isinstance(fc.set(key, "bad").exception(5), Trouble)
        assert fc.set(key, "good").result(5)
        error = fc.get(key).exception(5)
        assert isinstance(error, cmemcache.DecodeError) and isinstance(error.__cause__, StopIteration)
        assert isinstance(fc.get_multi([key]).exception(5), cmemcache.DecodeError) and fc.last_error is not error

    def test_a_profile_that_uses_the_client(self, memcached, make_client, key):
        class Link:
            """A value that names another key is the value of that."""

            def dumps(self, key, value):
                return value, 0

            def loads(self, key, data, flags):
                asked.append(fc.get("none"))
                return fc.client.get(data[1:].decode()) if data[:1] == b">" else data

        asked = []
        fc = make_client(cmemcache.FutureClient, [memcached.address], profile=Link())
        pairs = {f"{key}-{i}": b">%s-%d" % (key.encode(), i + 1) for i in range(5)}
        assert fc.set_multi({**pairs, f"{key}-5": b"end"}).result(5) == []
        assert fc.get_multi(pairs).result(5) == dict.fromkeys(pairs, b"end")
        assert all(f.result(5) is None for f in asked)

    def test_on_error_that_raises(self, closed_port, make_client):
        def on_error(error):
            raise Trouble from error

        fc = make_client(cmemcache.FutureClient, [closed_port], errors="miss", on_error=on_error)
        assert isinstance(fc.get("k").exception(5), Trouble) and isinstance(fc.last_error, cmemcache.ServerDown)

    def test_on_error_that_lets_go_of_the_client(self):
        """In the middle of a result with more servers to speak of."""
        def on_error(error):
            held.clear()
            gc.collect()
            told.append(error)

        held, told = [], []
        held.append(cmemcache.FutureClient([f"127.0.0.1:{n}" for n in (1, 2, 3)], errors="miss", on_error=on_error,
                                           failover=False))
        assert held[0].get_multi([str(n) for n in range(50)]).result(5) == {}
        assert len(told) == 3

    def test_loads_while_another_thread_lets_go_of_the_client(self, memcached, make_client, key):
        class Slow:
            def dumps(self, key, value):
                return value, 0

            def loads(self, key, data, flags):
                begun.set()
                gone.wait(0.005)
                return data

        make_client(cmemcache.Client, [memcached.address]).set_multi({f"{key}-{i}": b"v" for i in range(20)})
        for _ in range(10):
            begun, gone = threading.Event(), threading.Event()
            client = cmemcache.Client([memcached.address], profile=Slow())
            future = client.futures.get_multi([f"{key}-{i}" for i in range(20)])
            assert begun.wait(5)
            del client
            gc.collect()
            gone.set()
            assert future.result(5) == {f"{key}-{i}": b"v" for i in range(20)}
