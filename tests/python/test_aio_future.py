"""What the calls of an AsyncClient return: to asyncio, and to whoever has one, a future of the loop."""

import asyncio
import contextvars
import gc
import weakref

import pytest

import cmemcache
from support.event_loops import loop_factory, run  # noqa: F401
from support.scripted_server import ScriptedServer


@pytest.fixture
def aio(memcached, make_client):
    return make_client(cmemcache.AsyncClient, [memcached.address])


@pytest.fixture
def stuck(make_client):
    """A client whose calls stay under way."""
    with ScriptedServer([]) as server:
        yield make_client(cmemcache.AsyncClient, [server.address], protocol="text", timeout=20)


class TestIsAFuture:
    def test_to_asyncio(self, run, aio, key):
        async def main():
            call = aio.get(key)
            assert asyncio.isfuture(call) and asyncio.ensure_future(call) is call
            assert call.get_loop() is asyncio.get_running_loop() and not call.done() and not call.cancelled()
            with pytest.raises(asyncio.InvalidStateError):
                call.result()
            with pytest.raises(asyncio.InvalidStateError):
                call.exception()
            assert await asyncio.shield(call) is None and await asyncio.wait_for(call, 1) is None
            assert call.done() and call.result() is None and call.exception() is None and not call.cancel()
            assert [await c for c in asyncio.as_completed([aio.get(key), aio.set(key, 1)])]
            done, pending = await asyncio.wait([aio.get(key), aio.get(key)])
            assert [c.result() for c in done] == [1, 1] and not pending
        run(main())

    def test_several_tasks_await_one(self, run, aio, key):
        async def wait(call):
            return await call

        async def main():
            await aio.set(key, (1, 2))  # a tuple, which a StopIteration would take apart
            call = aio.get(key)
            tasks = [asyncio.create_task(wait(call)) for _ in range(5)]
            tasks[3].cancel()  # before it has begun
            assert await call == (1, 2) and await call == (1, 2)
            got = await asyncio.gather(*tasks, return_exceptions=True)
            assert [g == (1, 2) for g in got] == [True, True, True, False, True]
            iterator = iter(call)
            with pytest.raises(StopIteration) as stop:
                next(iterator)
            assert stop.value.value == (1, 2)
        run(main())

    def test_callbacks(self, run, aio, key):
        """Called by the loop and not at once, in order, each in its context; those that were removed are not."""
        variable, told = contextvars.ContextVar("variable", default="none"), []

        async def main():
            call = aio.get(key)
            other = contextvars.copy_context()
            other.run(variable.set, "other")
            removed = lambda _: told.append("removed")  # noqa: E731
            call.add_done_callback(removed)
            call.add_done_callback(lambda c: told.append((c is call, variable.get())))
            call.add_done_callback(lambda c: told.append(variable.get()), context=other)
            call.add_done_callback(removed)
            assert call.remove_done_callback(removed) == 2 and call.remove_done_callback(removed) == 0
            await call
            call.add_done_callback(lambda _: told.append("late"))
            assert told == []
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert told == [(True, "none"), "other", "late"]
            with pytest.raises(TypeError):
                call.add_done_callback()
        run(main())

    def test_cancelled(self, run, stuck):
        async def main():
            call, told = stuck.get("k"), []
            call.add_done_callback(told.append)
            assert call.cancel("enough") and call.cancelled() and call.done() and not call.cancel()
            assert told == []
            for ask in (call.result, call.exception):
                with pytest.raises(asyncio.CancelledError, match="enough"):
                    ask()
            with pytest.raises(asyncio.CancelledError):
                await call
            await asyncio.sleep(0)
            assert told == [call]
        run(main())

    def test_trouble_that_nobody_asks_about(self, loop_factory, aio):
        said = []

        async def main():
            asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context["message"]))
            aio.get("a key")
            asked = aio.get("a key")
            await asyncio.sleep(0.01)
            assert isinstance(asked.exception(), cmemcache.Client.MemcachedKeyError)

        loop = loop_factory()
        loop.run_until_complete(main())
        gc.collect()
        assert said == ["MemcachedKeyCharacterError exception was never retrieved"]
        loop.close()

    def test_goes_with_its_cycle(self, run, stuck):
        class Kept:
            pass

        async def main():
            call, kept = stuck.get("k"), Kept()
            kept.call = call
            call.add_done_callback(lambda _: kept)
            gone = weakref.ref(kept)
            call.cancel()
            await asyncio.sleep(0.01)
            del call, kept
            gc.collect()
            assert gone() is None
        run(main())


class TestATaskThatGoesOn:
    """At once, in the middle of our callback, where asyncio would have put it on its list."""

    def test_as_itself_and_in_its_context(self, run, aio, key):
        variable = contextvars.ContextVar("variable")

        async def one(n):
            variable.set(n)
            for _ in range(5):
                await aio.incr(key)
                assert variable.get() == n and asyncio.current_task().get_name() == f"task {n}"

        async def main():
            await aio.set(key, 0)
            await asyncio.gather(*(asyncio.create_task(one(n), name=f"task {n}") for n in range(20)))
            assert await aio.get(key) == 100
        run(main())

    @pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
    def test_what_ends_the_loop(self, loop_factory, aio, key, kind):
        """The loop hears of it, and the others have their answers when it runs again."""
        async def one(n):
            got = await aio.get(key)
            if n == 3:
                raise kind("from a task")
            return got

        async def main():
            await aio.set(key, "v")
            tasks.extend(asyncio.create_task(one(n)) for n in range(10))
            await asyncio.sleep(5)

        async def rest():
            return await asyncio.gather(*tasks, return_exceptions=True), await aio.get(key)

        tasks = []
        loop = loop_factory()
        running = loop.create_task(main())
        with pytest.raises(kind):
            loop.run_until_complete(running)
        running.cancel()
        got, after = loop.run_until_complete(asyncio.wait_for(rest(), 5))
        assert isinstance(got.pop(3), kind) and got == ["v"] * 9 and after == "v"
        loop.close()

    def test_that_keeps_asking_lets_others_run(self, run, make_client, closed_port):
        """Also where the answers need no server: each call fails at once."""
        client = make_client(cmemcache.AsyncClient, [closed_port], errors="miss", dead_retry=30)

        async def ask():
            while not over:
                await asyncio.gather(client.get("a"), client.get("b"))

        async def main():
            tasks = [asyncio.create_task(ask()) for _ in range(3)]
            await asyncio.sleep(0.05)
            over.append(True)
            await asyncio.gather(*tasks)

        over = []
        run(asyncio.wait_for(main(), 5))

    def test_that_has_another_loop_run(self, run, loop_factory, aio, key):
        """By asyncio's back door: a call is of the loop that runs, whoever has called."""
        async def inner():
            call = aio.get(key)
            assert call.get_loop() is asyncio.get_running_loop()
            return await call

        async def main():
            outside = asyncio.get_running_loop()
            await aio.set(key, "v")
            for _ in range(2):
                asyncio._set_running_loop(None)
                with pytest.raises(RuntimeError, match="no running event loop"):
                    aio.get(key)
                other = loop_factory()
                task, asyncio.tasks._current_tasks[outside] = asyncio.tasks._current_tasks.pop(outside), None
                assert other.run_until_complete(inner()) == "v"
                other.close()
                asyncio.tasks._current_tasks[outside] = task
                asyncio._set_running_loop(outside)
                assert await aio.get(key) == "v"
        run(main())

    def test_that_closes_the_client(self, run, memcached, key):
        async def one(client, n):
            try:
                await client.get(key)
                if n == 5:
                    client.close()
                await client.get(key)
            except cmemcache.ClosedError:
                return "closed"

        async def main():
            client = cmemcache.AsyncClient([memcached.address])
            await client.set(key, 1)
            got = await asyncio.gather(*(one(client, n) for n in range(10)))
            assert got[1:] == ["closed"] * 9  # the first went alone, and may be further
        run(main())
