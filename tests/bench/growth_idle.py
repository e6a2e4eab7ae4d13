"""What connections cost where they lead to: memcached's memory, and the kernel's."""

import contextlib
import pathlib
import resource
import time

from support.memcached_server import MemcachedServer

from .cases import keys_of
from .contenders import Absent
from .growth_ground import Ground

# What was done on each connection before it became idle.
STATES = ("connected", "a get", "a get of 100 keys")


def _resident(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(1024 * int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


def _kernel():
    """Bytes of the kernel's own objects, and of what lies in sockets' buffers."""
    slab = next(1024 * int(line.split()[1]) for line in pathlib.Path("/proc/meminfo").read_text().splitlines()
                if line.startswith("Slab"))
    sockets = pathlib.Path("/proc/net/sockstat").read_text().splitlines()
    words = next(line.split() for line in sockets if line.startswith("TCP"))
    return slab + 4096 * int(words[words.index("mem") + 1])


def _serve(link, request, end):
    link.sendall(request)
    answer = b""
    while not answer.endswith(end):
        answer += link.recv(65536)


def measure(state, whose, count):
    """Bytes a connection."""
    if count + 100 > resource.getrlimit(resource.RLIMIT_NOFILE)[0]:
        raise Absent(f"{count} connections are more than ulimit -n allows")
    keys = keys_of("k", 100, 10)
    request = {"connected": None, "a get": f"get {keys[0]}\r\n", "a get of 100 keys": f"get {' '.join(keys)}\r\n"}[state]
    with MemcachedServer("-t", "1", "-c", count + 100) as server, Ground([server], [], keys) as ground, \
            contextlib.ExitStack() as links:
        before = _resident(server.pid) if whose == "server" else _kernel()
        opened = [links.enter_context(server.connect()) for _ in range(count)]
        deadline = time.monotonic() + 10
        while ground.connections() < count:  # it accepts them one by one
            if time.monotonic() > deadline:
                raise Absent(f"memcached has {ground.connections():.0f} of {count} connections")
        for link in opened if request else ():
            _serve(link, request.encode(), b"END\r\n")
        after = _resident(server.pid) if whose == "server" else _kernel()
    return {"memory": (after - before) / count}
