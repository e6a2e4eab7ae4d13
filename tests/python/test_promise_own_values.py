"""Never another key's value: whatever happens to replies and connections, in every style, from many callers at once."""

import asyncio
import itertools
import os
import random
import signal
import threading
import time

import pytest

import cmemcache
from support.calling_styles import STYLES, Futures, Style
from support.own_values import Mix, play, play_async, works_again
from support.processes import ended_well, in_child
from support.scripted_server import ScriptedServer, echo_gets

# Milliseconds where the fault has a time.
FAULTS = {"delay": 15, "stall": 0, "drip": 1, "one_byte": 0, "close": 0, "reset": 0, "half_close": 0, "garbage": 0,
          "wrong_key": 0, "huge_length": 0, "negative_length": 0, "missing_end": 0, "extra": 0, "duplicate": 0,
          "swallow": 0, "swap": 0, "refuse": 0, "unanswered": 0}
QUICK = {"timeout": 0.02, "connect_timeout": 0.02, "dead_retry": 0.01}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_third_reply_in_every_style(fault_proxy, own_memcached, fault):
    proxy = fault_proxy(own_memcached)
    for name, make in STYLES.items():
        style = make([proxy.address], **QUICK)
        proxy.fault(fault, every=3, ms=FAULTS[fault])
        assert play(Mix(name), style, seconds=0.04) > 0
        proxy.clear()
        style.client.forget_dead_hosts()
        assert works_again(style), name
        style.close()
    if fault not in ("refuse", "unanswered", "stall", "swap"):  # the next reply comes too late for one that waits
        assert proxy.stats()["faults"] >= len(STYLES)


@pytest.mark.parametrize("fault", ["duplicate", "extra", "missing_end", "swallow", "wrong_key"])
def test_in_the_classic_protocol_too(fault_proxy, own_memcached, fault):
    """A classic reply to `incr` is a number and nothing else: counters only where one call at a time has a connection."""
    proxy = fault_proxy(own_memcached)
    for name in ["Client", "StringClient", "FutureClient", "AsyncClient"]:
        style = STYLES[name]([proxy.address], protocol="text", **QUICK)
        proxy.fault(fault, every=3)
        play(Mix(name, counters=style.front is style.client), style, seconds=0.06)
        proxy.clear()
        assert works_again(style), name
        style.close()


def change_faults(proxy, seconds):
    """Another one every 20 ms, and a moment without any after each."""
    rng = random.Random(3)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        fault = rng.choice(list(FAULTS))
        proxy.fault(fault, every=rng.choice((3, 20)), ms=FAULTS[fault])
        time.sleep(0.02)
        proxy.clear()
        time.sleep(0.005)


@pytest.mark.parametrize("wrap", [lambda c: Style(c, c, False), lambda c: Futures(c, c.futures, True)],
                         ids=["blocking", "futures"])
def test_32_threads_on_one_client_while_faults_change(fault_proxy, own_memcached, make_client, wrap):
    proxy = fault_proxy(own_memcached)
    client = make_client(cmemcache.Client, [proxy.address], **QUICK)
    style, stop, failed, made = wrap(client), threading.Event(), [], []

    def work(name):
        calls = Mix(name)
        try:
            while not stop.is_set():
                made.append(play(calls, style, seconds=0.1))
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(32)]
    [t.start() for t in threads]
    change_faults(proxy, 1.0)
    stop.set()
    [t.join(20) for t in threads]
    assert not failed and not any(t.is_alive() for t in threads) and sum(made) > 300
    assert works_again(style)
    assert client.counters()[proxy.address]["in_flight"] == 0


@pytest.mark.parametrize("kind", [cmemcache.AsyncClient, cmemcache.Client], ids=["AsyncClient", "Client.aio"])
def test_200_tasks_on_one_client_while_faults_change(fault_proxy, own_memcached, make_client, kind):
    proxy = fault_proxy(own_memcached)
    client = make_client(kind, [proxy.address], **QUICK)
    front = getattr(client, "aio", client)

    async def main():
        tasks = [asyncio.create_task(play_async(Mix(f"t{n}", keys=4), front, seconds=1.1)) for n in range(200)]
        await asyncio.to_thread(change_faults, proxy, 1.0)
        made = await asyncio.gather(*tasks)
        assert sum(made) > 300
        for _ in range(100):
            await asyncio.sleep(0.01)
            try:
                if await front.set("after", b"v") and await front.get("after") == b"v":
                    break
            except cmemcache.Error:
                pass
        else:
            pytest.fail("it does not come back")
        await asyncio.gather(*(play_async(Mix(f"u{n}", keys=4), front, count=5) for n in range(20)))

    asyncio.run(main())


class Alarm(Exception):
    pass


def test_alarms_in_the_middle_of_late_answers(kind, fault_proxy, own_memcached, make_client):
    """The handler raises at any moment of any call; the answers that come late are nobody's."""
    proxy = fault_proxy(own_memcached)
    client = make_client(kind, [proxy.address], timeout=5)
    proxy.fault("delay", every=2, ms=2)
    interrupted = 0

    def raising(number, frame):
        raise Alarm

    before = signal.signal(signal.SIGALRM, raising)
    rng = random.Random(7)
    try:
        for n in range(150):
            calls = Mix(f"a{n}", keys=3)
            try:
                try:
                    signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.0005, 0.009))
                    play(calls, client, count=6)
                finally:
                    signal.setitimer(signal.ITIMER_REAL, 0)
            except Alarm:
                interrupted += 1
    finally:
        signal.signal(signal.SIGALRM, before)
    assert interrupted > 30
    proxy.clear()
    assert works_again(client)
    counted = client.counters()[proxy.address]
    assert counted["in_flight"] == 0 and counted["marked_dead"] == 0


def hammering(front, forks):
    """Three threads play on it while `forks` is called."""
    stop, failed = threading.Event(), []

    def work(name):
        calls = Mix(name)
        try:
            while not stop.is_set():
                play(calls, front, count=10)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(f"parent{n}",)) for n in range(3)]
    [t.start() for t in threads]
    time.sleep(0.05)
    try:
        forks()
    finally:
        stop.set()
        [t.join(20) for t in threads]
    assert not failed and not any(t.is_alive() for t in threads)


@pytest.mark.parametrize("style_name", ["Client", "StringClient", "Client.futures", "FutureClient"])
def test_children_that_hammer_with_the_inherited_client(fault_proxy, own_memcached, style_name):
    proxy = fault_proxy(own_memcached)
    style = STYLES[style_name]([proxy.address], timeout=5)
    proxy.fault("one_byte")

    def child(number):
        assert play(Mix(f"child{number}"), style, seconds=0.4) > 10
        assert works_again(style, f"child{number}")

    def forks():
        pids = [in_child(lambda n=n: child(n)) for n in range(3)]
        assert all([ended_well(pid) for pid in pids])

    hammering(style, forks)
    assert works_again(style)
    assert proxy.stats()["connections"] <= (3 if style.front is style.client else 1) + 3, "nobody lost one"
    assert style.client.counters()[proxy.address]["marked_dead"] == 0
    style.close()


@pytest.mark.parametrize("style_name", ["Client", "FutureClient"])
def test_no_connection_is_used_by_two_processes(style_name):
    """The server knows who asks by the keys."""
    with ScriptedServer([echo_gets()]) as server:
        style = STYLES[style_name]([server.address], protocol="text", profile="raw", timeout=5)

        def ask(name, seconds):
            end, n = time.monotonic() + seconds, itertools.count()
            while time.monotonic() < end:
                k = f"{name}_{next(n)}"
                assert style.get(k) == k.encode()

        threads = [threading.Thread(target=ask, args=(f"{os.getpid()}", 0.8)) for _ in range(3)]
        [t.start() for t in threads]
        time.sleep(0.05)
        pids = [in_child(lambda: ask(f"{os.getpid()}", 0.3)) for _ in range(3)]
        assert all([ended_well(pid) for pid in pids])
        [t.join() for t in threads]
        style.close()
        owners = [{word.split(b"_")[0] for word in said.split() if b"_" in word} for said in server.received]
        assert all(len(owner) == 1 for owner in owners), owners
        assert set.union(*owners) == {b"%d" % pid for pid in [os.getpid(), *pids]}
