"""A proxy in front of a memcached that spoils replies and connections on request.

tests/support/fault.hpp says what the faults are; each is meant by its name there. A fault is in force when `fault`
returns. The proxy ends with `close()`, and with this process. Start it on the main thread, since the kernel takes the
death of the starting *thread* for the parent's.

    with MemcachedServer() as server, FaultProxy(server) as proxy:
        client = cmemcache.Client([proxy.address])
        proxy.fault("close", every=10)
"""

import os
import pathlib
import subprocess
import threading


def _program():
    name = "cmemcache_fault_proxy"
    build = pathlib.Path(__file__).resolve().parents[2] / "build"
    places = [build / "release" / "tests", build / "dev" / "tests"]
    if named := os.environ.get("CMEMCACHE_TESTS_DIR"):
        places = [pathlib.Path(named), pathlib.Path(named).parent]
    for place in places:
        if (place / name).exists():
            return str(place / name)
    raise RuntimeError(f"{name} is not built: looked in {', '.join(map(str, places))}")


class FaultProxy:
    def __init__(self, server_or_port):
        port = getattr(server_or_port, "port", server_or_port)
        self._lock = threading.Lock()
        self._process = subprocess.Popen([_program(), str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         text=True, bufsize=1)
        word, _, number = self._process.stdout.readline().partition(" ")
        if word != "listening":
            self.close()
            raise RuntimeError("the fault proxy does not start")
        self.port = int(number)
        self.address = f"127.0.0.1:{self.port}"

    def fault(self, kind, every=1, ms=0):
        """From now on every n-th reply, or connection, meets this fault."""
        answer = self._ask(f"{kind} every={every} ms={ms}")
        if answer != "ok":
            raise ValueError(answer)

    def clear(self):
        """What comes from now on passes, and so does what was kept back."""
        self.fault("pass")

    def stats(self):
        """How many `connections` there were, `replies` that passed as they were, and `faults` shown."""
        return {name: int(n) for name, n in (word.split("=") for word in self._ask("stats").split())}

    def close(self):
        with self._lock:
            if self._process.stdin.closed:
                return
            try:
                self._process.stdin.close()
                self._process.wait(5)
            except (OSError, subprocess.TimeoutExpired):
                self._process.kill()
                self._process.wait()
            self._process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def _ask(self, line):
        with self._lock:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("the fault proxy has ended")
        return answer.rstrip("\n")
