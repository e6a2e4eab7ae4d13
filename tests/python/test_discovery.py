"""Servers that a cluster's configuration endpoint tells of: in every calling style, while the cluster changes and it does not answer."""

import asyncio
import contextlib
import os
import threading
import time

import pytest

import cmemcache
from support.calling_styles import STYLES
from support.configuration_endpoint import ConfigurationEndpoint, configuration
from support.memcached_server import MemcachedServer, free_port

EVERY = 0.02  # seconds between lookups
KEYS = [f"{n * 2654435761 % 2**32:x}-{n}" for n in range(60)]


@pytest.fixture(scope="module")
def servers():
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(MemcachedServer()) for _ in range(3)]


@pytest.fixture
def endpoint(servers):
    with ConfigurationEndpoint(servers) as made:
        yield made


@pytest.fixture(params=STYLES)
def make_style(request):
    made = []

    def make(endpoints, errors="raise", discovery_interval=EVERY, **options):
        made.append(STYLES[request.param](endpoints, errors=errors, discovery=True, discovery_interval=discovery_interval,
                                          **options))
        return made[-1]

    yield make
    for style in made:
        style.close()


def text_of(server):
    return f"{server.address} node-{server.port}:{server.port}"


def until(true, call, patience=5):
    """Calls, as a client that is in use does, until it is `true`."""
    end = time.monotonic() + patience
    while not true():
        assert time.monotonic() < end, "in vain"
        call()
        time.sleep(0.001)


def test_the_first_call_waits_for_the_list(make_style, endpoint, servers):
    style = make_style([endpoint.address])
    assert style.counters() == {} and endpoint.asked == 0
    assert style.set("k", b"v") and style.get("k") == b"v"
    assert set(style.counters()) == {text_of(s) for s in servers}
    status = style.discovery_status()
    assert (status["version"], status["failures"], status["last_failure"]) == (1, 0, None)
    pairs = {k: b"v" + k.encode() for k in KEYS}
    assert style.set_multi(pairs) == [] and style.get_multi(pairs) == pairs
    for key in KEYS[:20]:
        holder = next(s for s in servers if s.stored(key))
        assert style.server_for(key) == text_of(holder)


def test_the_first_call_about_all_servers(make_style, endpoint, servers):
    style = make_style([endpoint.address])
    assert len(style.version()) == 3


def test_the_list_is_followed(make_style, endpoint, servers):
    style = make_style([endpoint.address])
    style.get("k")
    endpoint.say(2, servers[:1])
    until(lambda: set(style.counters()) == {text_of(servers[0])}, lambda: style.get("k"))
    endpoint.say(3, servers)
    until(lambda: len(style.counters()) == 3, lambda: style.get("k"))
    assert style.discovery_status()["version"] == 3


def test_before_1_4_14_it_is_a_value(make_style, servers):
    with ConfigurationEndpoint(servers, only_old=True) as old:
        style = make_style([old.address])
        assert style.set("k", b"v") and len(style.counters()) == 3


def test_several_endpoints(make_style, endpoint, servers, closed_port):
    style = make_style([closed_port, servers[0].address, endpoint.address])
    assert style.set("k", b"v") and len(style.counters()) == 3


NONSENSE = [b"BANANA\r\n", b"END\r\n", b"CONFIG cluster 0 0\r\n\r\nEND\r\n", b"CONFIG other 0 1\r\nx\r\nEND\r\n", b"SERVER_ERROR no\r\n",
            b"CONFIG cluster 0 9\r\n2\na|b|0\n\r\nEND\r\n", b"CONFIG cluster 0 99999999999\r\n", b"CONFIG cluster 0 3\r\n2\n\n\r\nEND\r\n"]


@pytest.mark.parametrize("nonsense", NONSENSE, ids=repr)
def test_nonsense_leaves_the_old_list(endpoint, servers, nonsense):
    with cmemcache.Client([endpoint.address], discovery=True, discovery_interval=EVERY, errors="raise") as client:
        client.set("k", b"v")
        endpoint.answer = nonsense
        until(lambda: client.discovery_status()["failures"] >= 2, lambda: client.get("k"))
        assert client.get("k") == b"v" and len(client.counters()) == 3
        assert endpoint.address in client.discovery_status()["last_failure"]
        endpoint.say(2, servers[:2])
        until(lambda: len(client.counters()) == 2, lambda: client.get("k"))


def test_a_list_that_goes_backwards_is_believed_when_it_is_said_twice(endpoint, servers):
    endpoint.say(7, servers)
    with cmemcache.Client([endpoint.address], discovery=True, discovery_interval=EVERY, errors="raise") as client:
        client.get("k")
        endpoint.say(6, servers[:1])
        until(lambda: client.discovery_status()["failures"] == 1, lambda: client.get("k"))
        assert len(client.counters()) == 3 and "version 6, after one of 7" in client.discovery_status()["last_failure"]
        until(lambda: len(client.counters()) == 1, lambda: client.get("k"))
        assert client.discovery_status()["version"] == 6


def test_an_endpoint_that_is_down_at_first(make_style, servers):
    port = free_port()
    style = make_style([f"127.0.0.1:{port}"])
    with pytest.raises(cmemcache.ServerDown, match=f"127.0.0.1:{port}.*refused"):
        style.get("k")
    assert style.discovery_status()["failures"] == 1
    with ConfigurationEndpoint(servers, port=port):
        def get():
            with contextlib.suppress(cmemcache.ServerDown):
                style.get("k")
        until(lambda: len(style.counters()) == 3, get)
        assert style.set("k", b"v")


def test_an_endpoint_that_goes_leaves_the_list(make_style, servers):
    with ConfigurationEndpoint(servers) as endpoint:
        style = make_style([endpoint.address])
        assert style.set("k", b"v")
    until(lambda: style.discovery_status()["failures"] >= 2, lambda: style.get("k"))
    assert style.get("k") == b"v"


def test_a_silent_endpoint_is_no_later_than_the_deadline(make_style, endpoint):
    endpoint.answer = None
    style = make_style([endpoint.address], timeout=0.2)
    start = time.monotonic()
    with pytest.raises((cmemcache.ServerTimeout, cmemcache.ServerDown)):
        style.get("k")
    assert 0.15 < time.monotonic() - start < 0.5


def test_nobody_waits_for_a_silent_endpoint_once_a_list_is_known(endpoint):
    with cmemcache.Client([endpoint.address], discovery=True, discovery_interval=EVERY, errors="raise") as client:
        client.set("k", b"v")
        endpoint.answer = None
        asked, slowest, end = endpoint.asked, 0, time.monotonic() + 0.3
        while time.monotonic() < end:
            start = time.monotonic()
            assert client.get("k") == b"v"
            slowest = max(slowest, time.monotonic() - start)
        assert endpoint.asked > asked and slowest < 0.15


def test_a_host_is_placed_by_its_name_and_reached_at_its_address(endpoint, servers):
    """So that the keys stay where a client that was given the names puts them."""
    nodes = [(f"node-{n}.cache.invalid", s.host, s.port) for n, s in enumerate(servers)]
    endpoint.say(1, nodes)
    names = [f"{host}:{port}" for host, _, port in nodes]
    for options in ({"distribution": "ketama", "hash": "md5"}, {"distribution": "rendezvous"}, {}):
        with cmemcache.Client([endpoint.address], discovery=True, errors="raise", **options) as client, \
                cmemcache.Client(names, **options) as static:
            for key in KEYS:
                assert client.set(key, b"v")
                place = names.index(static.server_for(key))
                assert client.server_for(key).startswith(servers[place].address + " ")


def test_what_is_no_name_is_left_out(endpoint, servers):
    endpoint.say(1, [("localhost", "", servers[0].port)])
    with cmemcache.Client([endpoint.address], discovery=True, errors="raise") as client:
        assert client.set("k", b"v") and client.server_for("k") == f"localhost:{servers[0].port}"


def test_it_grows_and_shrinks_under_load(endpoint, servers):
    """Threads and tasks on one client, a hundred changes: no error, no wrong value."""
    keys = ["load-" + k for k in KEYS]
    client = cmemcache.Client([endpoint.address], discovery=True, discovery_interval=0.005, errors="raise", timeout=5)
    stop, wrong, calls = threading.Event(), [], [0] * 5

    def check(key, got):
        if got not in (None, key.encode()):
            wrong.append((key, got))

    def work(number):
        n = 0
        try:
            while not stop.is_set():
                key = keys[n % len(keys)]
                if not client.set(key, key.encode()):
                    wrong.append((key, "not stored"))
                check(key, client.get(key))
                n += 2
                calls[number] = n
        except Exception as e:
            wrong.append(e)

    async def task(front, number):
        for n in range(10**9):
            if stop.is_set():
                return
            key = keys[(n + number) % len(keys)]
            assert await front.set(key, key.encode())
            check(key, await front.get(key))
            calls[4] += 2

    async def tasks():
        await asyncio.gather(*(task(client.aio, n) for n in range(20)))
        await client.aio.close()

    def loop():
        try:
            asyncio.run(tasks())
        except Exception as e:
            wrong.append(e)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)] + [threading.Thread(target=loop)]
    [t.start() for t in threads]
    try:
        for version in range(2, 102):
            endpoint.say(version, servers[:1 + version % 3])
            end = time.monotonic() + 5
            while client.discovery_status()["version"] != version and time.monotonic() < end:
                time.sleep(0.001)
            assert client.discovery_status()["version"] == version
    finally:
        stop.set()
        [t.join() for t in threads]
        client.close()
    assert not wrong and min(calls) > 100
    assert client.discovery_status()["failures"] == 0


def test_forked_children_ask_for_themselves(endpoint, servers):
    client = cmemcache.Client([endpoint.address], discovery=True, discovery_interval=EVERY, errors="raise")
    assert client.set("k", b"v")
    endpoint.answer = None
    asked = endpoint.asked
    until(lambda: endpoint.asked > asked, lambda: client.get("k"))  # a lookup is under way when the child is made
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            end = time.monotonic() + 5
            while len(client.counters()) != 2 and time.monotonic() < end:
                assert client.get("k") in (b"v", None)
            code = 0 if len(client.counters()) == 2 else 2
        os._exit(code)
    endpoint.say(2, servers[:2])
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    until(lambda: len(client.counters()) == 2, lambda: client.get("k"))
    client.close()


def threads_of_this_process():
    return len(os.listdir("/proc/self/task"))


def test_no_thread_outlives_the_client(endpoint):
    before, files = threads_of_this_process(), len(os.listdir("/proc/self/fd"))
    endpoint.answer = None
    client = cmemcache.Client([endpoint.address], discovery=True, discovery_interval=EVERY, timeout=0.1)
    client.get("k")
    client.get("k")
    assert threads_of_this_process() <= before + 2  # the lookup, and the endpoint's own for its connection
    client.close()
    del client
    end = time.monotonic() + 2
    while (len(os.listdir("/proc/self/fd")) > files or threads_of_this_process() > before) and time.monotonic() < end:
        time.sleep(0.01)
    assert threads_of_this_process() <= before and len(os.listdir("/proc/self/fd")) <= files


def test_a_closed_client_asks_nobody(make_style, endpoint):
    style = make_style([endpoint.address])
    style.client.close()
    with pytest.raises(cmemcache.ClosedError):
        style.get("k")
    assert endpoint.asked == 0


@pytest.mark.parametrize("options, error", [({"discovery_interval": 0}, ValueError), ({"discovery_interval": -1}, ValueError),
                                            ({"discovery_interval": "1"}, TypeError)])
def test_bad_options(options, error):
    with pytest.raises(error):
        cmemcache.Client(["127.0.0.1"], discovery=True, **options)


def test_without_discovery_there_is_no_status(client):
    assert client.discovery_status() is None


def test_the_form_of_a_configuration():
    assert configuration(3, [("a", "1.2.3.4", 5), ("b", "", 6)]) == b"3\na|1.2.3.4|5 b||6\n"
