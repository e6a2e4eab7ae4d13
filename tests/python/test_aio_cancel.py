"""Cancelled calls: nothing of them reaches anybody else, and the connection goes on.

One that was not sent yet is taken back; the reply to one that was is swallowed when it comes.
"""

import asyncio
import threading
import time

import pytest

import cmemcache
from support.event_loops import loop_factory, run, sockets  # noqa: F401
from support.scripted_server import ScriptedServer, UnansweredPort, close, drip, echo_gets, expect, line, send, until


def swallow(size):
    """Reads that much and keeps it in `received` alone: steps that look at all of it would take long."""
    def step(connection):
        left = size
        while left > 0:
            data = connection.link.recv(min(left, 1 << 20))
            connection.received += data
            left -= len(data) or size
    return step


async def waiting_for(call):
    return await call


async def by_the_task(call):
    task = asyncio.create_task(waiting_for(call))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def by_wait_for(call):
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(call, 0.01)


async def by_timeout(call):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await call


async def by_itself(call):
    await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def in_a_gather(call):
    both = asyncio.gather(call, asyncio.sleep(0.02, "other"), return_exceptions=True)
    await asyncio.sleep(0.01)
    call.cancel()
    cancelled, other = await both
    assert isinstance(cancelled, asyncio.CancelledError) and other == "other"


cancelled = pytest.mark.parametrize("cancel", [by_the_task, by_wait_for, by_timeout, by_itself, in_a_gather],
                                    ids=lambda way: way.__name__)


class TestBeforeItIsSent:
    @cancelled
    def test_until_the_server_has_told_its_version(self, run, make_client, cancel):
        async def main(server):
            client = make_client(cmemcache.AsyncClient, [server.address], errors="raise")
            taken_back = [client.get("a"), client.set("b", "x"), client.set_multi({"c": "x"}), client.get("d")]
            stays = client.get("stays")
            await asyncio.gather(*(cancel(call) for call in taken_back))
            may_answer.set()
            assert await stays == b"stays"
            assert await client.get("next") == b"next"
            assert server.received == [b"version\r\nget stays\r\nget next\r\n"]
            assert client.counters()[server.address]["orphaned_replies"] == 0

        may_answer = threading.Event()
        with ScriptedServer([expect(b"version\r\n"), until(may_answer), send(b"VERSION 1.5.0\r\n"), echo_gets()]) as server:
            run(main(server))

    def test_in_the_turn_in_which_it_was_made(self, run, make_client):
        async def main(server):
            client = make_client(cmemcache.AsyncClient, [server.address], protocol="text")
            assert await client.get("warm") == b"warm"
            first, second, third = client.get("first"), client.get("second"), client.get("third")
            second.cancel()
            assert [await first, await third] == [b"first", b"third"]
            assert second.cancelled()
            assert server.received == [b"get warm\r\nget first\r\nget third\r\n"]

        with ScriptedServer([echo_gets()]) as server:
            run(main(server))

    def test_behind_what_the_server_does_not_read(self, run, make_client):
        """More is under way than a connection takes; what waits for room is taken back."""
        async def main(server):
            client = make_client(cmemcache.AsyncClient, [server.address], protocol="text", server_max_value_length=0,
                                 timeout=10, profile="raw")
            sent = [client.set(f"sent{n}", b"s" * 5_000_000) for n in range(2)]
            waits = [client.set("waits", b"w" * 100), client.get("waits")]
            await asyncio.sleep(0.05)
            [call.cancel() for call in waits]
            may_read.set()
            assert await asyncio.gather(*sent) == [True, True]
            assert await client.get("next") == b"next"
            assert b"waits" not in server.received[0]

        may_read = threading.Event()
        stored = [swallow(len(b"set sent0 0 0 5000000\r\n\r\n") + 5_000_000), send(b"STORED\r\n")]
        with ScriptedServer([until(may_read), *stored, *stored, echo_gets()]) as server:
            run(main(server))

    @cancelled
    def test_while_the_connection_is_not_accepted(self, run, make_client, cancel):
        async def main(port):
            client = make_client(cmemcache.AsyncClient, [port.address], connect_timeout=0.2, dead_retry=0)
            start = time.monotonic()
            await cancel(client.get("k"))
            assert time.monotonic() - start < 0.15
            with pytest.raises((cmemcache.ServerTimeout, cmemcache.ServerDown)):
                await client.get("k")
            assert time.monotonic() - start < 0.6

        with UnansweredPort() as port:
            run(main(port))

    def test_no_connection_is_made_for_it(self, run, make_client):
        """After connections that did not serve there are pauses before the next one."""
        async def main(server):
            client = make_client(cmemcache.AsyncClient, [server.address], protocol="text", timeout=5)
            for _ in range(5):
                with pytest.raises(cmemcache.ServerDown):
                    await client.get("k")
            calls = [client.get("k"), client.set_multi({"k": 1}), client.version()]
            await asyncio.sleep(0)
            [call.cancel() for call in calls]
            await asyncio.sleep(0.25)
            assert len(server.connections) == 5
            with pytest.raises(cmemcache.ServerDown):
                await client.get("k")
            assert len(server.connections) == 6

        with ScriptedServer([close()]) as server:
            run(main(server))

    def test_no_connection_is_left_of_it(self, run, make_client):
        async def main(port):
            client = make_client(cmemcache.AsyncClient, [port.address], connect_timeout=0.1, timeout=5)
            call = client.set("k", b"x" * 100_000)
            await asyncio.sleep(0.02)
            call.cancel()
            await asyncio.sleep(0.3)
            assert sockets() == before

        with UnansweredPort() as port:
            before = sockets() + 2  # the loop's own
            run(main(port))


class TestAfterItWasSent:
    @cancelled
    def test_the_reply_is_swallowed(self, run, make_client, own_memcached, cancel, key):
        async def main():
            client = make_client(cmemcache.AsyncClient, [own_memcached.address], timeout=5)
            await client.set(f"{key}a", "a's")
            own_memcached.pause()
            calls = [client.get(f"{key}a"), client.set(f"{key}b", "b's"), client.get_multi([f"{key}a"]), client.version()]
            await asyncio.gather(*(cancel(call) for call in calls))
            assert client.counters()[own_memcached.address]["orphaned_replies"] == 0
            own_memcached.resume()
            assert await client.get(f"{key}b") == "b's"  # it had been sent
            assert await client.get(f"{key}c") is None
            counters = client.counters()[own_memcached.address]
            assert counters["orphaned_replies"] == 4
            assert counters["reconnects"] == counters["timeouts"] == counters["marked_dead"] == 0
        run(main())

    def test_a_counter_gets_its_own_value(self, run, make_client, own_memcached, key):
        async def main():
            client = make_client(cmemcache.AsyncClient, [own_memcached.address], timeout=5)
            await client.set_multi({f"{key}a": 10, f"{key}b": 100})
            own_memcached.pause()
            a = client.incr(f"{key}a")
            await by_wait_for(a)
            b = client.incr(f"{key}b")
            await asyncio.sleep(0.01)
            own_memcached.resume()
            assert await b == 101
            assert await client.get(f"{key}a") == 11
        run(main())

    def test_one_of_a_line(self, run, make_client):
        """Plain gets that went as one line: the others get theirs."""
        async def main(server):
            client = make_client(cmemcache.AsyncClient, [server.address], protocol="text")
            assert await client.get("warm") == b"warm"
            calls = {k: client.get(k) for k in ("a", "b", "c", "d")}
            await asyncio.sleep(0.02)
            calls.pop("c").cancel()
            assert await asyncio.gather(*calls.values()) == [b"a", b"b", b"d"]
            assert client.counters()[server.address]["orphaned_replies"] == 1

        with ScriptedServer([echo_gets(delay=0.05)]) as server:
            run(main(server))

    def test_in_the_middle_of_a_large_value(self, run, make_client):
        async def main(server):
            client = make_client(cmemcache.AsyncClient, [server.address], protocol="text", profile="raw", timeout=5)
            call = client.get("large")
            while not half_sent.is_set():
                await asyncio.sleep(0.01)
            call.cancel()
            following = client.get("k")
            await asyncio.sleep(0.02)
            go_on.set()
            assert await following == b"k"
            assert server.received == [b"get large\r\nget k\r\n"]

        half_sent, go_on = threading.Event(), threading.Event()
        half = b"VALUE large 0 2000000\r\n" + b"x" * 1_000_000
        script = [line(), send(half), lambda _: half_sent.set(), until(go_on), send(b"y" * 1_000_000 + b"\r\nEND\r\n"),
                  echo_gets()]
        with ScriptedServer(script) as server:
            run(main(server))

    def test_in_the_middle_of_a_large_store(self, run, make_client):
        """It goes on to its end, and carries what it was called with, though nobody else has that any more."""
        async def main(server):
            client = make_client(cmemcache.AsyncClient, [server.address], protocol="text", profile="raw", timeout=5,
                                 server_max_value_length=0)
            call = client.set("large", b"L" * 8_000_000 + b"!")
            await asyncio.sleep(0.05)
            call.cancel()
            del call
            other = [b"M" * 8_000_001 for _ in range(3)]
            following = client.get("k")
            await asyncio.sleep(0.02)
            may_read.set()
            assert await following == b"k"
            assert server.received[0] == b"set large 0 0 8000001\r\n" + b"L" * 8_000_000 + b"!\r\nget k\r\n"
            assert client.counters()[server.address]["orphaned_replies"] == 1
            del other

        may_read = threading.Event()
        size = len(b"set large 0 0 8000001\r\n\r\n") + 8_000_001
        with ScriptedServer([until(may_read), swallow(size), send(b"STORED\r\n"), echo_gets()]) as server:
            run(main(server))

    def test_a_reply_that_drips(self, run, make_client):
        async def main(server):
            client = make_client(cmemcache.AsyncClient, [server.address], protocol="text", profile="raw", timeout=5)
            await by_wait_for(client.get("alice"))
            assert await asyncio.gather(*(client.get(k) for k in ("bob", "carol"))) == [b"bob", b"carol"]
            assert len(server.connections) == 1

        with ScriptedServer([line(), drip(b"VALUE alice 0 20\r\n" + b"a" * 20 + b"\r\nEND\r\n", 0.003), echo_gets()]) as server:
            run(main(server))
