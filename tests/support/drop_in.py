"""A program of python-memcached's users, in parts: each says what it sees. Run with that module and with ours.

    python drop_in.py memcache 127.0.0.1:11211 127.0.0.1:11212 /tmp/socket
    python drop_in.py cmemcache ...
"""

import importlib
import sys
import threading

memcache = importlib.import_module(sys.argv[1])
FIRST, SECOND, SOCKET = sys.argv[2:5]


class Point:
    def __init__(self, x):
        self.x = x

    def __repr__(self):
        return f"Point({self.x!r})"


def every_kind_of_value():
    mc = memcache.Client([FIRST], debug=0)
    mc.flush_all()
    for value in ("text", "é€", "", b"bytes\x00\xff", b"", 1, -5, 10**30, 1.5, None, True, [1, "two"], {"a": (1, 2)}, {3},
                  Point(4)):
        print(bool(mc.set("some_key", value)), repr(mc.get("some_key")))
    print(mc.get("nothing"))


def storing():
    mc = memcache.Client([FIRST], debug=0)
    mc.delete("k")
    print(mc.get("k") or "made anew")
    print(bool(mc.replace("k", "r")), bool(mc.append("k", "a")), bool(mc.prepend("k", "p")))
    print(bool(mc.add("k", "b", time=60)), bool(mc.add("k", "c")), mc.get("k"))
    print(bool(mc.replace("k", "d", 60)), bool(mc.append("k", "e")), bool(mc.prepend("k", "c")), mc.get("k"))
    print(bool(mc.set("k", "x", 60, min_compress_len=100)), bool(mc.touch("k", 100)), bool(mc.touch("nothing", 100)))
    print(bool(mc.set("packed", "y" * 10000, min_compress_len=100)), len(mc.get("packed")))
    print(bool(mc.delete("k")), mc.get("k"))
    if not mc.set("huge", b"x" * (memcache.SERVER_MAX_VALUE_LENGTH + 1)):
        print("too large:", mc.get("huge"))


def counting():
    mc = memcache.Client([FIRST], debug=0)
    mc.set("counter", "20")
    print(mc.incr("counter"), mc.incr("counter", 10), mc.decr("counter"), mc.decr("counter", delta=100))
    print(mc.incr("nothing", 5), mc.decr("nothing"))
    mc.set("n", 5)
    print(mc.incr("n", 2), mc.get("n"))
    mc.set("text", "letters")
    try:
        mc.incr("text")
    except ValueError as error:
        print("ValueError", "non-numeric" in str(error))


def many_at_once():
    mc = memcache.Client([FIRST, SECOND], debug=0)
    print(mc.set_multi({"key1": "val1", "key2": 2, "key3": [3]}), sorted(mc.get_multi(["key1", "key2", "key3", "no"]).items()))
    print(mc.set_multi({"1": "a", "2": "b"}, time=60, key_prefix="pfx_"), sorted(mc.get_multi(["1", "2"], "pfx_").items()))
    print(mc.get("pfx_1"), mc.get("1"))
    print(mc.set_multi({42: "douglass adams", 46: 5}, key_prefix="num"), mc.get_multi([46, 42, 7], key_prefix="num"))
    print(mc.get_multi(str(i) for i in range(3)), mc.get_multi([]), mc.set_multi({}))
    print(mc.delete_multi(["key1", "key2"]), mc.delete_multi(["1", "2"], key_prefix="pfx_"), mc.get_multi(["key1", "key3"]))
    print(sorted(mc.set_multi({f"k{i}": i for i in range(500)})), sum(mc.get_multi([f"k{i}" for i in range(500)]).values()))


def compare_and_swap():
    mc, other = (memcache.Client([FIRST], debug=0, cache_cas=True) for _ in range(2))
    mc.set("list", [1])
    for attempt in range(5):
        value = mc.gets("list")
        if attempt < 2:
            other.set("list", value + [0])  # somebody is quicker
        if mc.cas("list", value + [2]):
            break
    print(attempt, mc.get("list"))
    mc.reset_cas()
    print(mc.gets("nothing"), mc.cas_ids)


def not_waiting():
    mc = memcache.Client([FIRST], debug=0)
    print(bool(mc.set("quiet", 1, noreply=True)), mc.incr("quiet", noreply=True), mc.get("quiet"))
    mc.set_multi({"q1": 1, "q2": 2}, noreply=True)
    print(sorted(mc.get_multi(["q1", "q2"]).items()))
    mc.delete("quiet", noreply=True)
    mc.delete_multi(["q1"], noreply=True)
    print(mc.get("quiet"), mc.get("q1"), mc.get("q2"))


def servers_of_all_kinds():
    for servers in ([FIRST], (FIRST,), [(FIRST, 1), (SECOND, 3)], [f"inet:{FIRST}"], [f"unix:{SOCKET}"], [(f"unix:{SOCKET}", 2)]):
        mc = memcache.Client(servers)
        mc.set("where", "here")
        print(mc.get("where"), len(mc.get_stats()))
    mc = memcache.Client([(FIRST, 1), (SECOND, 3)])
    mc.set_multi({f"w{i}": i for i in range(100)})
    for server in (FIRST, SECOND):
        mc.set_servers([server])
        print(len(mc.get_multi([f"w{i}" for i in range(100)])), end=" ")
    try:
        memcache.Client(["a:b:c:d"])
    except ValueError:
        print("ValueError")


def placed_by_the_caller():
    mc = memcache.Client([FIRST, SECOND], debug=0)
    for i in range(10):
        mc.set((i, f"h{i}"), i)
    print([mc.get((i, f"h{i}")) for i in range(10)])
    mc.set_servers([SECOND])
    print([mc.get(f"h{i}") for i in range(10)])


def bad_keys():
    mc = memcache.Client([FIRST], debug=0)
    errors = (memcache.Client.MemcachedKeyLengthError, memcache.Client.MemcachedKeyCharacterError,
              memcache.Client.MemcachedKeyNoneError)
    for key in ("k" * (memcache.SERVER_MAX_KEY_LENGTH + 1), "two words", "line\nbreak", "tab\t", "\x00", None, "k" * 250):
        for call in (mc.get, mc.delete, lambda key: mc.set(key, 1)):
            try:
                call(key)
                print("fine")
            except errors as error:
                print(type(error).__name__, isinstance(error, memcache.Client.MemcachedKeyError))
    try:
        mc.set_multi({"ok": 1, "k" * 245: 2}, key_prefix="prefix")
    except memcache.Client.MemcachedKeyError as error:
        print(type(error).__name__)


def about_the_servers():
    mc = memcache.Client([FIRST, SECOND], debug=0)
    stats = mc.get_stats()
    print([server for server, _ in stats], all(int(each["pid"]) > 0 for _, each in stats))
    print([sorted(each)[:2] for _, each in mc.get_stats("settings")])


def trouble():
    mc = memcache.Client(["127.0.0.1:1"], debug=0, dead_retry=60, socket_timeout=1)
    print(mc.get("k"), bool(mc.set("k", 1)), mc.get_multi(["a", "b"]), sorted(mc.set_multi({"a": 1, "b": 2})), mc.incr("k"))
    mc.forget_dead_hosts()
    mc = memcache.Client(["127.0.0.1:1", FIRST], debug=0)
    print([bool(mc.set(f"f{i}", i)) for i in range(20)], [mc.get(f"f{i}") for i in range(20)])


def in_threads():
    mc = memcache.Client([FIRST, SECOND], debug=0)

    def work(n):
        for i in range(20):
            mc.set(f"t{n}-{i}", i)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(mc.get_multi([f"t{n}-{i}" for n in range(4) for i in range(20)])))
    mc.disconnect_all()
    print(mc.get("t1-1"))


class Cache(memcache.Client):
    """Of those who put a client below a class of their own."""

    def __init__(self, servers):
        super().__init__(servers, debug=0, pickleProtocol=2, server_max_key_length=100)

    def get(self, key, default=None):
        value = super().get(key)
        return default if value is None else value

    def cached(self, key, make):
        value = self.get(key)
        if value is None:
            value = make()
            self.set(key, value, 60)
        return value


def a_class_of_their_own():
    cache = Cache([FIRST])
    cache.delete("made")
    print(cache.cached("made", lambda: {"a": 1}), cache.cached("made", lambda: None), cache.get("nothing", 5))
    try:
        cache.get("k" * 101)
    except Cache.MemcachedKeyLengthError:
        print("too long")


PARTS = (every_kind_of_value, storing, counting, many_at_once, compare_and_swap, not_waiting, servers_of_all_kinds,
         placed_by_the_caller, bad_keys, about_the_servers, trouble, in_threads, a_class_of_their_own)

if __name__ == "__main__":
    for part in PARTS:
        print(f"# {part.__name__}")
        part()
