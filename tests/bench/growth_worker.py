"""A Python contender of tools/growth: a process that plays one point of a curve. growth.hpp is the same in C++.

    python3 -m bench.growth_worker NAME VERB COUNT SECONDS ADDRESS,...

It gets ready, says "ready", waits for a line, measures, writes its figures as one line of JSON, and waits for the end of its
input, so that its connections can be counted. Or it says "absent WHY".
"""

import ctypes
import json
import resource
import statistics
import sys
import time
import warnings

from .cases import keys_of
from .growth_clients import CLIENTS


class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
                "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]


def heap():
    """Bytes in use on the heap; what Python takes from its own pools is not counted."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = Mallinfo
    now = mallinfo()
    return now.uordblks + now.hblkhd


def resident(what):
    """Bytes: "VmRSS", resident now, or "VmHWM", at the most since forget_peak()."""
    with open("/proc/self/status") as status:
        return next(1024 * int(line.split()[1]) for line in status if line.startswith(what))


def forget_peak():
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(play, seconds):
    """Plays slices of a fifth of `seconds`: as many as fill it, or one that takes longer."""
    times, slice_ = 1, seconds / 5
    while True:
        start = time.perf_counter()
        play(times)
        took = time.perf_counter() - start
        if took * 2 >= slice_:
            break
        times = max(2 * times, min(16 * times, int(times * slice_ / took)))
    print("ready", flush=True)
    sys.stdin.readline()
    microseconds, all_units, cpu, begun = [], 0, cpu_seconds(), time.perf_counter()
    while not microseconds or time.perf_counter() - begun < seconds * 0.9:
        start = time.perf_counter()
        units = play(times)
        microseconds.append(1e6 * (time.perf_counter() - start) / units)
        all_units += units
    return {"us": statistics.median(microseconds), "client_us": 1e6 * (cpu_seconds() - cpu) / all_units, "units": all_units}


def run(name, verb, count, seconds, addresses):
    keys = keys_of("k", count if verb.endswith("_multi") else 100, 10)
    CLIENTS[name](addresses[:1])  # what is imported
    heap()  # ctypes' own
    heap_before = heap()
    client = CLIENTS[name](addresses)
    play = getattr(client, verb)(keys, count)
    forget_peak()
    before = resident("VmRSS")
    play(1)
    peak = resident("VmHWM") - before
    if verb == "get":
        play(100)  # each key once
    kept = heap() - heap_before
    figures = {**measure(play, seconds), "kept": kept, "peak": peak}
    if latencies := sorted(getattr(client, "latencies", ())):
        figures.update((f"p{part}_us", 1e6 * latencies[len(latencies) * part // 100]) for part in (50, 99))
    print(json.dumps(figures), flush=True)
    sys.stdin.read()


def main(name, verb, count, seconds, addresses):
    warnings.simplefilter("ignore")  # of libraries older than the interpreter
    try:
        run(name, verb, int(count), float(seconds), addresses.split(","))
    except ImportError as error:
        print(f"absent {error}".replace("\n", " "), flush=True)
    except Exception as error:
        print(f"failed {type(error).__name__}: {error}".replace("\n", " "), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
