"""TLS, in every style: the verbs, large values and many of them, who is believed, and what happens to connections."""

import concurrent.futures
import os
import socket
import ssl
import threading
import time

import pytest

import cmemcache
from cmemcache import TlsOptions
from support.calling_styles import STYLES
from support.event_loops import loop_factory, run  # noqa: F401
from support.memcached_server import MemcachedServer
from support.processes import ended_well, in_child


@pytest.fixture(scope="module")
def secured(certificates):
    """Three servers that speak TLS."""
    servers = [MemcachedServer(secured_by=certificates / "server") for _ in range(3)]
    yield servers
    for server in servers:
        server.stop()


@pytest.fixture
def tls(certificates):
    return TlsOptions(ca_file=certificates / "ca.pem")


def trouble_of(style, call, *args):
    """What a call failed with, raised or not; it gave nothing."""
    try:
        assert not call(*args)
    except cmemcache.Error as error:
        return error
    return style.client.last_error


class TestCalls:
    def test_verbs(self, make_style, secured, tls, key):
        mc = make_style([secured[0].address], tls=tls)
        assert mc.get(key) is None
        assert mc.set(key, b"1") and mc.get(key) == b"1" and mc.incr(key) == 2
        assert mc.append(key, b"0") and mc.get(key) == b"20"
        assert mc.delete(key) and mc.get(key) is None
        assert secured[0].stored(key) is None

    def test_values_of_a_mebibyte(self, make_style, secured, tls, key):
        mc = make_style([secured[0].address], tls=tls)
        for size in (16 * 1024 - 1, 16 * 1024, 100_000, 1_000_000):
            value = os.urandom(size)
            assert mc.set(key, value)
            assert mc.get(key) == value

    def test_many_keys_on_several_servers(self, make_style, secured, tls, key):
        mc = make_style([server.address for server in secured], tls=tls)
        values = {f"{key}-{i}": f"{i}".encode() * (i % 300) for i in range(2000)}
        assert mc.set_multi(values) == []
        assert mc.get_multi(list(values) + ["absent"]) == values
        assert all(server.stored(k) for server in secured[:1] for k in values if mc.server_for(k) == server.address)

    def test_thousands_of_gets_in_flight(self, secured, tls, key, make_client, run):
        mc = make_client(cmemcache.Client, [secured[0].address], tls=tls)
        mc.set_multi({f"{key}-{i}": f"{i}" * 50 for i in range(500)})
        waiting = [mc.futures.get(f"{key}-{i % 500}") for i in range(10_000)]
        assert [f.result(10) for f in waiting] == [f"{i % 500}" * 50 for i in range(10_000)]

        async def main():
            waiting = [mc.aio.get(f"{key}-{i % 500}") for i in range(10_000)]
            assert [await w for w in waiting] == [f"{i % 500}" * 50 for i in range(10_000)]
        run(main())

    def test_many_threads(self, secured, tls, key, make_client):
        mc = make_client(cmemcache.Client, [server.address for server in secured], tls=tls, errors="raise")

        def work(n):
            for i in range(100):
                assert mc.set(f"{key}-{n}-{i}", n * i) and mc.get(f"{key}-{n}-{i}") == n * i
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))

    def test_over_ipv6(self, memcached_factory, make_style, certificates, tls, key):
        server = memcached_factory(host="::1", secured_by=certificates / "server")
        mc = make_style([server.address], tls=tls)
        assert mc.set(key, b"v") and mc.get(key) == b"v"

    def test_by_name(self, secured, tls, key, make_client):
        mc = make_client(cmemcache.Client, [f"localhost:{secured[0].port}"], tls=tls, errors="raise")
        assert mc.set(key, b"v") and mc.get(key) == b"v"


class TestUnixSocket:
    """memcached has no TLS there; what stands before it may."""

    @pytest.fixture
    def path(self, tmp_path, certificates):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        path = tmp_path / "tls.sock"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen()

            def serve():
                with context.wrap_socket(listener.accept()[0], server_side=True) as link:
                    while link.recv(1000):
                        link.sendall(b"VALUE k 0 1\r\nv\r\nEND\r\n")
            thread = threading.Thread(target=serve)
            thread.start()
            yield path
            thread.join()

    def test_with_a_name(self, path, certificates, kind):
        tls = TlsOptions(ca_file=certificates / "ca.pem", server_name="localhost")
        with kind([f"unix:{path}"], tls=tls, protocol="text", errors="raise") as mc:
            assert mc.get("k") in (b"v", "v")

    def test_without_one(self, kind):
        with pytest.raises(ValueError, match="a unix socket has no name to check"):
            kind(["/no/socket"], tls=True)


class TestConnections:
    def test_a_server_that_was_restarted(self, make_style, memcached_factory, certificates, tls, key):
        server = memcached_factory(secured_by=certificates / "server")
        mc = make_style([server.address], tls=tls)
        assert mc.set(key, b"v")
        server.restart()
        time.sleep(0.01)
        assert mc.get(key) is None and mc.client.last_error is None
        assert mc.set(key, b"w") and mc.get(key) == b"w"

    def test_forked_children(self, make_style, secured, tls, key):
        mc = make_style([secured[0].address], tls=tls)

        def hammer(by, name):
            for i in range(50):
                assert by.set(f"{key}-{name}", f"{name}{i}".encode())
                assert by.get(f"{key}-{name}") == f"{name}{i}".encode()
        hammer(mc, "before")
        children = [in_child(lambda n=n: hammer(mc.client, f"child{n}")) for n in range(3)]
        hammer(mc, "parent")
        assert all([ended_well(pid) for pid in children])
        hammer(mc, "after")
        assert mc.client.counters()[secured[0].address]["reconnects"] == 0

    def test_forks_amid_handshakes(self, secured, tls, key, make_client):
        mc = make_client(cmemcache.Client, [secured[0].address], tls=tls, errors="raise", timeout=5)
        stop, failed = threading.Event(), []

        def connect():
            try:
                while not stop.is_set():
                    mc.disconnect_all()
                    mc.get(key)
            except BaseException as error:
                failed.append(error)
        threads = [threading.Thread(target=connect) for _ in range(3)]
        for t in threads:
            t.start()
        for _ in range(30):
            assert ended_well(in_child(lambda: mc.get(key)))
        stop.set()
        for t in threads:
            t.join()
        assert not failed

    def test_a_stream_that_stalls(self, make_style, memcached_factory, fault_proxy, certificates, tls, key):
        proxy = fault_proxy(memcached_factory(secured_by=certificates / "server"))
        mc = make_style([proxy.address], tls=tls, timeout=0.3, dead_retry=0)
        assert mc.set(key, b"v")
        proxy.fault("stall")
        start = time.monotonic()
        assert isinstance(trouble_of(mc, mc.get, key), cmemcache.ServerTimeout)
        assert 0.29 < time.monotonic() - start < 0.8
        proxy.clear()
        assert mc.get(key) == b"v"


class TestTrust:
    @pytest.mark.parametrize("certificate, options, reason", [
        ("server", {"ca_file": "stranger.pem"}, "certificate: unable to get local issuer certificate"),
        ("server", {}, "certificate: unable to get local issuer certificate"),
        ("elsewhere", {"ca_file": "ca.pem"}, "certificate: IP address mismatch"),
        ("server", {"ca_file": "ca.pem", "server_name": "other.example"}, "certificate: hostname mismatch"),
        ("expired", {"ca_file": "ca.pem"}, "certificate: certificate has expired"),
    ])
    def test_who_is_not_believed(self, memcached_factory, certificates, certificate, options, reason):
        server = memcached_factory(secured_by=certificates / certificate)
        if "ca_file" in options:
            options = {**options, "ca_file": certificates / options["ca_file"]}
        for name, make in STYLES.items():
            mc = make([server.address], tls=TlsOptions(**options))
            error = trouble_of(mc, mc.get, "k")
            assert type(error) is cmemcache.ServerDown and reason in str(error), name
            assert error.server == server.address
            mc.close()

    @pytest.mark.parametrize("certificate, options", [
        ("elsewhere", {"ca_file": "ca.pem", "server_name": "memcached.example"}),
        ("expired", {"verify": False}),
    ])
    def test_who_is(self, memcached_factory, certificates, make_client, key, certificate, options):
        server = memcached_factory(secured_by=certificates / certificate)
        if "ca_file" in options:
            options = {**options, "ca_file": certificates / options["ca_file"]}
        mc = make_client(cmemcache.Client, [server.address], tls=TlsOptions(**options), errors="raise")
        assert mc.set(key, 1) and mc.get(key) == 1

    def test_the_systems_trust(self, secured, certificates, monkeypatch, make_client):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "ca.pem"))
        assert make_client(cmemcache.Client, [secured[0].address], tls=True, errors="raise").get("absent") is None

    def test_a_client_that_shows_no_certificate(self, make_style, memcached_factory, certificates, tls):
        server = memcached_factory("-o", f"ssl_verify_mode=2,ssl_ca_cert={certificates / 'ca.pem'}",
                                   secured_by=certificates / "server")
        mc = make_style([server.address], tls=tls)
        for _ in range(2):
            error = trouble_of(mc, mc.set, "k", b"v")
            assert type(error) is cmemcache.ServerDown and "certificate required" in str(error)
        known = TlsOptions(tls.ca_file, certificates / "client.pem", certificates / "client.key")
        mc = make_style([server.address], tls=known)
        assert mc.set("k", b"v") and mc.get("k") == b"v"

    def test_plain_text(self, make_style, memcached, secured, tls):
        mc = make_style([memcached.address], tls=tls)
        error = trouble_of(mc, mc.get, "k")
        assert type(error) is cmemcache.ServerDown and "does the server speak TLS?" in str(error)
        mc = make_style([secured[0].address], timeout=2)
        assert type(trouble_of(mc, mc.get, "k")) is cmemcache.ServerDown


class TestOptions:
    def test_are_values(self, certificates):
        ours = TlsOptions(certificates / "ca.pem", server_name="n")
        assert ours == TlsOptions(ca_file=str(certificates / "ca.pem"), server_name="n") != TlsOptions()
        assert ours.ca_file == str(certificates / "ca.pem") and ours.cert_file is None and ours.verify is True
        with pytest.raises(AttributeError):
            ours.verify = False

    @pytest.mark.parametrize("option", ["ca_file", "cert_file"])
    def test_a_file_that_is_no_good_is_named(self, kind, tmp_path, option):
        file = tmp_path / "file"
        with pytest.raises(ValueError, match=f"{option} '{file}': No such file or directory"):
            kind([], tls=TlsOptions(**{option: file}))
        file.write_text("nothing")
        with pytest.raises(ValueError, match=f"{option} '{file}': TLS: no "):
            kind([], tls=TlsOptions(**{option: file}))

    def test_a_key_of_another_certificate(self, kind, certificates):
        with pytest.raises(ValueError, match="client.key': TLS: key values mismatch"):
            kind([], tls=TlsOptions(cert_file=certificates / "server.pem", key_file=certificates / "client.key"))

    @pytest.mark.parametrize("tls", [1, "yes", {"verify": False}])
    def test_of_another_type(self, kind, tls):
        with pytest.raises(TypeError, match="tls must be True or a TlsOptions"):
            kind([], tls=tls)
        with pytest.raises(TypeError):
            TlsOptions(ca_file=1)

    @pytest.mark.parametrize("tls", [None, False])
    def test_none(self, kind, memcached, make_client, tls):
        assert make_client(kind, [memcached.address], tls=tls, errors="raise").get("absent") is None
