"""fork inside and outside of an event loop, and the interpreter's end with calls under way."""

import asyncio
import os
import re
import subprocess
import sys
import textwrap

import pytest

import cmemcache
from support.event_loops import FACTORIES, loop_factory, run  # noqa: F401
from support.processes import in_child
from support.scripted_server import ScriptedServer


async def ended_well(pid):
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status) == 0
        await asyncio.sleep(0.005)


async def hammer(client, name, rounds=20):
    for n in range(rounds):
        keys = [f"{name}-{i}" for i in range(10)]
        await asyncio.gather(*(client.set(k, (k, n)) for k in keys))
        assert await asyncio.gather(*(client.get(k) for k in keys)) == [(k, n) for k in keys]


class TestFork:
    def test_between_two_loops(self, run, own_memcached, make_client, key):
        client = make_client(cmemcache.AsyncClient, [own_memcached.address])
        run(hammer(client, key))
        pids = [in_child(lambda n=n: run(hammer(client, f"{key}{n}"))) for n in range(3)]

        async def rest():
            await hammer(client, key)
            assert all([await ended_well(pid) for pid in pids])
        run(rest())

    def test_in_a_loop(self, run, loop_factory, own_memcached, make_client, key):
        """The child has a loop and connections of its own; the parent's are where they were."""
        client = make_client(cmemcache.AsyncClient, [own_memcached.address])

        async def main():
            await client.set(key, "before")
            own_memcached.pause()
            under_way = [client.get(key) for _ in range(10)]
            await asyncio.sleep(0.01)

            def child():
                with pytest.raises(RuntimeError):
                    client.get(key)
                own = loop_factory()
                asyncio.set_event_loop(own)
                own.run_until_complete(hammer(client, key + "child"))
                own.close()
                client.close()

            pid = in_child(child)
            own_memcached.resume()
            assert await asyncio.gather(*under_way) == ["before"] * 10
            await hammer(client, key)
            assert await ended_well(pid)
            await hammer(client, key)
            assert client.counters()[own_memcached.address]["reconnects"] == 0
        run(main())

    def test_a_child_closes_a_loop_that_stands_still(self, loop_factory, own_memcached, make_client, key):
        client = make_client(cmemcache.AsyncClient, [own_memcached.address])
        loop = loop_factory()
        loop.run_until_complete(hammer(client, key))
        own_memcached.pause()
        calls = []
        loop.call_soon(lambda: calls.extend(client.get(f"{key}-{n}") for n in range(10)))
        loop.call_later(0.01, loop.stop)
        loop.run_forever()

        def child():
            loop.close()
            client.close()

        pid = in_child(child)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        own_memcached.resume()
        assert loop.run_until_complete(asyncio.gather(*calls)) == [(f"{key}-{n}", 19) for n in range(10)]
        loop.run_until_complete(hammer(client, key))
        assert client.counters()[own_memcached.address]["reconnects"] == 0
        loop.close()


def script(code, *args, options=()):
    """A fresh interpreter; it must end by itself, and well. What it says on stderr."""
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run([sys.executable, *options, "-c", code, *args], capture_output=True,
                          text=True, timeout=20, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0, done.stderr
    # On a busy machine asyncio's debug mode finds everything slow.
    return "".join(line for line in done.stderr.splitlines(True) if not line.startswith("Executing <"))


BEGIN = """
import asyncio, atexit, builtins, sys, threading, time
import cmemcache
if sys.argv[2] == "uvloop":
    import uvloop
    asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
client = cmemcache.AsyncClient([sys.argv[1]], protocol="text", timeout=30)

async def call():
    kept.append(client.get("k"))
    await asyncio.sleep(0.02)

async def wait():
    await client.get("k")

def stopped_loop():
    loop = asyncio.new_event_loop()
    loop.call_soon(lambda: client.get("k"))
    loop.call_later(0.02, loop.stop)
    loop.run_forever()
    return loop

kept = []
"""

ENDS = {
    "no-loop": "",
    "run": "asyncio.run(call())",
    "cycle": "client.me = client; kept.append(client); asyncio.run(call())",
    "in-builtins": "builtins.kept = kept, client; asyncio.run(call())",
    "task": """
        async def main():
            kept.append(asyncio.create_task(wait()))
            await asyncio.sleep(0.02)
        asyncio.run(main())
        """,
    "sys-exit": """
        async def main():
            await call()
            sys.exit(0)
        asyncio.run(main())
        """,
    "atexit": "atexit.register(lambda: asyncio.run(call())); asyncio.run(call())",
    "daemon-thread": "threading.Thread(target=lambda: asyncio.run(wait()), daemon=True).start(); time.sleep(0.1)",
    "closed-loop": "stopped_loop().close()",
    "stopped-loop": "loop = stopped_loop()",
}


class TestExit:
    @pytest.mark.parametrize("options", [(), ("-X", "dev")], ids=["normal", "dev"])
    @pytest.mark.parametrize("end", ENDS)
    @pytest.mark.parametrize("loop_factory", FACTORIES)
    def test_with_calls_under_way(self, loop_factory, end, options):
        kind = "uvloop" if "uvloop" in loop_factory.__module__ else "asyncio"
        with ScriptedServer([]) as server:
            said = script(BEGIN + textwrap.dedent(ENDS[end]), server.address, kind, options=options)
        if end == "stopped-loop" and options:  # an open loop, of which asyncio complains
            said = "" if re.fullmatch(r"(?s)\S*ResourceWarning: unclosed (event loop|transport) .*", said) else said
            assert "cmemcache" not in said and "retrieved" not in said
        assert said == ""
