"""Forked children, fresh interpreters, and what a client may have left behind in this process."""

import gc
import os
import subprocess
import sys
import textwrap
import threading
import time


def in_child(work):
    """Forks; the child's pid. It ends with 0 when `work` returned, with 1 when it raised."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def ended_well(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def run(code, *args, expect=0, options=(), environment=os.environ):
    """A fresh interpreter; it must end by itself, with this code, and say nothing else."""
    path = os.pathsep.join(p for p in sys.path if p)
    done = subprocess.run([sys.executable, *options, "-c", textwrap.dedent(code), *args], capture_output=True,
                          text=True, timeout=20, env={**environment, "PYTHONPATH": path})
    assert done.returncode == expect, done.stderr
    return done


def held():
    """(sockets, Python's threads, the system's threads) of this process."""
    sockets = 0
    for name in os.listdir("/proc/self/fd"):
        try:
            sockets += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
        except FileNotFoundError:
            pass
    return sockets, threading.active_count(), len(os.listdir("/proc/self/task"))


def held_at_rest():
    """The same, once nothing changes any more: a thread that was joined is on the system's list for a moment still."""
    gc.collect()
    now, before = held(), None
    while now != before:
        time.sleep(0.01)
        now, before = held(), now
    return now


def comes_to(what, expected, timeout=2.0):
    """Whether `what()` is `expected`, now or soon."""
    deadline = time.monotonic() + timeout
    while what() != expected and time.monotonic() < deadline:
        time.sleep(0.005)
    return what() == expected
