"""Servers in trouble: each call ends in time, the loop runs on, and nobody gets another's answer."""

import asyncio
import threading
import time

import pytest

import cmemcache
from support.event_loops import loop_factory, run  # noqa: F401
from support.scripted_server import ScriptedServer, close, echo_gets, expect, line, reset, send


class Ticker:
    """A task beside the others: how often it ran, and how long it was ever kept waiting beyond its 5 ms."""

    async def __aenter__(self):
        self.count, self.late = 0, 0.0
        self._task = asyncio.create_task(self._tick())
        return self

    async def _tick(self):
        while True:
            start = time.monotonic()
            await asyncio.sleep(0.005)
            self.count += 1
            self.late = max(self.late, time.monotonic() - start - 0.005)

    async def __aexit__(self, *_):
        self._task.cancel()


def key_on(client, address, prefix="k"):
    """A key of that server."""
    return next(k for k in (f"{prefix}{n}" for n in range(1000)) if client.server_for(k) == address)


class TestDeadlines:
    @pytest.mark.parametrize("call", [
        lambda c: c.get("k"), lambda c: c.set("k", b"v"), lambda c: c.set("k", b"v" * 3_000_000), lambda c: c.incr("k"),
        lambda c: c.get_multi(["a", "b"]), lambda c: c.set_multi({"a": 1, "b": 2}), lambda c: c.delete_multi(["a"]),
        lambda c: c.version(), lambda c: c.get_stats(), lambda c: c.get_slabs(),
    ], ids="get set large incr get_multi set_multi delete_multi version get_stats get_slabs".split())
    def test_a_silent_server(self, run, make_client, call):
        async def main(server):
            client = make_client(cmemcache.AsyncClient, [server.address], protocol="text", timeout=0.3,
                                 server_max_value_length=0)
            async with Ticker() as ticker:
                start = time.monotonic()
                with pytest.raises(cmemcache.ServerTimeout, match=server.address):
                    await call(client)
                took = time.monotonic() - start
            assert 0.29 < took < 0.45 + ticker.late  # when the machine is late, so are we
            assert ticker.count > 2

        with ScriptedServer([]) as server:
            run(main(server))

    def test_each_call_has_its_own(self, run, make_client):
        """Two calls at different times, and the reply to neither."""
        async def main(server):
            client = make_client(cmemcache.AsyncClient, [server.address], protocol="text", timeout=0.3)
            start = time.monotonic()

            async def one(after):
                await asyncio.sleep(after)
                with pytest.raises(cmemcache.Error):
                    await client.get("k")
                return time.monotonic() - start

            async with Ticker() as ticker:
                ended = await asyncio.gather(one(0), one(0.1))
            assert 0.29 < ended[0] < 0.45 + ticker.late and ended[1] < 0.55 + ticker.late

        with ScriptedServer([]) as server:
            run(main(server))

    def test_a_late_reply_reaches_nobody(self, run, make_client, own_memcached, key):
        """After the deadline the connection may go on or not; answers are the right ones."""
        async def main():
            client = make_client(cmemcache.AsyncClient, [own_memcached.address], timeout=0.2, dead_retry=0)
            prefix = f"{key}-and-a-prefix-of-the-call-that-is-long:"
            keys = [f"k{n}" for n in range(20)]
            assert await client.set_multi({k: prefix + k for k in keys}, key_prefix=prefix) == []
            for _ in range(3):
                own_memcached.pause()
                with pytest.raises(cmemcache.ServerTimeout):
                    await client.get_multi(keys, key_prefix=prefix)
                own_memcached.resume()
                assert await client.get_multi(keys, key_prefix=prefix) == {k: prefix + k for k in keys}
                assert await client.get(prefix + "k3") == prefix + "k3"
        run(main())

    def test_an_answer_that_came_in_time(self, run, make_client, own_memcached, key):
        """It lies in the socket while the loop is held up beyond the deadline, and is good all the same."""
        async def main():
            client = make_client(cmemcache.AsyncClient, [own_memcached.address], timeout=0.2)
            await client.set(key, "v")
            asked = [asyncio.ensure_future(client.get(key)) for _ in range(3)]
            await asyncio.sleep(0)
            time.sleep(0.4)  # whatever else runs on the loop
            assert await asyncio.gather(*asked) == ["v"] * 3
            assert client.counters()[own_memcached.address]["marked_dead"] == 0
        run(main())

    def test_a_large_store_that_ran_out_of_time(self, run, make_client):
        """Its bytes are those it was called with, also when their owner is long gone."""
        async def main(server):
            client = make_client(cmemcache.AsyncClient, [server.address], protocol="text", profile="raw", timeout=0.2,
                                 server_max_value_length=0)
            with pytest.raises(cmemcache.ServerTimeout):
                await client.set("large", b"L" * 8_000_000)
            other = [b"M" * 8_000_000 for _ in range(3)]
            go_on.set()
            await asyncio.sleep(0.15)
            del other
            assert set(server.received[0].partition(b"\n")[2]) <= set(b"L\r\n")

        go_on = threading.Event()
        with ScriptedServer([lambda connection: go_on.wait(2)]) as server:
            run(main(server))


class TestOtherTrouble:
    def test_a_refused_port(self, run, make_client, closed_port):
        async def main():
            client = make_client(cmemcache.AsyncClient, [closed_port])
            start = time.monotonic()
            for call in (client.get("k"), client.set("k", 1), client.get_multi(["a", "b"]), client.version()):
                with pytest.raises(cmemcache.ServerDown):
                    await call
            assert time.monotonic() - start < 0.3
            assert isinstance(client.last_error, cmemcache.ServerDown)
        run(main())

    @pytest.mark.parametrize("broken", [
        [send(b"\x00\xff\x13garbage\r\n")], [send(b"VALUE " + b"k" * 300_000)], [send(b"VALUE other 0 5\r\nother\r\nEND\r\n")],
        [send(b"VALUE asked 0 9223372036854775807\r\n")], [send(b"VALUE asked 0 5\r\nasked\r\nEND\r\nVALUE z 0 1\r\nz\r\nEND\r\n")],
        [close()], [send(b"VALUE asked 0 5\r\nas"), reset()],
    ], ids="garbage endless wrong-key huge extra closed reset".split())
    def test_garbage(self, run, make_client, broken):
        async def main(server):
            client = make_client(cmemcache.AsyncClient, [server.address], protocol="text", timeout=2)
            assert await client.get("warm") == b"warm"
            await asyncio.sleep(0)  # so that the first of these goes alone
            for got in await asyncio.gather(*(client.get("asked") for _ in range(5)), return_exceptions=True):
                assert got == b"asked" or isinstance(got, cmemcache.Error)
            await asyncio.sleep(0.02)
            assert await asyncio.gather(*(client.get(k) for k in "abc")) == [b"a", b"b", b"c"]

        script = [expect(b"get warm\r\n"), send(b"VALUE warm 0 4\r\nwarm\r\nEND\r\n"), line(), *broken]
        with ScriptedServer(script, [echo_gets()]) as server:
            run(main(server))

    def test_restarts_under_load(self, run, make_client, own_memcached, key):
        async def main():
            client = make_client(cmemcache.AsyncClient, [own_memcached.address], dead_retry=0, timeout=2)
            over, errors, right = asyncio.Event(), [], 0

            async def one(name):
                nonlocal right
                n = 0
                while not over.is_set():
                    n += 1
                    try:
                        await client.set(name, f"{name}/{n}")
                        value = await client.get(name)
                        assert value in (None, f"{name}/{n}")
                        right += value is not None
                    except cmemcache.Error as error:
                        errors.append(error)
                        await asyncio.sleep(0.001)

            tasks = [asyncio.create_task(one(f"{key}-{i}")) for i in range(20)]
            for _ in range(4):
                await asyncio.sleep(0.05)
                own_memcached.restart()
            await asyncio.sleep(0.1)
            over.set()
            await asyncio.gather(*tasks)
            assert right > 100 and not [e for e in errors if isinstance(e, cmemcache.ProtocolError)]
            assert await client.set(key, 1) and await client.get(key) == 1
        run(main())

    def test_one_of_three_stalls(self, run, make_client, three_servers):
        """The calls of the others take no longer."""
        async def main():
            addresses = [s.address for s in three_servers]
            client = make_client(cmemcache.AsyncClient, addresses, timeout=0.5, failover=False)
            await client.set_multi({f"k{n}": n for n in range(100)})
            healthy = key_on(client, addresses[1])
            three_servers[0].pause()
            stalled = [asyncio.ensure_future(client.get(key_on(client, addresses[0]))) for _ in range(5)]
            took = []
            while not all(call.done() for call in stalled):
                start = time.monotonic()
                assert await client.get(healthy) == int(healthy[1:])
                took.append(time.monotonic() - start)
                await asyncio.sleep(0.001)
            assert sorted(took)[len(took) * 9 // 10] < 0.05
            assert all(isinstance(call.exception(), cmemcache.Error) for call in stalled)
            three_servers[0].resume()
        run(main())

    def test_failover(self, run, make_client, three_servers):
        async def main():
            addresses = [s.address for s in three_servers]
            client = make_client(cmemcache.AsyncClient, addresses, timeout=2)
            k = key_on(client, addresses[2])
            await client.set(k, "before")
            three_servers[2].kill()
            assert await client.get(k) is None
            assert await client.set(k, "after") and await client.get(k) == "after"
            assert client.counters()[addresses[2]]["marked_dead"] == 1
        run(main())



class TestServersThatChange:
    def test_set_servers_under_load(self, run, make_client, three_servers, key):
        async def main():
            addresses = [s.address for s in three_servers]
            client = make_client(cmemcache.AsyncClient, addresses[:1], timeout=5)
            over = asyncio.Event()

            async def one(name):
                while not over.is_set():
                    await client.set(name, name)
                    assert await client.get(name) in (None, name)

            tasks = [asyncio.create_task(one(f"{key}-{i}")) for i in range(20)]
            for n in range(30):
                client.set_servers([addresses[:1], addresses, addresses[1:]][n % 3])
                await asyncio.sleep(0.003)
                if n % 10 == 5:
                    client.disconnect_all()
            over.set()
            await asyncio.gather(*tasks)
            with pytest.raises(ValueError):
                client.set_servers(["bad server"])
            assert await client.set(key, 1) and await client.get(key) == 1
        run(main())

    def test_disconnect_all(self, run, make_client, own_memcached, key):
        """What is under way ends first. From another thread, too."""
        async def main():
            client = make_client(cmemcache.AsyncClient, [own_memcached.address], timeout=5)
            await client.set(key, 1)
            for disconnect in (client.disconnect_all, client.quit_all):
                calls = [client.get(key) for _ in range(50)]
                disconnect()
                assert await asyncio.gather(*calls) == [1] * 50
                opened = own_memcached.stat("total_connections")
                await asyncio.to_thread(disconnect)
                await asyncio.sleep(0.01)
                assert client.counters()[own_memcached.address]["connections"] == 0
                assert await client.get(key) == 1
                assert int(own_memcached.stat("total_connections")) == int(opened) + 2  # and the one that asks
        run(main())
