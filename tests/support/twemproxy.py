"""A real twemproxy (nutcracker) of the test's own, in front of memcacheds.

It listens on a free loopback port, is ready when the constructor returns, and never outlives the test run, as the
MemcachedServer that it is in all but what it runs.

    with TwemProxy([(server.address, 1, "cache-a")], hash="md5") as proxy:
        client = cmemcache.Client([proxy.address])
"""

import pathlib
import shutil
import tempfile

from support.memcached_server import MemcachedServer, free_port


def _program():
    found = shutil.which("nutcracker", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if not found:
        raise RuntimeError("nutcracker is not installed: the tests need the Debian package nutcracker")
    return found


class TwemProxy(MemcachedServer):
    def __init__(self, servers, hash="fnv1a_64", distribution="ketama", **settings):
        """`servers`: (address, weight, name), or (address, weight) of one without a name."""
        self.servers = servers
        self.settings = {"hash": hash, "distribution": distribution, "auto_eject_hosts": "false", **settings}
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cmemcache_twemproxy_"))
        super().__init__()

    def stop(self):
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _command(self):
        lines = ["pool:", f"  listen: {self.address}", *(f"  {k}: {v}" for k, v in self.settings.items()), "  servers:"]
        lines += [f"   - {address}:{weight} {' '.join(name)}" for address, weight, *name in self.servers]
        (self.folder / "conf.yml").write_text("\n".join(lines) + "\n")
        return [_program(), "-c", self.folder / "conf.yml", "-o", self.folder / "log", "-p", self.folder / "pid",
                "-a", "127.0.0.1", "-s", str(free_port())]

    def _is_there(self):
        return self.ask(b"get ready\r\n", b"END\r\n") == b"END\r\n"
