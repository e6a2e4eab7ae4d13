"""One client, many threads: every caller gets its own answer."""

import threading
import time

import pytest

import cmemcache


def run_all(count, work, meanwhile=lambda: None):
    """`work(number)` in so many threads, and `meanwhile` in this one."""
    failures = []

    def guarded(number):
        try:
            work(number)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(n,)) for n in range(count)]
    [t.start() for t in threads]
    meanwhile()
    [t.join(60) for t in threads]
    assert not any(t.is_alive() for t in threads)
    if failures:
        raise failures[0]


@pytest.mark.parametrize("protocol", ["auto", "text"])
def test_sixteen_threads(kind, make_client, three_servers, protocol):
    client = make_client(kind, [s.address for s in three_servers], protocol=protocol, errors="raise", timeout=10)

    def work(number):
        for i in range(60):
            k = f"{number}-{i}"
            assert client.set(k, k.encode())
            assert client.get(k) == k.encode()
            pairs = {f"{k}-{n}": f"{k}-{n}".encode() for n in range(10)}
            assert client.set_multi(pairs) == []
            assert client.get_multi(pairs) == pairs
            assert client.get(k + "-absent") is None
            assert client.delete(k) == 1

    run_all(16, work)


def test_sixteen_threads_count_together(any_client, key):
    any_client.set(key, b"0")
    run_all(16, lambda number: [any_client.incr(key) for _ in range(50)])
    assert int(any_client.get(key)) == 800


def test_while_the_server_comes_and_goes(kind, make_client, own_memcached):
    """Misses are allowed, an answer to another question is not."""
    client = make_client(kind, [own_memcached.address], dead_retry=0, timeout=0.5)
    stop = threading.Event()

    def come_and_go():
        for _ in range(5):
            time.sleep(0.05)
            own_memcached.restart()
        stop.set()

    def work(number):
        i = 0
        while not stop.is_set():
            i += 1
            k = f"{number}-{i % 50}"
            client.set(k, k.encode())
            assert client.get(k) in (None, k.encode())
            got = client.get_multi([k, f"{number}-{(i + 1) % 50}"])
            assert got == {x: x.encode() for x in got}

    run_all(8, work, come_and_go)
    assert client.set("after", b"v") and client.get("after") == b"v"


def test_other_threads_run_while_one_waits(kind, make_client, own_memcached):
    """The GIL is released around the exchange."""
    client = make_client(kind, [own_memcached.address], timeout=0.4)
    client.get("k")
    own_memcached.pause()
    caller = threading.Thread(target=client.get, args=("k",))
    longest, last = 0.0, time.monotonic()
    caller.start()
    while caller.is_alive():
        now = time.monotonic()
        longest, last = max(longest, now - last), now
        time.sleep(0.001)
    own_memcached.resume()
    assert longest < 0.2


def test_a_thread_that_ends_leaves_the_client_to_the_others(any_client, key):
    run_all(1, lambda number: any_client.set(key, b"v"))
    assert any_client.get(key) == b"v"


def test_many_short_threads_leak_no_connection(kind, make_client, own_memcached, key):
    client = make_client(kind, [own_memcached.address])
    for _ in range(50):
        run_all(4, lambda number: client.set(f"{key}-{number}", b"v"))
    assert client.counters()[own_memcached.address]["connections"] <= 4


def test_remembered_tokens_with_threads(make_client, memcached, key):
    client = make_client(cmemcache.Client, [memcached.address], cache_cas=True)

    def work(number):
        for i in range(50):
            k = f"{key}-{number}-{i}"
            client.set(k, b"one")
            client.gets(k)
            assert client.cas(k, b"two")

    run_all(8, work)
