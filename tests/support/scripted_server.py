"""A server that does as it is told, for faults that no memcached shows on request.

The n-th connection plays the n-th script; when they run out, the last one is played again. A script is a list of
steps, and at its end the connection stays open, reading, until the client closes it: a server that never answers
is an empty script. What the client sent is in `received`, one bytes object per connection; a failed `expect`
closes the connection and fails the test on leaving the `with` block.

    with ScriptedServer([expect(b"get k\\r\\n"), send(b"VALUE other 0 1\\r\\nx\\r\\nEND\\r\\n")]) as server:
        client = cmemcache.StringClient([server.address], protocol="text")
"""

import re
import socket
import struct
import threading
import time


class Unexpected(AssertionError):
    """The client sent something else than the script expects."""


class _Gone(Exception):
    """The connection is over: the client left, the script closed it, or the server is closing."""


class Connection:
    """One accepted connection; steps are callables that take it."""

    def __init__(self, server, link):
        self.server = server
        self.link = link
        self.unread = b""
        self.received = bytearray()

    def read_more(self):
        try:
            data = self.link.recv(65536)
        except OSError:
            raise _Gone from None
        if not data:
            raise _Gone
        self.received += data
        self.unread += data

    def sendall(self, data):
        try:
            self.link.sendall(data)
        except OSError:
            raise _Gone from None


def expect(pattern):
    """Waits for exactly these bytes, or for a compiled regular expression that matches from the start."""
    def step(connection):
        if isinstance(pattern, re.Pattern):
            while not (match := pattern.match(connection.unread)):
                connection.read_more()
            connection.unread = connection.unread[match.end():]
            return
        while len(connection.unread) < len(pattern):
            if not pattern.startswith(connection.unread):
                break
            connection.read_more()
        if not connection.unread.startswith(pattern):
            raise Unexpected(f"expected {pattern!r}, got {connection.unread!r}")
        connection.unread = connection.unread[len(pattern):]
    return step


def line(pattern=rb"[^\n]*\n"):
    """Waits for one line, whatever it says (or for what the regular expression matches)."""
    return expect(re.compile(pattern))


def send(data):
    return lambda connection: connection.sendall(data)


def wait(seconds):
    def step(connection):
        if connection.server.stop_asked.wait(seconds):
            raise _Gone
    return step


def drip(data, every):
    """One byte at a time."""
    def step(connection):
        for i in range(len(data)):
            connection.sendall(data[i:i + 1])
            if connection.server.stop_asked.wait(every):
                raise _Gone
    return step


def until(event):
    """Goes on when the threading.Event is set."""
    def step(connection):
        while not event.wait(0.01):
            if connection.server.stop_asked.is_set():
                raise _Gone
    return step


def close():
    def step(connection):
        raise _Gone
    return step


def reset():
    """Closes with a TCP reset."""
    def step(connection):
        connection.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise _Gone
    return step


def greeting(version=b"1.5.0"):
    """The question that a client with protocol "auto" or "meta" asks first; 1.5.0 knows the classic commands only. The
    meta commands of a later one are tried, once for all connections to it.
    """
    def step(connection):
        expect(b"version\r\n")(connection)
        connection.sendall(b"VERSION " + version + b"\r\n")
        if version.startswith(b"1.6"):
            expect(b"mn\r\n")(connection)
            connection.sendall(b"MN\r\n")
    return step


def echo_gets(delay=0.0):
    """Answers every `get k1 k2 ...` line for ever, each value being its key."""
    def step(connection):
        while True:
            while b"\n" not in connection.unread:
                connection.read_more()
            head, _, connection.unread = connection.unread.partition(b"\n")
            words = head.split()
            if not words or words[0] not in (b"get", b"gets"):
                raise Unexpected(f"expected a get, got {head!r}")
            if delay:
                time.sleep(delay)
            cas = b" 1" if words[0] == b"gets" else b""
            values = [b"VALUE %s 0 %d%s\r\n%s\r\n" % (k, len(k), cas, k) for k in words[1:]]
            connection.sendall(b"".join(values) + b"END\r\n")
    return step


def _shut_down(link):
    try:
        link.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # closed by its script, or by the client


class ScriptedServer:
    def __init__(self, *scripts, port=0):
        self.scripts = scripts or ([],)
        self.connections = []
        self.failures = []
        self.stop_asked = threading.Event()
        self._threads = []
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(128)
        self.port = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    @property
    def received(self):
        return [bytes(c.received) for c in self.connections]

    def wait_received(self, count, timeout=2.0):
        """Waits until the connections together brought `count` bytes; returns all of them, joined."""
        deadline = time.monotonic() + timeout
        while len(everything := b"".join(self.received)) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        return everything

    def close(self):
        """Ends everything at once: whoever waits in accept or recv is woken up."""
        self.stop_asked.set()
        _shut_down(self._listener)
        self._acceptor.join()
        self._listener.close()
        for connection in self.connections:
            _shut_down(connection.link)
        for thread in self._threads:
            thread.join()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.close()
        if error is None and self.failures:
            raise self.failures[0]

    def _accept(self):
        while not self.stop_asked.is_set():
            try:
                link, _ = self._listener.accept()
            except OSError:
                return
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            script = self.scripts[min(len(self.connections), len(self.scripts) - 1)]
            connection = Connection(self, link)
            self.connections.append(connection)
            thread = threading.Thread(target=self._play, args=(connection, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _play(self, connection, script):
        try:
            for step in script:
                step(connection)
            while True:
                connection.read_more()
        except _Gone:
            pass
        except Unexpected as failure:
            self.failures.append(failure)
        finally:
            connection.link.close()


class ClosedPort:
    """An address that refuses connections, and that nobody else gets meanwhile."""

    def __init__(self):
        self._holder = socket.socket()
        self._holder.bind(("127.0.0.1", 0))
        self.port = self._holder.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self._holder.close()


class UnansweredPort:
    """An address where connecting never ends: its queue of waiting connections is full."""

    def __init__(self):
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen(0)
        self.port = self._listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._waiting = []
        for _ in range(4):
            link = socket.socket()
            link.setblocking(False)
            link.connect_ex(("127.0.0.1", self.port))
            self._waiting.append(link)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for link in self._waiting:
            link.close()
        self._listener.close()


def assert_heard_nothing(server):
    assert b"".join(server.received) == b""
