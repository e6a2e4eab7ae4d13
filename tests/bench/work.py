"""What a call costs in work, which has no noise: user instructions, allocations, system calls, large pieces of memory.

Each figure is the difference of two runs of a child process that differ only in how many calls they make, by the number
of calls: under valgrind for instructions (callgrind) and allocations (memcheck, which sees malloc; what Python takes from its
own pools is not counted), under strace for system calls, behind support/memory_watch.cpp for copies and large blocks.
The child is one of tools/cachecmp's programs in C and C++, or this, with one of its blocking clients:

    python3 work.py WHO ADDRESS CASE CALLS
"""

import collections
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading

KEYS = [f"work:{i}" for i in range(1000, 1100)]
SIZES = {"get_10k": 10_000, "set_10k": 10_000, "get_500k": 500_000, "set_500k": 500_000}  # of values, where it is not 100
CASES = ["get", "set", "incr", "delete", "miss", "get_multi", "set_multi", *SIZES, "in_flight"]
AIMS = {"get": 2_500, "set": 2_500, "get_multi": 120_000, "set_multi": 60_000}  # instructions, of a StringClient's
OURS = ["StringClient", "Client"]
PEERS = ["pylibmc", "libmc", "pymemcache", "python-memcached"]
# Contenders of tools/cachecmp, which have 100 keys in a bulk call, too, and 1,000 gets in flight. Their delete is that of a key
# that is there, which has to be stored: nothing to count.
PROGRAMS = {"C++blocking": "cmemcache_bench_blocking", "C++async": "cmemcache_bench_async",
            "libmemcached": "cmemcache_bench_libmemcached", "floor": "cmemcache_floor"}
TOLD = {"get": "get work 1 10 100", "set": "set work 1 10 100", "incr": "incr work 1 10 1", "miss": "miss none 1 10 100",
        "get_multi": "get_multi work 100 10 100", "set_multi": "set_multi work 100 10 100", "in_flight": "in_flight work 1000 10 100",
        **{case: f"{case.partition('_')[0]} work 1 10 {size}" for case, size in SIZES.items()}}


def calls_of(case, client):
    """The call, made ready."""
    key, number, value = KEYS[0], "work:number", b"x" * SIZES.get(case, 100)
    mapping = dict.fromkeys(KEYS, value)
    assert client.set(number, b"1") and client.set(key, value)
    if case in ("get_multi", "set_multi"):
        client.set_multi(mapping)
        assert len(client.get_multi(KEYS)) == len(KEYS)
    client.delete("work:none")
    return {
        "nothing": lambda: None,
        "get": lambda: client.get(key),
        "set": lambda: client.set(key, value),
        "incr": lambda: client.incr(number),
        "delete": lambda: client.delete("work:none"),
        "miss": lambda: client.get("work:none"),
        "get_multi": lambda: client.get_multi(KEYS),
        "set_multi": lambda: client.set_multi(mapping),
    }[case.partition("_")[0] if case in SIZES else case]


def _command(who, address, case, calls, environment):
    """(a child's command, what it is told on its standard input)"""
    if who not in PROGRAMS:
        return [sys.executable, "-s", __file__, who, address, case, str(calls)], ""
    program = built(environment, "bench", PROGRAMS[who])
    return [program, address.rpartition(":")[2]], f"{TOLD[case]} {calls}\n"


def built(environment, *path):
    """A file of the tests', in the build tree that the package is of."""
    file = pathlib.Path(environment["PYTHONPATH"].split(os.pathsep)[0]).parent.joinpath("tests", *path)
    if not file.exists():
        raise FileNotFoundError(f"{file} is not built: it is a part of the C++ tests")
    return str(file)


def _child(tool, who, address, case, calls, environment):
    command, told = _command(who, address, case, calls, environment)
    done = subprocess.run([*tool, *command], env=environment, input=told, capture_output=True, text=True, timeout=120)
    if done.returncode or "failed" in done.stdout:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-1000:]}{done.stdout[-1000:]}")
    return done.stderr


def _per_call(count, calls):
    return (count(2 * calls) - count(calls)) / calls


def _instructions(address, case, environment, calls, who):
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]

    def count(n):
        return int(re.search(r"Collected : (\d+)", _child(tool, who, address, case, n, environment))[1])
    return _per_call(count, calls)


_of_nothing = {}  # by how many calls
_of_nothing_lock = threading.Lock()


def instructions(address, case, environment, calls=300, who="StringClient"):
    """Without those of the loop that makes the calls in Python."""
    with _of_nothing_lock:
        if calls not in _of_nothing and who not in PROGRAMS:
            _of_nothing[calls] = _instructions(address, "nothing", environment, calls, "StringClient")
    loop = 0 if who in PROGRAMS else _of_nothing[calls]
    return _instructions(address, case, environment, calls, who) - loop


def allocations(address, case, environment, calls=300, who="StringClient"):
    def count(n):
        said = _child(["valgrind", "--leak-check=no"], who, address, case, n, environment)
        return int(re.search(r"total heap usage: ([\d,]+) allocs", said)[1].replace(",", ""))
    return _per_call(count, calls)


def system_calls(address, case, environment, calls=300, who="StringClient"):
    """{name: how many a call}, those that are less than one in twenty calls left out."""
    def count(n):
        said = _child(["strace", "-f", "-c", "-U", "calls,name"], who, address, case, n, environment)
        return collections.Counter({name: int(times) for times, name in re.findall(r"^\s*(\d+) (\w+)$", said, re.M)
                                    if name != "total"})
    few, many = count(calls), count(2 * calls)
    return {name: (times - few[name]) / calls for name, times in many.items() if times - few[name] > calls / 20}


def memory(address, case, environment, calls=20, who="StringClient"):
    """(bytes copied in user space for each byte of the value, blocks of at least half its size taken from malloc), a call."""
    size = SIZES[case]
    with tempfile.NamedTemporaryFile() as told:
        watched = {**environment, "LD_PRELOAD": built(environment, "cmemcache_memory_watch.so"),
                   "CMEMCACHE_MEMORY_WATCH": told.name, "CMEMCACHE_MEMORY_WATCH_LARGE": str(size // 2)}

        def count(n):
            os.truncate(told.name, 0)
            _child([], who, address, case, n, watched)
            return [int(figure) for figure in re.findall(r"\d+", pathlib.Path(told.name).read_text())]
        (copied, blocks), (copied_more, blocks_more) = count(calls), count(2 * calls)
    return (copied_more - copied) / calls / size, (blocks_more - blocks) / calls


def client_of(who, address):
    if who in OURS:
        import cmemcache
        return getattr(cmemcache, who)([address], timeout=60)
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
    from bench import worker
    host, port = address.split(":")
    player = worker.PLAYERS[who](host, int(port)).client  # as tools/cachecmp sets it up
    if who == "pymemcache":
        player.client.incr = player.incr  # which has no default
    return player.client


def main(who, address, case, calls):
    call = calls_of(case, client_of(who, address))
    for _ in range(10 + int(calls)):
        call()


if __name__ == "__main__":
    main(*sys.argv[1:])
