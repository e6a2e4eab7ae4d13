"""The servers that a point of a curve is played on, and what they say of themselves."""

import contextlib
import socket

from support.memcached_server import MemcachedServer


class Ground:
    """Servers that have the keys, and a connection to each, on which it is asked how it fares.

    `addresses` are what a contender is told: several may lead to one server.
    """

    def __init__(self, servers, addresses, keys):
        self.addresses = addresses
        stores = b"".join(b"set %s 0 0 100 noreply\r\n%s\r\n" % (key.encode(), b"x" * 100) for key in keys)
        for server in servers:
            server.ask(stores + b"mn\r\n", b"MN\r\n")
        self.links = [server.connect() for server in servers]
        self.ours = self._sum("curr_connections")

    def cpu_seconds(self):
        """That the servers have used."""
        return self._sum("rusage_user", "rusage_system")

    def connections(self):
        """How many others have to them."""
        return self._sum("curr_connections") - self.ours

    def _sum(self, *names):
        total = 0
        for link in self.links:
            link.sendall(b"stats\r\n")
            answer = b""
            while not answer.endswith(b"END\r\n"):
                answer += link.recv(65536)
            stats = dict(line.split(" ", 2)[1:] for line in answer.decode().splitlines()[:-1])
            total += sum(float(stats[name]) for name in names)
        return total

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for link in self.links:
            link.close()


def thousand_servers(stack, count):
    """One memcached that listens on `count` ports: to a client so many servers. (As many processes are more than a machine
    for tests has memory for.)"""
    with contextlib.ExitStack() as probes:
        ports = []
        for _ in range(count):
            probe = probes.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    addresses = [f"127.0.0.1:{port}" for port in ports]
    also = ["-l", ",".join(addresses[1:])] if count > 1 else []
    server = MemcachedServer("-t", "1", "-m", "64", "-c", 100 + 3 * count, *also, port=ports[0])
    stack.enter_context(server)
    return [server], addresses
