"""Never later than the deadline: whatever a server does, a call of any style ends in time, with what it has.

The margin is 50 ms, and as much as this machine let a sleeping thread oversleep meanwhile.
"""

import contextlib
import threading
import time

import pytest

import cmemcache
from support.calling_styles import STYLES
from support.memcached_server import MemcachedServer
from support.scripted_server import ScriptedServer

TIMEOUT, MARGIN = 0.08, 0.05
ONE_OF_EACH = ["Client", "FutureClient", "AsyncClient"]


class Control:
    """A thread that sleeps 5 ms again and again; `worst` is the longest that it overslept since it was last asked."""

    def __enter__(self):
        self._late, self._since, self._over = 0.0, time.monotonic(), threading.Event()
        self._thread = threading.Thread(target=self._sleep)
        self._thread.start()
        return self

    def _sleep(self):
        while not self._over.is_set():
            self._since = time.monotonic()
            time.sleep(0.005)
            self._late = max(self._late, time.monotonic() - self._since - 0.005)

    def worst(self):
        late, self._late = max(self._late, time.monotonic() - self._since - 0.005), 0.0
        return late

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()


@pytest.fixture(scope="module")
def control():
    with Control() as control:
        yield control


@contextlib.contextmanager
def in_time(control, timeout, what, least=0.0, oversleeps=4):
    """A call waits a few times, and may be kept waiting as long as the control each time."""
    control.worst()
    start = time.monotonic()
    yield
    took = time.monotonic() - start
    assert least <= took <= timeout + MARGIN + oversleeps * control.worst(), f"{what} took {took:.3f} s"


def outcome(style, call):
    """What came of it: the result, or the exception."""
    try:
        return call(style)
    except cmemcache.Error as error:
        assert style.raises, error
        return error


CALLS = {"get": lambda c: c.get("k"), "set": lambda c: c.set("k", b"v"), "incr": lambda c: c.incr("k"),
         "get_multi": lambda c: c.get_multi(["k", "l", "m"]), "set_multi": lambda c: c.set_multi({"k": b"v", "l": b"w"}),
         "large": lambda c: c.set("k", b"v" * 900_000)}


def warmed_up(style):
    """With a connection. Tried again, since this machine may stand still longer than the deadline is."""
    for _ in range(50):
        with contextlib.suppress(cmemcache.Error):
            if style.set("k", b"1"):
                return style
    pytest.fail("it does not work at all")


def all_calls_in_time(control, make, address, least=0.0, calls=CALLS):
    for name, call in calls.items():
        style = make([address], timeout=TIMEOUT, connect_timeout=TIMEOUT / 2, dead_retry=0)
        with in_time(control, TIMEOUT, name, least):
            outcome(style, call)
        assert style.client.last_error is not None or style.raises, name
        style.close()


@pytest.mark.parametrize("make", STYLES.values(), ids=STYLES)
class TestInEveryStyle:
    def test_a_server_that_accepts_and_never_answers(self, control, make):
        with ScriptedServer([]) as server:
            all_calls_in_time(control, make, server.address, least=TIMEOUT * 0.9)

    @pytest.mark.parametrize("fault, least", [("drip", 0.9), ("swallow", 0.9), ("stall", 0.9), ("unanswered", 0.4),
                                              ("refuse", 0)])
    def test_faults(self, control, make, fault_proxy, memcached, fault, least):
        """`drip`: a byte a second."""
        proxy = fault_proxy(memcached)
        proxy.fault(fault, ms=1000)
        all_calls_in_time(control, make, proxy.address, least * TIMEOUT,
                          calls={k: CALLS[k] for k in ("get", "set_multi")})

    def test_a_paused_memcached(self, control, make, own_memcached):
        for name in ("get", "get_multi", "large"):
            style = warmed_up(make([own_memcached.address], timeout=TIMEOUT, dead_retry=0))
            own_memcached.pause()
            with in_time(control, TIMEOUT, name, TIMEOUT * 0.9):
                outcome(style, CALLS[name])
            own_memcached.resume()
            style.close()


@pytest.fixture(scope="module")
def filled():
    with MemcachedServer("-m", "200") as server, cmemcache.StringClient([server.address], timeout=10) as client:
        assert client.set_multi({f"k{n}": b"k%d" % n for n in range(0, 100_000, 2)}) == []
        yield server


@pytest.mark.parametrize("name", ONE_OF_EACH)
class TestLargeCallsOverASlowLink:
    """What was answered by then is there; `errors="miss"`."""

    @pytest.mark.parametrize("fault, ms", [("delay", 150), ("drip", 1), ("one_byte", 0)])
    def test_get_multi_of_100_000_keys(self, control, fault_proxy, filled, name, fault, ms):
        proxy = fault_proxy(filled)
        style = warmed_up(STYLES[name]([proxy.address], timeout=0.5, errors="miss", profile="raw"))
        keys = [f"k{n}" for n in range(100_000)]
        proxy.fault(fault, ms=ms)
        with in_time(control, 0.5, "get_multi"):
            got = style.get_multi(keys)
        assert all(v == k.encode() for k, v in got.items()) and len(got) <= 50_000
        assert len(got) == 50_000 or isinstance(style.client.last_error, cmemcache.Error)
        assert fault in ("delay", "one_byte") or len(got) < 50_000
        style.close()

    @pytest.mark.parametrize("fault, ms", [("delay", 300), ("drip", 1)])
    def test_set_multi_of_20_000_keys(self, control, fault_proxy, filled, name, fault, ms):
        proxy = fault_proxy(filled)
        style = warmed_up(STYLES[name]([proxy.address], timeout=0.5, errors="miss", profile="raw"))
        pairs = {f"s{n}": b"v" * 500 for n in range(20_000)}
        proxy.fault(fault, ms=ms)
        with in_time(control, 0.5, "set_multi"):
            failed = style.set_multi(pairs)
        assert set(failed) <= set(pairs)
        assert not failed or isinstance(style.client.last_error, cmemcache.Error)
        assert fault == "delay" or failed
        style.close()


@pytest.mark.parametrize("make", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize("fault", ["swallow", "refuse"])
def test_what_the_healthy_server_said_is_there(control, make, fault_proxy, memcached, own_memcached, fault):
    """Beside one in trouble; where trouble raises, the exception comes in time, and the healthy one did its part."""
    proxy = fault_proxy(own_memcached)
    style = make([memcached.address, proxy.address], timeout=0.3, dead_retry=0, failover=False)
    pairs = {f"h{n}": b"%d" % n for n in range(1000)}
    with cmemcache.StringClient([memcached.address, proxy.address], errors="raise", timeout=10) as filler:
        assert filler.set_multi(pairs) == []
    warmed_up(style)
    healthy = {k for k in pairs if style.server_for(k) == memcached.address}
    proxy.fault(fault)
    with in_time(control, 0.3, "get_multi"):
        got = outcome(style, lambda c: c.get_multi(pairs))
    with in_time(control, 0.3, "set_multi"):
        failed = outcome(style, lambda c: c.set_multi({k: b"new" for k in pairs}))
    if style.raises:
        assert isinstance(got, cmemcache.Error) and isinstance(failed, cmemcache.Error)
    else:
        assert got == {k: pairs[k] for k in healthy} and set(failed) == set(pairs) - healthy
    assert all(memcached.stored(k)[0] == b"new" for k in list(healthy)[:20])
    style.close()
