"""What must not type-check: each line that ends in a comment, with the error of that kind, and no other line."""

import asyncio
from concurrent.futures import Future

import cmemcache

raw = cmemcache.StringClient(["127.0.0.1"])
mc = cmemcache.Client(["127.0.0.1"])
fc = cmemcache.FutureClient(["127.0.0.1"])
aio = cmemcache.AsyncClient(["127.0.0.1"])

raw.set("k", {"a": 1})  # arg-type
raw.set(5, b"v")  # arg-type
raw.set("k", b"v", 1.5)  # arg-type
raw.set("k", b"v", 60, "flags")  # arg-type
raw.set("k", b"v", expire=60)  # call-arg
raw.get("k").upper()  # union-attr
raw.get_multi("k", key_prefix=1)  # arg-type
raw.set_multi([b"v"])  # arg-type
raw.set_multi({"k": 5})  # dict-item

mc.set("k", 1, flags=7)  # call-arg
mc.set("k", 1, 60, "a lot")  # arg-type
mc.incr("k", "1")  # arg-type
mc.incr("k") + 1  # operator
mc.touch()  # call-arg
mc.cas("k", 1, cas=b"token")  # arg-type
mc.get_stats(1)  # arg-type
mc.set_servers("127.0.0.1", 5)  # call-arg
mc.nothing("k")  # attr-defined

cmemcache.Client(11211)  # arg-type
cmemcache.Client(["127.0.0.1"], distribution="random")  # arg-type
cmemcache.Client(["127.0.0.1"], timeout="1")  # arg-type
cmemcache.Client(["127.0.0.1"], profile=object())  # arg-type
cmemcache.Client(["127.0.0.1"], on_error=5)  # arg-type
cmemcache.StringClient(["127.0.0.1"], profile="python-memcached")  # arg-type
cmemcache.FutureClient(["127.0.0.1"], errors="ignore")  # arg-type
cmemcache.AsyncClient(["127.0.0.1"], retries=5)  # call-arg
cmemcache.log = 5  # assignment

future: Future[str] = fc.set("k", 1)  # assignment
fc.get("k", timeout=1)  # call-arg
fc.incr("k").result() + 1  # operator
raw.futures.set("k", 5)  # arg-type


async def awaits() -> None:
    number: int = aio.set("k", 1)  # assignment
    text: str = await aio.set("k", 1)  # assignment
    await aio.set("k", 1, flags=7)  # call-arg
    await raw.aio.set("k", 5)  # arg-type
    await mc.set("k", 1)  # misc
    with aio:  # attr-defined
        pass


asyncio.run(awaits())
