"""Futures in a forked child, and at the interpreter's end."""

import concurrent.futures as cf
import multiprocessing
import os
import threading
import time

import pytest

import cmemcache
from support.processes import ended_well, in_child, run
from support.scripted_server import ScriptedServer


def hammer(fc, name, rounds=50):
    """Values carry their key; every call is waited for at the end of its round."""
    for i in range(rounds):
        keys = [f"{name}-{i}-{n}" for n in range(10)]
        stored = [fc.set(k, k) for k in keys]
        asked = {fc.get(k): k for k in keys}
        assert all(f.result(10) for f in stored)
        assert all(f.result() == asked[f] for f in cf.as_completed(asked, 10))
        assert fc.get_multi(keys).result(10) == {k: k for k in keys}


class TestFork:
    @pytest.fixture
    def fc(self, own_memcached, make_client):
        return make_client(cmemcache.FutureClient, [own_memcached.address], timeout=10)

    def test_each_has_a_thread_and_a_connection_of_its_own(self, fc, own_memcached):
        fc.set("k", "v").result(5)
        before = int(own_memcached.stat("total_connections"))

        def child():
            tasks = len(os.listdir("/proc/self/task"))
            assert tasks == 1 and fc.get("k").result(5) == "v"
            assert len(os.listdir("/proc/self/task")) == 2
            fc.close()
            assert len(os.listdir("/proc/self/task")) == 1

        assert ended_well(in_child(child))
        assert fc.get("k").result(5) == "v"
        assert int(own_memcached.stat("total_connections")) == before + 2  # the child's, and the second look
        assert fc.counters()[own_memcached.address]["connections"] == 1

    def test_while_others_hammer(self, fc):
        stop, failed = threading.Event(), []

        def busy(name):
            try:
                while not stop.is_set():
                    hammer(fc, name, 3)
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=busy, args=(f"t{n}",)) for n in range(4)]
        [t.start() for t in threads]
        children = []
        for n in range(12):
            children.append(in_child(lambda n=n: hammer(fc, f"child{n}", 5)))
            time.sleep(0.01)
        assert all([ended_well(pid) for pid in children])
        stop.set()
        [t.join(20) for t in threads]
        assert not failed
        hammer(fc, "after", 5)

    def test_with_futures_in_flight(self, fc, own_memcached):
        """They are the parent's: there they end, in the child they stay as they are and do no harm."""
        hammer(fc, "before", 1)
        own_memcached.pause()
        asked = [fc.get(f"before-0-{n % 10}") for n in range(100)]

        def child():
            assert not any(f.done() for f in asked)
            assert asked[0].cancel() and not cf.wait(asked[1:], 0.05).done
            later = fc.get("before-0-1")
            os.kill(own_memcached.pid, 18)  # SIGCONT
            assert later.result(10) == "before-0-1" and not asked[1].done()
            hammer(fc, "child", 3)

        assert ended_well(in_child(child))
        assert [f.result(10) for f in asked] == [f"before-0-{n % 10}" for n in range(100)]
        assert fc.counters()[own_memcached.address]["orphaned_replies"] == 0

    def test_grandchildren_and_those_of_a_callback(self, fc):
        def child():
            hammer(fc, "child", 1)
            assert ended_well(in_child(lambda: hammer(fc, "grandchild", 1)))
            hammer(fc, "child", 1)

        assert ended_well(in_child(child))
        forked = cf.Future()
        fc.get("k").add_done_callback(lambda f: forked.set_result(ended_well(in_child(lambda: hammer(fc, "of-it", 1)))))
        assert forked.result(10)
        hammer(fc, "parent", 1)

    def test_multiprocessing(self, fc):
        fc.set("n", 0).result(5)
        context = multiprocessing.get_context("fork")
        workers = [context.Process(target=lambda: [fc.incr("n").result(5) for _ in range(50)]) for _ in range(4)]
        [w.start() for w in workers]
        [w.join(20) for w in workers]
        assert [w.exitcode for w in workers] == [0] * 4 and fc.get("n").result(5) == 200


BEGIN = """
import atexit, os, sys, threading, time, cmemcache
client = cmemcache.Client([sys.argv[1]])
fc = client.futures
assert fc.set("k", "v").result(5) and fc.get("k").result(5) == "v"
"""
ENDINGS = {
    "global": "",
    "deleted": "del fc, client",
    "cycle": "client.me, client.mine = client, fc",
    "in modules": "sys.modules['keep'] = fc",
    "in builtins": "import builtins; builtins.keep = fc",
    "pending": "futures = [fc.get('k') for _ in range(1000)]",
    "callbacks": "[fc.get('k').add_done_callback(lambda f: f.exception() or fc.get('k')) for _ in range(1000)]",
    "atexit call": "atexit.register(lambda: fc.get('k').result(5) == 'v' or os._exit(3))",
    "atexit close": "atexit.register(fc.close)",
    "finalizer": "class Late:\n  def __del__(self, fc=fc): fc.get('k').exception(5)\nlate = Late()",
    "exit": "fc.get('k'); sys.exit(0)",
    "aio too": "import asyncio\nasync def main(): await client.aio.get('k')\nasyncio.run(main())",
}
HAMMERING = """
class Profile:
    def dumps(self, key, value): return value, 0
    def loads(self, key, data, flags): return [data for _ in range(100)] and data
client = cmemcache.Client([sys.argv[1]], profile=Profile())
fc = client.futures
def forget():
    while True: fc.set("k", b"v"); fc.get("k")
def wait():
    while True: fc.get("k").exception()
def block():
    while True: client.set("k", b"v"); client.get("k")
for work in (forget, forget, wait, wait, block, block): threading.Thread(target=work, daemon=True).start()
time.sleep(0.05)
"""


class TestExit:
    @pytest.mark.parametrize("code", ENDINGS.values(), ids=ENDINGS)
    def test_clean(self, memcached, code):
        done = run(BEGIN + code, memcached.address, options=("-X", "dev"))
        assert (done.stdout, done.stderr) == ("", "")

    @pytest.mark.parametrize("options", [(), ("-X", "dev")], ids=["normal", "dev"])
    def test_daemon_threads(self, memcached, options):
        """They come back to Python when there is none any more, from the middle of a call."""
        done = run(BEGIN + HAMMERING, memcached.address, options=options)
        assert (done.stdout, done.stderr) == ("", "")

    def test_unanswered(self):
        with ScriptedServer([]) as silent:
            start = time.monotonic()
            done = run("""
                import sys, cmemcache
                fc = cmemcache.FutureClient([sys.argv[1]], timeout=60)
                futures = [fc.get("k"), fc.set_multi({"k": 1}), fc.get_slabs()]
                futures[0].add_done_callback(lambda f: print(type(f.exception()).__name__))
            """, silent.address)
            assert (done.stdout, done.stderr) == ("ClosedError\n", "") and time.monotonic() - start < 5

    def test_a_callback_that_waits_in_vain(self, memcached):
        done = run(BEGIN + "fc.get('k').add_done_callback(lambda f: fc.get('k').result()); time.sleep(0.1)",
                   memcached.address)
        assert (done.stdout, done.stderr) == ("", "")

    def test_a_forked_child_that_ends_the_ordinary_way(self, memcached):
        done = run(BEGIN + """
held = [fc.get("k") for _ in range(100)]
pid = os.fork()
assert fc.get("k").result(5) == "v"
atexit.register(lambda: fc.get("k").result(5) == "v" or os._exit(3))
if pid:
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert [f.result(5) for f in held] == ["v"] * 100
""", memcached.address, options=("-X", "dev"))
        assert (done.stdout, done.stderr) == ("", "")
