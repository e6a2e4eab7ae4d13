"""What a call costs in work, which has no noise: user instructions, allocations, system calls.

Each figure is the difference of two runs of a child process that differ only in how many calls they make, by the number
of calls: under valgrind for instructions (callgrind) and allocations (memcheck, which sees malloc; what Python takes from its
own pools is not counted), under strace for system calls.

    python3 work.py ADDRESS CASE CALLS      is such a child
"""

import collections
import re
import subprocess
import sys
import threading

KEYS = [f"work:{i}" for i in range(1000, 1100)]
VALUE = b"x" * 100
CASES = ["get", "set", "incr", "delete", "miss", "get_multi", "set_multi"]


def calls_of(case, client):
    """The call, made ready."""
    key, number = KEYS[0], "work:number"
    mapping = dict.fromkeys(KEYS, VALUE)
    assert client.set_multi(mapping) == [] and client.set(number, b"1")
    client.delete("work:none")
    return {
        "nothing": lambda: None,
        "get": lambda: client.get(key),
        "set": lambda: client.set(key, VALUE),
        "incr": lambda: client.incr(number),
        "delete": lambda: client.delete("work:none"),
        "miss": lambda: client.get("work:none"),
        "get_multi": lambda: client.get_multi(KEYS),
        "set_multi": lambda: client.set_multi(mapping),
    }[case]


def _child(tool, address, case, calls, environment):
    command = [*tool, sys.executable, "-s", __file__, address, case, str(calls)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-1000:]}")
    return done.stderr


def _per_call(count, calls):
    return (count(2 * calls) - count(calls)) / calls


def _instructions(address, case, environment, calls):
    tool = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]

    def count(n):
        return int(re.search(r"Collected : (\d+)", _child(tool, address, case, n, environment))[1])
    return _per_call(count, calls)


_of_nothing = {}  # by how many calls
_of_nothing_lock = threading.Lock()


def instructions(address, case, environment, calls=300):
    """Without those of the loop that makes the calls."""
    with _of_nothing_lock:
        if calls not in _of_nothing:
            _of_nothing[calls] = _instructions(address, "nothing", environment, calls)
    return _instructions(address, case, environment, calls) - _of_nothing[calls]


def allocations(address, case, environment, calls=300):
    def count(n):
        said = _child(["valgrind", "--leak-check=no"], address, case, n, environment)
        return int(re.search(r"total heap usage: ([\d,]+) allocs", said)[1].replace(",", ""))
    return _per_call(count, calls)


def system_calls(address, case, environment, calls=300):
    """{name: how many a call}, those that are less than one in twenty calls left out."""
    def count(n):
        said = _child(["strace", "-f", "-c", "-U", "calls,name"], address, case, n, environment)
        return collections.Counter({name: int(times) for times, name in re.findall(r"^\s*(\d+) (\w+)$", said, re.M)
                                    if name != "total"})
    few, many = count(calls), count(2 * calls)
    return {name: (times - few[name]) / calls for name, times in many.items() if times - few[name] > calls / 20}


def main(address, case, calls):
    import cmemcache

    call = calls_of(case, cmemcache.StringClient([address], timeout=60))
    for _ in range(10 + int(calls)):
        call()


if __name__ == "__main__":
    main(*sys.argv[1:])
