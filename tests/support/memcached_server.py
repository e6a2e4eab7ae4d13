"""A real memcached of the test's own.

It listens on a free loopback port (or a unix socket), is ready when the constructor returns, and never outlives
the test run: the kernel kills it when the process that started it dies. Start it on the main thread, since the
kernel takes the death of the starting *thread* for the parent's.

    with MemcachedServer("-I", "4m") as server:
        client = cmemcache.Client([server.address])
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def free_port():
    """A loopback port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _program():
    places = "/usr/bin:/usr/local/bin:" + os.environ.get("PATH", "")
    found = os.environ.get("MEMCACHED") or shutil.which("memcached", path=places)
    if not found:
        raise RuntimeError("memcached is not installed: the tests need the Debian package memcached")
    return found


class MemcachedServer:
    environment = None  # the tests' own

    def __init__(self, *args, unix_socket=None, host="127.0.0.1", port=None, secured_by=None):
        """`secured_by`: it speaks TLS, with a certificate of make_certificates'; plain text besides, on a port of the test's own."""
        self.args = [str(a) for a in args]
        self.secured_by = secured_by
        self.plain_port = None
        self.unix_socket = os.fspath(unix_socket) if unix_socket else None
        self.host = host
        self.port = port
        self.process = None
        self.start()

    @property
    def address(self):
        if self.unix_socket:
            return "unix:" + self.unix_socket
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        """Starts it, on the port it had before if there was one, and waits until it answers."""
        assert not self.running, "already started"
        assert threading.current_thread() is threading.main_thread(), "it would die with this thread"
        keep_port = self.unix_socket is not None or self.port is not None
        for _ in range(20):
            if not keep_port:
                self.port = free_port()
            if self.secured_by:
                self.plain_port = free_port()
            self.process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=subprocess.PIPE, preexec_fn=_die_with_parent,
                                            env=self.environment)
            if self._wait_until_ready():
                return self
            complaint = self.process.stderr.read().decode(errors="replace")
            self._reap()
        raise RuntimeError(f"memcached does not start: {' '.join(self._command())}: {complaint}")

    def kill(self):
        """Ends it at once, as a crash would."""
        if self.running:
            self.process.kill()
        self._reap()

    def stop(self):
        """Ends it. It has nothing to save, and asked politely it takes a second."""
        self.kill()

    def restart(self):
        """Killed and started again, empty, on the same port."""
        self.kill()
        return self.start()

    def pause(self):
        """It accepts connections (the kernel does) and answers nothing until resume()."""
        self.process.send_signal(signal.SIGSTOP)
        deadline = time.monotonic() + 5
        while not self._has_stopped() and time.monotonic() < deadline:
            time.sleep(0.0005)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def ask(self, request, end=b"\r\n"):
        """Sends raw bytes on a connection of its own and returns the answer, up to and with `end`."""
        with self.connect() as link:
            link.sendall(request)
            answer = b""
            while not answer.endswith(end):
                more = link.recv(65536)
                if not more:
                    break
                answer += more
            return answer

    def stored(self, key):
        """(value, flags) under `key`, as a raw `get` shows them; None where nothing is."""
        key = key.encode() if isinstance(key, str) else key
        answer = self.ask(b"get " + key + b"\r\n", b"END\r\n")
        if answer == b"END\r\n":
            return None
        head, _, rest = answer.partition(b"\r\n")
        _, _, flags, size = head.split(b" ")
        return rest[:int(size)], int(flags)

    def stat(self, name):
        for line in self.ask(b"stats\r\n", b"END\r\n").decode().splitlines():
            words = line.split(" ", 2)
            if words[0] == "STAT" and words[1] == name:
                return words[2]
        raise KeyError(name)

    def connect(self):
        """A raw socket to it."""
        if self.unix_socket:
            link = socket.socket(socket.AF_UNIX)
            link.settimeout(5)
            link.connect(self.unix_socket)
            return link
        return socket.create_connection((self.host, self.plain_port or self.port), timeout=5)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stop()

    def _command(self):
        command = [_program(), "-U", "0", "-t", "2"]
        if os.geteuid() == 0:
            command += ["-u", "root"]
        if self.unix_socket:
            command += ["-s", self.unix_socket]
        elif self.secured_by:
            host = self.address.rpartition(":")[0]
            command += ["-l", f"notls:{host}:{self.plain_port},{self.address}", "-Z", "-o",
                        f"ssl_chain_cert={self.secured_by.with_suffix('.pem')},ssl_key={self.secured_by.with_suffix('.key')}"]
        else:
            command += ["-l", self.host, "-p", str(self.port)]
        return command + self.args

    def _wait_until_ready(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                # Another program may have taken the port between our look and memcached's: ask who is there.
                if self._is_there():
                    return True
            except OSError:
                pass
            time.sleep(0.005)
        self.process.kill()
        return False

    def _is_there(self):
        return self.ask(b"stats\r\n", b"END\r\n").startswith(b"STAT pid %d\r\n" % self.process.pid)

    def _has_stopped(self):
        """Whether each of its threads has noticed SIGSTOP."""
        states = []
        for task in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{task}/stat") as stat:
                states.append(stat.read().rpartition(")")[2].split()[0])
        return all(state == "T" for state in states)

    def _reap(self):
        if self.process is None:
            return
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stderr and not self.process.stderr.closed:
            self.process.stderr.close()
