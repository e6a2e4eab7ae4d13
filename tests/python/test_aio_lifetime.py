"""Clients and loops that end, in every order, with calls under way: those are told, and nothing is left behind."""

import asyncio
import gc
import threading
import time
import weakref

import pytest

import cmemcache
from support.event_loops import loop_factory, run, sockets  # noqa: F401
from support.scripted_server import ScriptedServer


@pytest.fixture
def silent_server():
    with ScriptedServer([]) as server:
        yield server


def fails_with_closed_error(call):
    return isinstance(call.exception(), cmemcache.ClosedError)


class TestTheClientEnds:
    @pytest.mark.parametrize("sent", [False, True], ids=["before-sending", "after-sending"])
    @pytest.mark.parametrize("end", ["close", "close_aio", "drop", "collect"])
    def test_with_calls_under_way(self, run, silent_server, end, sent):
        async def main():
            before = sockets()
            client = cmemcache.Client([silent_server.address], protocol="text")
            calls = [client.aio.get("k"), client.aio.set("k", 1), client.aio.get_multi(["k"]), client.aio.version()]
            await asyncio.sleep(0.02 if sent else 0)
            if end == "close":
                client.close()
            elif end == "close_aio":
                await client.aio.close()
            elif end == "collect":
                client.me = client
                del client
                gc.collect()
            else:
                del client
            done, pending = await asyncio.wait(calls, timeout=1)
            assert not pending and all(map(fails_with_closed_error, done))
            for _ in range(100):  # the server's end of it is here, too
                await asyncio.sleep(0 if sockets() == before else 0.01)
            assert sockets() == before
        run(main())

    def test_async_with(self, run, memcached, key):
        async def main():
            before = sockets()
            async with cmemcache.AsyncClient([memcached.address]) as client:
                assert await client.set(key, 1)
                assert sockets() == before + 1
                pending = client.get(key)
            assert sockets() == before
            with pytest.raises(cmemcache.ClosedError):
                await pending
            with pytest.raises(cmemcache.ClosedError):
                await client.get(key)
            await client.close()
            with pytest.raises(ZeroDivisionError):
                async with cmemcache.AsyncClient([memcached.address]):
                    1 / 0
        run(main())

    def test_aio_begins_anew(self, run, memcached, make_client, key):
        client = make_client(cmemcache.Client, [memcached.address])

        async def main():
            for n in range(3):
                assert await client.aio.set(key, n) and await client.aio.get(key) == n
                client.aio.close()
            client.close()
            with pytest.raises(cmemcache.ClosedError):
                await client.aio.get(key)
        run(main())

    @pytest.mark.parametrize("how", ["close", "drop"])
    def test_in_another_thread(self, run, silent_server, how):
        async def main():
            kept = [cmemcache.AsyncClient([silent_server.address], protocol="text")]
            calls = [kept[0].get(f"k{n}") for n in range(20)]
            await asyncio.sleep(0.02)
            await asyncio.to_thread(kept[0].close if how == "close" else kept.clear)
            done, pending = await asyncio.wait(calls, timeout=1)
            assert not pending and all(map(fails_with_closed_error, done))
        run(main())

    def test_in_the_middle_of_a_call(self, run, closed_port):
        """What a call runs, on_error here, closes the client and lets go of it."""
        async def main(how):
            def on_error(trouble):
                how(kept)
                gc.collect()
            kept = [cmemcache.AsyncClient([closed_port], errors="miss", on_error=on_error)]
            calls = [kept[0].get(f"k{n}") for n in range(10)]
            for got in await asyncio.gather(*calls, return_exceptions=True):
                assert got is None or isinstance(got, cmemcache.ClosedError)

        for how in (list.clear, lambda kept: [c.close() for c in kept]):
            run(main(how))

    def test_a_decoder_that_lets_go_of_the_client(self, run, memcached, key):
        class Profile:
            def dumps(self, key, value):
                return value, 0

            def loads(self, key, data, flags):
                kept.clear()
                gc.collect()
                return data

        async def main():
            kept.append(cmemcache.AsyncClient([memcached.address], profile=Profile()))
            await kept[0].set(key, b"v")
            calls = [kept[0].get(key) for _ in range(3)]
            got = await asyncio.gather(*calls, return_exceptions=True)
            assert got[0] == b"v" and all(g == b"v" or isinstance(g, cmemcache.ClosedError) for g in got)
        kept = []
        run(main())


class TestTheLoopEnds:
    @pytest.mark.parametrize("end", ["stop", "close"])
    def test_in_the_middle(self, loop_factory, silent_server, memcached, make_client, key, end, caplog):
        """Nothing is logged; a new loop, or the same one again, goes on."""
        client = make_client(cmemcache.Client, [memcached.address], errors="raise")
        stuck = make_client(cmemcache.AsyncClient, [silent_server.address], protocol="text")
        loop = loop_factory()
        calls = []

        def begin():
            calls.extend([client.aio.set(key, 1), stuck.get("k"), client.aio.get(key), stuck.set("k", 1)])
            loop.call_soon(loop.stop)

        loop.call_soon(begin)
        loop.run_forever()
        if end == "stop":
            assert loop.run_until_complete(asyncio.wait_for(calls[2], 5)) == 1
            calls[1].cancel()
        else:
            loop.close()
            loop = loop_factory()

        async def again():
            return await client.aio.incr(key) if end == "stop" else await client.aio.set(key, 2)

        assert loop.run_until_complete(again()) == (2 if end == "stop" else 1)
        stuck.close()
        if end == "stop":
            assert fails_with_closed_error(calls[3])
        calls.clear()
        loop.close()
        gc.collect()
        assert not caplog.records

    def test_a_task_with_its_own_client(self, loop_factory, silent_server):
        """The loop is closed under it: task, client and connection go when the next loop is used."""
        async def task():
            client = cmemcache.AsyncClient([silent_server.address], protocol="text")
            gone.append(weakref.ref(client))
            await client.get("k")

        async def nothing():
            client = cmemcache.AsyncClient([silent_server.address], protocol="text", timeout=0.01, errors="miss")
            await client.get("k")

        gone, before = [], sockets()
        for _ in range(5):
            loop = loop_factory()
            loop.set_exception_handler(lambda *_: None)  # it says that a task was pending
            running = loop.create_task(task())
            loop.call_later(0.01, loop.stop)
            loop.run_forever()
            loop.close()
            del running, loop
        loop = loop_factory()
        loop.run_until_complete(nothing())
        loop.close()
        gc.collect()
        assert [ref() for ref in gone] == [None] * 5
        assert sockets() <= before + 1

    def test_one_loop_in_one_thread_after_another(self, loop_factory, memcached, silent_server, key):
        """Closed by the thread that it ran in first, while it runs in the second."""
        client = cmemcache.AsyncClient([silent_server.address], protocol="text")
        loop = loop_factory()

        async def first():
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(client.get("k"), 0.01)

        async def second():
            call = client.get("k")
            started.set()
            with pytest.raises(cmemcache.ClosedError):
                await asyncio.wait_for(call, 5)
            ended.append(threading.get_ident())

        started, ended = threading.Event(), []
        loop.run_until_complete(first())
        thread = threading.Thread(target=lambda: loop.run_until_complete(second()))
        thread.start()
        started.wait(5)
        time.sleep(0.02)
        client.close()
        thread.join()
        assert ended == [thread.ident]
        loop.close()
