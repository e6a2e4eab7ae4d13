"""Servers and clients for every test of the binding.

The tests find the module on PYTHONPATH, or in the release build of this tree.
"""

import itertools
import pathlib
import subprocess
import sys

import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(_ROOT / "tests"))
try:
    import cmemcache
except ImportError:
    sys.path.insert(1, str(_ROOT / "build" / "release" / "python"))
    import cmemcache

from support.calling_styles import STYLES  # noqa: E402
from support.fault_proxy import FaultProxy  # noqa: E402
from support import other_clients  # noqa: E402
from support.memcached_server import MemcachedServer  # noqa: E402
from support.scripted_server import ClosedPort, ScriptedServer  # noqa: E402

_serial = itertools.count(1)


def pytest_terminal_summary(terminalreporter):
    """The table of test_interop_profiles.py, where that ran."""
    for line in other_clients.table():
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def memcached():
    """One server for all tests that neither stop it nor care what else it holds."""
    with MemcachedServer() as server:
        yield server


@pytest.fixture(scope="session")
def roomy_memcached():
    """The same for values of megabytes, which would push out what other tests keep."""
    with MemcachedServer("-m", "512") as server:
        yield server


@pytest.fixture
def memcached_factory():
    """Makes servers of the test's own: memcached_factory("-I", "2k")."""
    servers = []

    def make(*args, **kwargs):
        servers.append(MemcachedServer(*args, **kwargs))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """A folder of certificates and keys: tests/support/make_certificates says which."""
    folder = tmp_path_factory.mktemp("certificates")
    subprocess.run([_ROOT / "tests" / "support" / "make_certificates", folder], check=True)
    return folder


@pytest.fixture
def own_memcached(memcached_factory):
    """A server that the test may stop, kill, pause and flush."""
    return memcached_factory()


@pytest.fixture
def three_servers(memcached_factory):
    return [memcached_factory() for _ in range(3)]


@pytest.fixture
def fault_proxy():
    """Makes proxies that spoil what a server says: fault_proxy(own_memcached)."""
    proxies = []

    def make(server_or_port):
        proxies.append(FaultProxy(server_or_port))
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.close()


@pytest.fixture
def closed_port():
    """The address of a server that is not running."""
    with ClosedPort() as port:
        yield port.address


@pytest.fixture
def key(request):
    """A key that no other test uses."""
    return f"{request.node.originalname[:40]}-{next(_serial)}"


@pytest.fixture
def make_client():
    """Makes clients that are closed after the test: make_client(cmemcache.Client, [address], timeout=1)."""
    clients = []

    def make(kind, servers, *args, **kwargs):
        clients.append(kind(servers, *args, **kwargs))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(memcached, make_client):
    return make_client(cmemcache.Client, [memcached.address])


@pytest.fixture
def raw(memcached, make_client):
    return make_client(cmemcache.StringClient, [memcached.address])


@pytest.fixture(params=STYLES)
def make_style(request):
    """Makes clients of each calling style in turn: make_style([address], timeout=1). They are closed after the test."""
    made = []

    def make(servers, **options):
        made.append(STYLES[request.param](servers, **options))
        return made[-1]

    yield make
    for style in made:
        style.close()


@pytest.fixture(params=["Client", "StringClient"])
def kind(request):
    """Each of the two blocking clients in turn."""
    return getattr(cmemcache, request.param)


@pytest.fixture
def silent(kind, make_client):
    """A client, and the server that must hear nothing."""
    with ScriptedServer([]) as server:
        yield make_client(kind, [server.address], protocol="text", timeout=0.2), server


@pytest.fixture
def any_client(kind, memcached, make_client):
    return make_client(kind, [memcached.address])
