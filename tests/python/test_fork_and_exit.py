"""fork, and the interpreter's end."""

import multiprocessing
import os
import threading
import time

import pytest

import cmemcache
from support.processes import ended_well, in_child, run
from support.scripted_server import ScriptedServer


def hammer(client, name, rounds=200):
    for i in range(rounds):
        k = f"{name}-{i % 20}"
        assert client.set(k, k.encode())
        assert client.get(k) == k.encode()
        assert client.get_multi([k, name + "-absent"]) == {k: k.encode()}


class TestFork:
    def test_parent_and_child_both_go_on(self, kind, make_client, own_memcached):
        client = make_client(kind, [own_memcached.address], errors="raise")
        hammer(client, "before", 20)
        children = [in_child(lambda n=n: hammer(client, f"child{n}")) for n in range(3)]
        hammer(client, "parent")
        assert all([ended_well(pid) for pid in children])
        hammer(client, "after", 20)

    def test_each_has_sockets_of_its_own(self, kind, make_client, own_memcached):
        client = make_client(kind, [own_memcached.address])
        client.get("k")
        before = int(own_memcached.stat("total_connections"))
        assert ended_well(in_child(lambda: client.get("k")))
        client.get("k")
        # The child's, and the second look.
        assert int(own_memcached.stat("total_connections")) == before + 2

    def test_a_child_that_closes_leaves_the_parents_connection(self, kind, make_client, own_memcached):
        client = make_client(kind, [own_memcached.address], errors="raise")
        client.set("k", b"v")
        for work in (client.close, client.disconnect_all, client.quit_all):
            assert ended_well(in_child(work))
        assert client.get("k") == b"v"
        assert client.counters()[own_memcached.address]["reconnects"] == 0

    def test_fork_while_another_thread_is_in_a_call(self, kind, make_client, own_memcached):
        client = make_client(kind, [own_memcached.address], errors="raise", timeout=5)
        stop, failed = threading.Event(), []

        def busy(name):
            try:
                while not stop.is_set():
                    hammer(client, name, 5)
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=busy, args=(f"t{n}",)) for n in range(3)]
        [t.start() for t in threads]
        children = []
        for n in range(8):
            children.append(in_child(lambda n=n: hammer(client, f"child{n}", 20)))
            time.sleep(0.01)
        assert all([ended_well(pid) for pid in children])
        stop.set()
        [t.join() for t in threads]
        assert not failed

    def test_grandchildren(self, any_client, key):
        any_client.set(key, b"v")

        def child():
            assert any_client.get(key) == b"v"
            assert ended_well(in_child(lambda: hammer(any_client, key, 5)))
            assert any_client.get(key) == b"v"

        assert ended_well(in_child(child))
        assert any_client.get(key) == b"v"

    def test_multiprocessing(self, memcached, make_client, key):
        client = make_client(cmemcache.Client, [memcached.address], errors="raise")
        client.set(key, 0)
        context = multiprocessing.get_context("fork")
        workers = [context.Process(target=lambda: [client.incr(key) for _ in range(50)]) for _ in range(4)]
        [w.start() for w in workers]
        [w.join() for w in workers]
        assert [w.exitcode for w in workers] == [0] * 4
        assert client.get(key) == 200


class TestExit:
    @pytest.mark.parametrize("code", [
        "pass",
        "import sys; sys.exit(0)",
        "import atexit; atexit.register(lambda: client.get('k'))",
        "import atexit; atexit.register(client.close)",
        "client.me = client",
        "del client",
        "client.close()",
        "import threading; threading.Thread(target=lambda: [client.get('k') for _ in range(300)]).start()",
        "import threading\ndef w():\n  while True: client.get('k')\n"
        "[threading.Thread(target=w, daemon=True).start() for _ in range(4)]",
        "import sys; sys.modules['keep'] = client",
        "import builtins; builtins.keep = client",
        "class Late:\n  def __del__(self, c=client): c.get('k')\nlate = Late()",
    ], ids=["plain", "exit", "atexit-call", "atexit-close", "cycle", "deleted", "closed", "thread", "daemon-threads",
            "in-modules", "in-builtins", "in-a-finalizer"])
    @pytest.mark.parametrize("options", [(), ("-X", "dev")], ids=["normal", "dev"])
    def test_clean(self, memcached, code, options):
        begin = ("import sys, cmemcache\nclient = cmemcache.Client([sys.argv[1]])\n"
                 "client.set('k', b'v')\nassert client.get('k') == b'v'\n")
        done = run(begin + code, memcached.address, options=options)
        assert done.stderr == "" and done.stdout == ""

    def test_while_a_daemon_thread_waits_for_an_answer(self):
        with ScriptedServer([]) as server:
            start = time.monotonic()
            done = run("""
                import sys, threading, time, cmemcache
                client = cmemcache.Client([sys.argv[1]], protocol="text", timeout=10)
                threading.Thread(target=client.get, args=("k",), daemon=True).start()
                time.sleep(0.1)
            """, server.address)
            assert done.stderr == ""
            assert time.monotonic() - start < 5

    def test_an_uncaught_error_is_a_traceback_and_no_crash(self, closed_port):
        done = run("""
            import sys, cmemcache
            cmemcache.Client([sys.argv[1]], errors="raise").get("k")
        """, closed_port, expect=1)
        assert "cmemcache.ServerDown" in done.stderr or "ServerDown:" in done.stderr
        assert closed_port in done.stderr

    def test_the_end_of_a_forked_child(self, memcached):
        """A child that ends the ordinary way, destructors and all, and a parent that goes on."""
        run("""
            import os, sys, cmemcache
            client = cmemcache.Client([sys.argv[1]], errors="raise")
            client.set("forked", b"v")
            pid = os.fork()
            assert client.get("forked") == b"v"
            if pid:
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
                assert client.get("forked") == b"v"
                assert client.counters()[sys.argv[1]]["reconnects"] == 0
        """, memcached.address)

    def test_importing_starts_no_thread_and_opens_no_socket(self):
        run("""
            import os, threading
            before = len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
            import cmemcache
            cmemcache.Client(["127.0.0.1:1"])
            assert (len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))) == before
        """)

    def test_many_imports_of_the_module(self):
        run("""
            import importlib, cmemcache
            importlib.reload(cmemcache)
            cmemcache.Client([]).get("k")
        """)
