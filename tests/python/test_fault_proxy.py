"""The fault proxy's driver: what is ordered is in force at once, and no process stays behind."""

import os
import socket
import threading
import time

import pytest

from support.fault_proxy import FaultProxy


def ask(proxy, request=b"get k\r\n"):
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as link:
        link.sendall(request + b"quit\r\n")
        return b"".join(iter(lambda: link.recv(65536), b""))


@pytest.fixture
def proxy(own_memcached, fault_proxy):
    assert own_memcached.ask(b"set k 0 0 1\r\nv\r\n") == b"STORED\r\n"
    return fault_proxy(own_memcached)


GOOD = b"VALUE k 0 1\r\nv\r\nEND\r\n"


def test_passes_spoils_and_passes_again(proxy):
    assert ask(proxy) == GOOD
    proxy.fault("wrong_key")
    assert ask(proxy) == b"VALUE stranger 0 1\r\nv\r\nEND\r\n"
    proxy.fault("duplicate", every=2)
    assert ask(proxy, b"get k\r\n" * 4) == GOOD * 6
    proxy.clear()
    assert ask(proxy) == GOOD
    assert proxy.stats() == {"connections": 4, "replies": 4, "faults": 3}


def test_delay(proxy):
    proxy.fault("delay", ms=100)
    start = time.monotonic()
    assert ask(proxy) == GOOD
    assert 0.1 <= time.monotonic() - start < 1


def test_refuses_and_listens_again(proxy):
    proxy.fault("refuse")
    with pytest.raises(ConnectionRefusedError):
        ask(proxy)
    proxy.clear()
    assert ask(proxy) == GOOD


def test_an_unknown_fault_is_an_error(proxy):
    for order in ("banana", "close every=0", "close sometimes"):
        with pytest.raises(ValueError, match="error: "):
            proxy.fault(order)
    assert ask(proxy) == GOOD


def test_from_several_threads(proxy):
    seen = []

    def work():
        for _ in range(50):
            proxy.fault("drip")
            seen.append(proxy.stats()["faults"])

    threads = [threading.Thread(target=work) for _ in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert seen == [0] * 200


def test_ends_when_closed(own_memcached):
    with FaultProxy(own_memcached) as proxy:
        pid = proxy._process.pid
        assert os.path.exists(f"/proc/{pid}")
    assert not os.path.exists(f"/proc/{pid}")
    with pytest.raises(ConnectionRefusedError):
        ask(proxy)
    proxy.close()
