"""A program that type-checks under mypy --strict: what each class and verb takes, and what it returns. It runs, too."""

import asyncio
import sys
from concurrent.futures import Future
from datetime import timedelta
from typing import Any, Awaitable, assert_type

import cmemcache
from cmemcache import AsyncClient, Client, FutureClient, StringClient


class Reversed:
    """A profile of one's own."""

    def dumps(self, key: Any, value: str) -> tuple[bytes, int]:
        return value[::-1].encode(), 5

    def loads(self, key: Any, data: bytes, flags: int) -> str:
        return data.decode()[::-1]


def noted(error: Exception) -> None:
    print(error)


def bytes_and_flags(raw: StringClient) -> None:
    assert_type(raw.set("k", b"bytes", 60, 7), int)
    raw.set(b"text", "str", timedelta(minutes=1), flags=7, noreply=True)
    raw.set((3, "hashed"), memoryview(b"bytes-like"))
    raw.append("k", bytearray(b"!")), raw.prepend("k", b"<"), raw.replace("k", b"v", 0), raw.add("k", b"v")
    assert_type(raw.get("k"), bytes | None)
    assert_type(raw.get("k", "nothing"), bytes | str)
    assert_type(raw.gets("k"), bytes | None)
    assert_type(raw.gat("k", 60), bytes | None)
    assert_type(raw.getflags("k"), tuple[bytes, int] | None)
    value, token = raw.get_with_cas("k")
    assert_type(token, int | None)
    assert_type(raw.cas("k", value or b"", 60, 7, cas=token or 0), int)
    assert_type(raw.get_multi([1, 2]), dict[int, bytes])
    assert_type(raw.get_multiflags(("a", "b"), key_prefix="p:"), dict[str, tuple[bytes, int]])
    assert_type(raw.set_multi({"a": b"1", "b": "2"}, 60, "p:", 7), list[str])
    assert_type(raw.delete_multi(iter(["a", 2]), noreply=False), int)
    assert_type(raw.futures.get("k"), Future[bytes | None])
    assert_type(raw.futures.set("k", b"v", 60, 7).result(1), int)
    assert_type(raw.futures.get_multi(["k"]).result(1), dict[str, bytes])
    assert_type(raw.futures.client, StringClient)


def objects(mc: Client) -> None:
    assert_type(mc.set("k", {"name": "Ada"}, time=60, min_compress_len=1000), int)
    mc.set("n", 1), mc.add("n", 1, 60), mc.replace("n", [1]), mc.set("n", 41)
    assert_type(mc.incr("n"), int | None)
    assert_type(mc.decr("n", 2, noreply=False), int | None)
    assert_type(mc.touch("n", timedelta(hours=1)), int)
    assert_type(mc.delete("n"), int)
    name: str = mc.get("k")["name"]
    assert name == "Ada"
    value, token = mc.get_with_cas("k")
    mc.cas("k", value, 60, cas=token)
    assert_type(mc.get_multi(["a", "b"]), dict[str, Any])
    assert_type(mc.set_multi({b"a": 1, b"b": {}}, timedelta(seconds=5)), list[bytes])
    assert_type(mc.cas_ids, dict[bytes, int])
    mc.reset_cas()


def servers(mc: StringClient | Client) -> None:
    for server, version in mc.version():
        print(server.upper(), version.upper())
    assert_type(mc.get_stats("items"), list[tuple[str, dict[str, str]]])
    assert_type(mc.server_for("k"), str | None)
    hits: int = mc.counters()[mc.server_for("k") or ""]["hits"]
    print(hits, mc.get_slab_stats(), mc.get_slabs(), mc.last_error)
    mc.forget_dead_hosts(), mc.disconnect_all(), mc.debuglog("done")


def futures(fc: FutureClient) -> None:
    stored: Future[int] = fc.set("f", [1, 2], 60)
    assert stored.result(1) and fc.get("f").result(1) == [1, 2]
    assert_type(fc.incr("f", 1), Future[int | None])
    assert_type(fc.get_multi(["f"]).result(1), dict[str, Any])
    assert_type(fc.set_multi({"f": 1}).result(1), list[str])
    assert_type(fc.cas("f", 2, cas=1).result(1), int)
    assert_type(fc.delete("f").result(1), int)
    assert_type(fc.client, Client)


async def awaitables(mc: AsyncClient) -> None:
    assert_type(await mc.set("a", "one", 60), int)
    one, many = await asyncio.gather(mc.get("a"), mc.get_multi(["a", "b"]))
    assert one == many["a"] == "one"
    assert_type(await mc.incr("nobody"), int | None)
    assert_type(await mc.set_multi({"a": 1}), list[str])
    assert_type(await asyncio.wait_for(mc.touch("a", 60), 1), int)
    deleted: Awaitable[int] = mc.delete("a")
    await deleted
    assert_type(await mc.get_stats(), list[tuple[str, dict[str, str]]])
    await mc.flush_all()


async def awaitable_bytes(raw: StringClient) -> None:
    assert_type(await raw.aio.set("a", b"bytes", 60, 7), int)
    assert_type(await raw.aio.get("a"), bytes | None)
    assert_type(await raw.aio.getflags("a"), tuple[bytes, int] | None)
    await raw.aio.close()


async def asynchronously(server: str, raw: StringClient) -> None:
    async with AsyncClient([server], errors="miss", timeout=2) as mc:
        await awaitables(mc)
    await awaitable_bytes(raw)


def main(server: str) -> None:
    cmemcache.log = noted_line
    print(cmemcache.__version__.upper(), cmemcache.SERVER_MAX_VALUE_LENGTH + 1)
    with StringClient([server, (server, 2)], distribution="ketama", hash="md5", key_prefix=b"t:", timeout=2.0) as raw:
        bytes_and_flags(raw)
        servers(raw)
        asyncio.run(asynchronously(server, raw))
    with Client([server], 1, pickleProtocol=4, cache_cas=True, on_error=noted, timeout=timedelta(seconds=2)) as mc:
        objects(mc)
        servers(mc)
        futures(mc.futures)
    with FutureClient([server], protocol="text", max_in_flight=10) as fc:
        futures(fc)
    with Client([server], profile=Reversed()) as own:
        own.set("reversed", "abc")
        assert own.get("reversed") == "abc"
    secured = cmemcache.TlsOptions(server_name="cache", verify=False)
    with Client([server], username="ada", password="secret", tls=secured, protocol="binary", profile="libmc") as guarded:
        assert_type(guarded.last_error, Exception | None)
    with Client([server], tls=True, discovery=True, discovery_interval=timedelta(minutes=5)) as cluster:
        assert_type(cluster.discovery_status(), dict[str, Any] | None)
    try:
        Client(["127.0.0.1:1"], errors="raise").get("k")
    except cmemcache.ServerDown as down:
        assert_type(down.server, str)
    except (cmemcache.ServerTimeout, cmemcache.ProtocolError, cmemcache.ValueTooLarge, cmemcache.AuthenticationError,
            cmemcache.ClosedError) as error:
        failure: cmemcache.Error = error
        print(failure)
    try:
        Client([server]).get("a key with spaces")
    except Client.MemcachedKeyCharacterError as wrong:
        assert_type(wrong.args, tuple[Any, ...])


def noted_line(line: str) -> None:
    print(line)


if __name__ == "__main__":
    main(sys.argv[1])
