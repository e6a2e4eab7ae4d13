"""Bounded: huge calls end, take no more memory than what they are given and give back, and send no more ahead than
max_in_flight_bytes.

Peaks are measured in children, each by itself, since a peak never sinks.
"""

import asyncio
import json
import textwrap
import threading

import pytest

import cmemcache
from support import processes
from support.calling_styles import STYLES, Futures
from support.memcached_server import MemcachedServer
from support.scripted_server import ScriptedServer, greeting, line, send

MIB = 1024  # in KiB, as the kernel has it
# What a call keeps of each key besides the values, in bytes; measured: 150 and 220 blocking, 320 and 390 otherwise.
PER_KEY = {"blocking": 300, "futures": 500, "asyncio": 500}
SLACK = 24 * MIB  # buffers, and what the allocator has in hand
AHEAD = 8 * MIB   # max_in_flight_bytes, unless it is given

OPENING = """\
    import asyncio, json, resource, sys, time
    import cmemcache

    style, address = sys.argv[1:3]
    options = json.loads(sys.argv[3])
    if style == "blocking":
        client = cmemcache.StringClient([address], errors="raise", **options)
        call = lambda verb, *args: getattr(client, verb)(*args)
    elif style == "futures":
        client = cmemcache.StringClient([address], **options)
        call = lambda verb, *args: getattr(client.futures, verb)(*args).result(60)
    else:
        client = cmemcache.StringClient([address], **options)
        loop = asyncio.new_event_loop()

        async def wait(verb, args):
            return await getattr(client.aio, verb)(*args)

        call = lambda verb, *args: loop.run_until_complete(wait(verb, args))

    def peak():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB

    def report(**figures):
        print(json.dumps(figures))
    """


def child(code, style, address, **options):
    done = processes.run(textwrap.dedent(OPENING) + textwrap.dedent(code), style, address,
                         json.dumps({"timeout": 18, **options}))
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def large():
    with MemcachedServer("-m", "512") as server:
        yield server


@pytest.mark.parametrize("style", ["blocking", "futures", "asyncio"])
class TestHugeCalls:
    def test_get_multi_of_a_million_keys(self, large, style):
        """One in a hundred is there."""
        found = child("""
            keys = [f"key-{n}" for n in range(1_000_000)]
            there = {k: k.encode() * 20 for k in keys[::100]}
            assert call("set_multi", there) == []
            before, start = peak(), time.monotonic()
            got = call("get_multi", keys)
            report(took=time.monotonic() - start, grown=peak() - before, right=got == there)
            """, style, large.address)
        assert found["right"] and found["took"] < 15
        results = 10_000 * 400 // 1024
        assert found["grown"] < 1_000_000 * PER_KEY[style] // 1024 + results + AHEAD + SLACK

    def test_set_multi_of_100_000_values(self, large, style):
        found = child("""
            pairs = {f"value-{n}": b"%1024d" % n for n in range(100_000)}
            before, start = peak(), time.monotonic()
            failed = call("set_multi", pairs)
            took, grown = time.monotonic() - start, peak() - before
            some = list(pairs)[::997]
            report(took=took, grown=grown, right=failed == [] and call("get_multi", some) == {k: pairs[k] for k in some})
            """, style, large.address)
        assert found["right"] and found["took"] < 15
        copies = 0 if style == "blocking" else 100_000  # small values of a call that is not waited for
        assert found["grown"] < copies + 100_000 * PER_KEY[style] // 1024 + AHEAD + SLACK

    def test_while_the_server_answers_late(self, large, fault_proxy, style):
        """No deadlock where both sides have much to say."""
        proxy = fault_proxy(large)
        proxy.fault("delay", ms=1)
        found = child("""
            pairs = {f"late-{n}": b"%10240d" % n for n in range(5_000)}
            start = time.monotonic()
            failed = call("set_multi", pairs)
            got = call("get_multi", list(pairs))
            report(took=time.monotonic() - start, right=failed == [] and got == pairs)
            """, style, proxy.address, max_in_flight_bytes=256 * 1024)
        assert found["right"] and found["took"] < 15


def answers_in_bits(seen, size, pause):
    """Answers the half of the stores that it has read, each of `size` bytes, after each pause; `seen` has how many bytes
    were unanswered then."""
    def step(connection):
        answered, before = 0, len(connection.received)
        reader = threading.Thread(target=connection.server.read_all, args=(connection,), daemon=True)
        reader.start()
        while not connection.server.stop_asked.wait(pause):
            read = len(connection.received) - before
            seen.append(read - answered * size)
            ready = (read // size - answered + 1) // 2
            connection.sendall(b"STORED\r\n" * ready)
            answered += ready
    return step


class ReadingServer(ScriptedServer):
    """Reads all the time, whatever its script does meanwhile."""

    def read_all(self, connection):
        while not self.stop_asked.is_set():
            try:
                connection.read_more()
            except Exception:
                return


NOT_WAITED_FOR = [name for name in STYLES if name not in ("Client", "StringClient")]
BOUND = 256 * 1024  # of keys and values: what the protocol says around them is not counted
AROUND = 30  # bytes at each key, at most
LONGEST_LINE = 16 * 1024


def many_sets(style, keys):
    """At once; raises what the last one does."""
    if isinstance(style, Futures):
        return [style.front.set(k, b"v" * 1000) for k in keys][-1].result(10)

    async def gather():
        return await asyncio.gather(*(style.front.set(k, b"v" * 1000) for k in keys))

    return style.loop.run_until_complete(gather())


@pytest.mark.parametrize("name", NOT_WAITED_FOR)
class TestNoMoreAhead:
    """The server reads all that it is sent: what is not answered is what was sent ahead."""

    @pytest.mark.parametrize("length", [1000, 50_000])
    def test_stores_of_a_server_that_answers_late(self, name, length):
        seen, count = [], 4_000_000 // length
        keys = [f"k{n:05}" for n in range(count)]
        size = len(b"set k00000 0 0 %d\r\n\r\n" % length) + length
        with ReadingServer([answers_in_bits(seen, size, 0.003)]) as server:
            style = STYLES[name]([server.address], protocol="text", timeout=10, max_in_flight_bytes=BOUND)
            assert style.set_multi({k: b"v" * length for k in keys}) == []
            assert len(server.connections) == 1 and len(server.received[0]) == size * count
            style.close()
        assert BOUND // 2 < max(seen) <= BOUND * size // (length + len(keys[0])) + size

    @pytest.mark.parametrize("protocol", ["text", "auto"])
    @pytest.mark.parametrize("verb", ["set_multi", "get_multi", "single"])
    def test_a_server_that_never_answers(self, name, verb, protocol):
        further = [line(), send(b"VERSION 1.6.18\r\n")]
        with ScriptedServer(*([greeting(b"1.6.18")], further) if protocol == "auto" else ([],)) as server:
            style = STYLES[name]([server.address], protocol=protocol, timeout=0.15, max_in_flight_bytes=BOUND,
                                 max_in_flight=1_000_000)
            keys = [f"a-key-of-some-length-{n:05}" for n in range(50_000)]
            payload = len(keys[0]) + {"set_multi": 100, "get_multi": 0, "single": 1000}[verb]
            with pytest.raises((cmemcache.ServerTimeout, cmemcache.ServerDown)):
                if verb == "get_multi":
                    style.get_multi(keys)
                elif verb == "set_multi":
                    style.set_multi({k: b"v" * 100 for k in keys})
                else:
                    many_sets(style, keys[:2000])
            heard = max(len(received) for received in server.received)
            assert BOUND // 2 < heard <= BOUND * (payload + AROUND) // payload + LONGEST_LINE
            style.close()
