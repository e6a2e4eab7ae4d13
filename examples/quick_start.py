"""The program to read first: python3 quick_start.py [host:port]"""

import sys

import cmemcache

address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:11211"


def show(what, result):
    print(f"{what:<34} {result!r}")


# Any value that can be pickled; str, bytes and int are stored as themselves.
mc = cmemcache.Client([address])
show('set("greeting", "hello", time=60)', mc.set("quick:greeting", "hello", time=60))
show('get("greeting")', mc.get("quick:greeting"))
mc.set("quick:user", {"name": "Ada", "born": 1815}, time=60)
show('get("user")', mc.get("quick:user"))
show('get("nothing")', mc.get("quick:nothing"))
show('get("nothing", default=0)', mc.get("quick:nothing", default=0))

# A counter: memcached counts, so nobody's step is lost.
mc.set("quick:visits", 41, time=60)
show('incr("visits")', mc.incr("quick:visits"))

# Many at once, every server asked at the same time.
show("set_multi(...): keys not stored", mc.set_multi({"a": 1, "b": "two"}, time=60, key_prefix="quick:"))
show('get_multi(["a", "b", "c"])', mc.get_multi(["a", "b", "c"], key_prefix="quick:"))

# Change a value only where nobody else did in between.
value, token = mc.get_with_cas("quick:visits")
show("cas(value + 1), first", bool(mc.cas("quick:visits", value + 1, time=60, cas=token)))
show("cas(value + 2), too late", bool(mc.cas("quick:visits", value + 2, time=60, cas=token)))

# Bytes and flags of your own, nothing added.
raw = cmemcache.StringClient([address])
raw.set("quick:raw", b"\x00\x01", 60, 7)
show('StringClient.getflags("raw")', raw.getflags("quick:raw"))

# A server that is down is a miss, as with python-memcached; what it was is kept. errors="raise" raises instead.
nobody = cmemcache.Client(["127.0.0.1:1"])
show("get, server down", nobody.get("quick:greeting"))
show("last_error", nobody.last_error)
try:
    cmemcache.Client(["127.0.0.1:1"], errors="raise").get("quick:greeting")
except cmemcache.ServerDown as trouble:
    show('errors="raise"', trouble)

mc.delete_multi(["greeting", "user", "visits", "a", "b", "raw"], key_prefix="quick:")
for client in (mc, raw, nobody):
    client.close()
