"""ElastiCache's configuration endpoint: says which servers a cluster has, as the test tells it.

    with ConfigurationEndpoint(servers) as endpoint:
        client = cmemcache.Client([endpoint.address], discovery=True, discovery_interval=0.05)
        endpoint.say(4, servers[:2])

`answer` is what it says to `config get cluster`, in bytes; to everything else, ERROR, as a memcached would. None: nothing,
for ever.
"""

import re

from support.scripted_server import ScriptedServer, expect


def configuration(version, servers):
    """`servers`: (host, address, port), or a MemcachedServer."""
    nodes = [s if isinstance(s, tuple) else (f"node-{s.port}", s.host, s.port) for s in servers]
    return f"{version}\n{' '.join('|'.join(map(str, n)) for n in nodes)}\n".encode()


class ConfigurationEndpoint(ScriptedServer):
    def __init__(self, servers=(), version=1, port=0, only_old=False):
        self.only_old = only_old
        self.asked = 0
        self.say(version, servers)
        super().__init__([self._serve], port=port)

    def say(self, version, servers):
        self.answer = self.of_text(configuration(version, servers))

    def of_text(self, text):
        what = b"VALUE AmazonElastiCache:cluster" if self.only_old else b"CONFIG cluster"
        return b"%s 0 %d\r\n%s\r\nEND\r\n" % (what, len(text), text)

    def _serve(self, connection):
        question = b"get AmazonElastiCache:cluster\r\n" if self.only_old else b"config get cluster\r\n"
        while True:
            before = len(connection.received)
            expect(re.compile(rb"[^\n]*\n"))(connection)
            asked = bytes(connection.received[before:])
            if asked != question:
                connection.sendall(b"ERROR\r\n")
                continue
            self.asked += 1
            if self.answer is not None:
                connection.sendall(self.answer)
