"""errors="miss" and on_error with asyncio."""

import asyncio

import pytest

import cmemcache
from support.event_loops import loop_factory, run  # noqa: F401


class TestMisses:
    def test_trouble_reads_as_a_miss(self, run, make_client, closed_port):
        heard = []
        client = make_client(cmemcache.AsyncClient, [closed_port], errors="miss", on_error=heard.append)

        async def main():
            assert await client.get("k", "default") == "default"
            assert await client.set("k", 1) == 0
            assert await client.get_multi(["k"]) == {} and await client.set_multi({"k": 1}) == ["k"]
            assert await client.incr("k") is None and await client.version() == []
        run(main())
        assert len(heard) == 6 and all(isinstance(e, cmemcache.ServerDown) for e in heard)
        assert client.last_error is heard[-1]

    @pytest.mark.parametrize("error", [ValueError, StopIteration, asyncio.CancelledError])
    def test_on_error_that_raises(self, run, make_client, closed_port, error):
        """It is the call that raises; also what a future cannot hold."""
        def on_error(trouble):
            raise error("from on_error")

        client = make_client(cmemcache.AsyncClient, [closed_port], errors="miss", on_error=on_error)

        async def main():
            with pytest.raises((error, TypeError)):
                await asyncio.wait_for(client.get("k"), 2)
        run(main())

    def test_on_error_that_uses_the_client(self, run, make_client, memcached, closed_port, key):
        """A call, and a blocking one, from the middle of another's end."""
        calls = []

        def on_error(trouble):
            calls.append(client.get(key))
            assert good.get(key) == "v"

        good = make_client(cmemcache.Client, [memcached.address])
        good.set(key, "v")
        client = make_client(cmemcache.AsyncClient, [memcached.address, closed_port], errors="miss", on_error=on_error,
                             failover=False)

        async def main():
            elsewhere = next(k for k in (f"{key}{n}" for n in range(99)) if client.server_for(k) == closed_port)
            for _ in range(3):
                await client.get(elsewhere)
            assert len(calls) >= 3
            await asyncio.wait_for(asyncio.gather(*calls[:3]), 2)
        run(main())
