"""AsyncClient in event loops: many calls at once, each with its own answer, and no thread."""

import asyncio
import os
import threading

import pytest

import cmemcache
from support.event_loops import loop_factory, run, sockets  # noqa: F401
from support.scripted_server import ScriptedServer, echo_gets


@pytest.fixture
def aio(memcached, make_client):
    return make_client(cmemcache.AsyncClient, [memcached.address])


def value_of(key, version):
    """A value that says whose it is; from 60 bytes to 12 kB."""
    return f"{key}/{version};".encode() * (5 + hash((key, version)) % 1000)


class TestManyAtOnce:
    def test_gather(self, run, aio, key):
        async def main():
            keys = [f"{key}-{n}" for n in range(400)]
            for version in range(3):
                values = {k: value_of(k, version) for k in keys}
                assert all(await asyncio.gather(*(aio.set(k, v) for k, v in values.items())))
                assert await asyncio.gather(*(aio.get(k) for k in keys)) == list(values.values())
        run(main())

    def test_all_verbs_mixed(self, run, aio, key):
        async def one(n):
            k = f"{key}-{n}"
            assert await aio.get(k) is None
            assert await aio.add(k, n)
            value, token = await aio.get_with_cas(k)
            assert value == n and await aio.incr(k, 2) == n + 2
            assert not await aio.cas(k, 0, cas=token)
            assert await aio.get_multi([k, k + "-absent"]) == {k: n + 2}
            assert await aio.touch(k, 60) == 1 and await aio.delete(k) == 1

        async def main():
            await asyncio.gather(*(one(n) for n in range(100)))
        run(main())

    def test_one_turn_is_one_line(self, run, make_client):
        """What is called while nothing is under way goes at once, all the rest of a turn together; and together all that
        is called by those who were woken by an answer."""
        async def main(client, server):
            assert await client.get("warm") == b"warm"
            keys = [f"k{n}" for n in range(60)]
            assert await asyncio.gather(*(client.get(k) for k in keys)) == [k.encode() for k in keys]
            await asyncio.sleep(0)
            assert await asyncio.gather(*(client.get(k) for k in keys)) == [k.encode() for k in keys]
            lines = server.received[0].decode().splitlines()[1:]
            assert lines == ["get " + " ".join(keys), "get k0", "get " + " ".join(keys[1:])]

        with ScriptedServer([echo_gets()]) as server:
            client = make_client(cmemcache.AsyncClient, [server.address], protocol="text")
            run(main(client, server))

    def test_what_waits_for_the_connection_is_one_line(self, run, make_client):
        async def main(client, server):
            keys = [f"k{n}" for n in range(60)]
            assert await asyncio.gather(*(client.get(k) for k in keys)) == [k.encode() for k in keys]
            assert server.received == [f"get {' '.join(keys)}\r\n".encode()]

        with ScriptedServer([echo_gets()]) as server:
            client = make_client(cmemcache.AsyncClient, [server.address], protocol="text")
            run(main(client, server))

    def test_calls_of_one_task_are_in_order(self, run, aio, key):
        """Also those that are not awaited at once."""
        async def one(k):
            calls = [aio.set(k, b"")]
            for n in range(20):
                calls += [aio.append(k, b"%d," % n), aio.get(k)]
            seen = (await asyncio.gather(*calls))[2::2]
            assert seen == [b"".join(b"%d," % i for i in range(n + 1)) for n in range(20)]

        async def main():
            await asyncio.gather(*(one(f"{key}-{n}") for n in range(30)))
        run(main())

    def test_semaphore(self, run, aio, key):
        async def one(n, allowed):
            async with allowed:
                k = f"{key}-{n % 50}"
                await aio.set(k, k)
                assert await aio.get(k) == k

        async def main():
            allowed = asyncio.Semaphore(20)
            await asyncio.gather(*(one(n, allowed) for n in range(2000)))
        run(main())

    def test_task_group(self, run, aio, key):
        async def main():
            await aio.set(key, 0)
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(asyncio.wait_for(aio.incr(key), 5)) for _ in range(200)]
            assert sorted(t.result() for t in tasks) == list(range(1, 201))
        run(main())

    def test_a_task_group_ends_with_a_call_that_raises(self, run, aio, key):
        async def main():
            with pytest.raises(ExceptionGroup) as caught:
                async with asyncio.TaskGroup() as group:
                    group.create_task(asyncio.wait_for(aio.get("bad key"), 5))
                    other = group.create_task(asyncio.sleep(10))
            assert [type(e) for e in caught.value.exceptions] == [cmemcache.Client.MemcachedKeyCharacterError]
            assert other.cancelled()
        run(main())

    def test_calls_from_callbacks(self, run, aio, key):
        """A call needs a running loop, not a coroutine."""
        async def main():
            loop = asyncio.get_running_loop()
            done = loop.create_future()

            def second(first):
                assert first.result()
                aio.get(key).add_done_callback(lambda got: done.set_result(got.result()))

            loop.call_soon(lambda: aio.set(key, "from a callback").add_done_callback(second))
            assert await asyncio.wait_for(done, 5) == "from a callback"
        run(main())


class TestLarge:
    def test_values(self, run, make_client, memcached_factory, key):
        """5 MB both ways, while small calls go on."""
        server = memcached_factory("-I", "8m", "-m", "256")
        client = make_client(cmemcache.AsyncClient, [server.address], server_max_value_length=0, timeout=20)
        large = [bytes([n]) * 5_000_000 for n in range(6)]

        async def main():
            async def small(n):
                for _ in range(20):
                    await client.set(f"{key}s{n}", n)
                    assert await client.get(f"{key}s{n}") == n

            stores = [client.set(f"{key}{n}", value) for n, value in enumerate(large)]
            await asyncio.gather(*stores, *(small(n) for n in range(5)))
            gets = [client.get(f"{key}{n}") for n in range(len(large))]
            assert await asyncio.gather(*gets) == large
            assert await client.get_multi([f"{key}{n}" for n in range(6)]) == {f"{key}{n}": large[n] for n in range(6)}
        run(main())

    def test_a_hundred_thousand_keys(self, run, make_client, three_servers):
        client = make_client(cmemcache.AsyncClient, [s.address for s in three_servers], timeout=20)
        pairs = {f"k{n}": n for n in range(100_000)}

        async def main():
            assert await client.set_multi(pairs) == []
            assert await client.get_multi(pairs) == pairs
            assert await client.delete_multi(list(pairs)[::2]) == 1
            assert await client.get_multi(pairs) == {k: n for k, n in pairs.items() if n % 2}
        run(main())

    def test_a_value_that_changes_while_it_is_sent(self, run, make_client, memcached_factory, key):
        """What the caller does with a dict of values after the call is not seen by it."""
        async def main():
            values = {f"{key}{n}": str(n) * 9000 for n in range(50)}
            expected = dict(values)
            call = client.set_multi(values)
            values.clear()
            assert await call == []
            assert await client.get_multi(expected) == expected
        client = make_client(cmemcache.AsyncClient, [memcached_factory().address])
        run(main())


class TestLoopsAndThreads:
    def test_no_thread_is_made(self, run, aio, key):
        def threads():
            return threading.active_count(), len(os.listdir("/proc/self/task"))

        async def main():
            await asyncio.gather(*(aio.set(f"{key}-{n}", n) for n in range(50)))
            assert threads() == before
        before = threads()
        run(main())
        assert threads() == before

    def test_without_a_running_loop(self, loop_factory, aio, key):
        for verb in (lambda: aio.get(key), lambda: aio.set_multi({key: 1}), aio.version):
            with pytest.raises(RuntimeError, match="no running event loop"):
                verb()
        loop = loop_factory()  # one that does not run does not help
        with pytest.raises(RuntimeError, match="no running event loop"):
            aio.get(key)
        loop.close()

    def test_in_a_thread_that_has_no_loop(self, run, aio, key):
        def call():
            with pytest.raises(RuntimeError, match="no running event loop"):
                aio.get(key)
            return "raised"

        async def main():
            assert await asyncio.to_thread(call) == "raised"
            await aio.set(key, 1)
            assert await asyncio.to_thread(call) == "raised"
        run(main())

    def test_run_coroutine_threadsafe(self, run, aio, key):
        async def main():
            loop = asyncio.get_running_loop()

            async def incr():
                return await aio.incr(key)

            def call():
                return [asyncio.run_coroutine_threadsafe(incr(), loop).result(5) for _ in range(20)]
            await aio.set(key, 0)
            results = await asyncio.gather(*(asyncio.to_thread(call) for _ in range(3)))
            assert sorted(sum(results, [])) == list(range(1, 61))
        run(main())

    def test_loops_in_several_threads(self, loop_factory, memcached, make_client, key):
        """One client, a loop in each of four threads, and blocking calls beside them."""
        client = make_client(cmemcache.Client, [memcached.address], errors="raise")
        failed = []

        async def hammer(name):
            for n in range(40):
                keys = [f"{key}-{name}-{i}" for i in range(20)]
                await asyncio.gather(*(client.aio.set(k, (k, n)) for k in keys))
                assert await asyncio.gather(*(client.aio.get(k) for k in keys)) == [(k, n) for k in keys]
                assert client.get(keys[0]) == (keys[0], n)

        def thread(name):
            try:
                for _ in range(2):
                    with asyncio.Runner(loop_factory=loop_factory) as runner:
                        runner.run(hammer(name))
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=thread, args=(name,)) for name in "abcd"]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert not failed

    @pytest.mark.parametrize("times", [2, 10])
    def test_one_loop_after_another(self, run, memcached, make_client, key, times):
        """The connections of a closed loop go when the next one begins, whichever client had them."""
        clients = [make_client(cmemcache.AsyncClient, [memcached.address]) for _ in range(3)]

        async def main():
            for client in clients:
                assert await client.set(key, 1)
        run(main())
        before = sockets()
        for _ in range(times):
            run(main())
        assert sockets() == before

    def test_blocking_calls_in_between(self, run, memcached, make_client, key):
        """They have connections of their own: neither waits for the other's."""
        client = make_client(cmemcache.Client, [memcached.address])

        async def main():
            pending = [client.aio.set(f"{key}-{n}", n) for n in range(100)]
            assert client.set(key, "blocking") and client.get(key) == "blocking"
            assert all(await asyncio.gather(*pending))
            assert client.get_multi([f"{key}-{n}" for n in range(100)]) == {f"{key}-{n}": n for n in range(100)}
            assert await client.aio.get(key) == "blocking"
            future = client.futures.get(key)
            assert await asyncio.wrap_future(future) == "blocking"
        run(main())
