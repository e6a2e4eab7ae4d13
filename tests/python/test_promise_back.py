"""Back by itself: a server that comes back, moves or is exchanged is used again, and nobody has to help."""

import asyncio
import contextlib
import textwrap
import threading
import time

import pytest

import cmemcache
from support import processes
from support.calling_styles import STYLES
from support.memcached_server import free_port
from support.names import Names
from support.own_values import Mix, play, play_async, value_of, version_in

RETRY = 0.1


@contextlib.contextmanager
def all_styles(servers, **options):
    styles = {name: make(servers, **options) for name, make in STYLES.items()}
    try:
        yield styles
    finally:
        for style in styles.values():
            style.close()


def in_trouble(style):
    """A get that cannot be answered."""
    try:
        assert style.get("k") is None and not style.raises
    except cmemcache.Error:
        assert style.raises


class TestTheFirstCallAfterDeadRetry:
    """Each style once: it is dead, it is back, and the first call that may ask it is answered."""

    def rises(self, styles, address):
        time.sleep(RETRY + 0.02)
        for name, style in styles.items():
            assert style.set(name, value_of(name, 1)), name
            assert style.get(name) == value_of(name, 1), name
            assert style.client.counters()[address]["marked_dead"] == 1, name

    def test_killed_and_started_again(self, own_memcached):
        with all_styles([own_memcached.address], dead_retry=RETRY) as styles:
            assert all(style.set("k", b"v") for style in styles.values())
            own_memcached.kill()
            [in_trouble(style) for style in styles.values()]
            own_memcached.start()
            self.rises(styles, own_memcached.address)

    def test_refused_and_listening_again(self, own_memcached, fault_proxy):
        proxy = fault_proxy(own_memcached)
        with all_styles([proxy.address], dead_retry=RETRY) as styles:
            proxy.fault("refuse")
            [in_trouble(style) for style in styles.values()]
            proxy.clear()
            self.rises(styles, proxy.address)

    def test_paused_and_resumed(self, own_memcached):
        with all_styles([own_memcached.address], dead_retry=RETRY, timeout=0.2) as styles:
            assert all(style.set("k", b"v") for style in styles.values())
            own_memcached.pause()
            [in_trouble(style) for style in styles.values()]
            own_memcached.resume()
            self.rises(styles, own_memcached.address)


class TestNothingWasWrong:
    """A connection that is lost marks nothing: the next call works, and there is no error."""

    def test_killed_and_started_again_between_calls(self, own_memcached):
        with all_styles([own_memcached.address]) as styles:
            for version in range(3):
                for name, style in styles.items():
                    assert style.set(name, value_of(name, version)) and version_in(name, style.get(name)) == version
                own_memcached.restart()
            for name, style in styles.items():
                assert style.get(name) is None and style.client.last_error is None, name
                assert style.client.counters()[own_memcached.address]["marked_dead"] == 0, name

    def test_the_servers_idle_timeout(self, memcached_factory):
        server = memcached_factory("-o", "idle_timeout=1")
        with all_styles([server.address]) as styles:
            for name, style in styles.items():
                assert style.set(name, b"1")
            end = time.monotonic() + 8
            while int(server.stat("idle_kicks")) < len(styles) and time.monotonic() < end:
                time.sleep(0.1)
            assert int(server.stat("idle_kicks")) >= len(styles)
            first = [lambda s, k: s.get(k) == b"1", lambda s, k: s.incr(k) == 2,
                     lambda s, k: s.set_multi({k: b"2"}) == [], lambda s, k: s.get_multi([k]) == {k: b"1"}]
            for n, (name, style) in enumerate(styles.items()):
                assert first[n % 4](style, name), name
                assert style.client.last_error is None, name
                assert style.client.counters()[server.address]["marked_dead"] == 0, name

    @pytest.mark.parametrize("size", [10_000, 900_000])
    def test_reset_in_the_middle_of_a_value(self, own_memcached, fault_proxy, size):
        """The get that it happens to is whole or is told; the next is answered."""
        proxy = fault_proxy(own_memcached)
        with all_styles([proxy.address]) as styles:
            for name, style in styles.items():
                value = name.encode() * (size // len(name))
                assert style.set(name, value)
                for _ in range(3):
                    proxy.fault("reset")
                    with contextlib.suppress(cmemcache.Error):
                        assert style.get(name) in (None, value)
                    proxy.clear()
                    assert style.get(name) == value
                assert style.client.counters()[proxy.address]["marked_dead"] == 0, name


class TestSetServersUnderLoad:
    """Two of three healthy servers at a time: no call fails, and no value is another's."""

    def changing(self, client, servers):
        addresses = [s.address for s in servers]
        for n in range(60):
            client.set_servers(addresses[:n % 3] + addresses[n % 3 + 1:])
            time.sleep(0.01)
        client.set_servers(addresses)

    @pytest.mark.parametrize("name", [n for n in STYLES if "aio" not in n and "Async" not in n])
    def test_threads(self, three_servers, name):
        raising = {} if "." in name else {"errors": "raise"}
        style = STYLES[name]([s.address for s in three_servers], timeout=10, **raising)
        stop, failed, made = threading.Event(), [], []

        def work(number):
            calls = Mix(f"t{number}", counters=False, forgets=True)
            try:
                while not stop.is_set():
                    made.append(play(calls, style, count=10, trouble=()))
            except BaseException as error:
                failed.append(error)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
        [t.start() for t in threads]
        self.changing(style.client, three_servers)
        stop.set()
        [t.join(20) for t in threads]
        assert not failed and sum(made) > 200
        assert all(c["marked_dead"] == 0 for c in style.client.counters().values())
        style.close()

    @pytest.mark.parametrize("kind", [cmemcache.AsyncClient, cmemcache.Client, cmemcache.StringClient])
    def test_tasks(self, three_servers, make_client, kind):
        client = make_client(kind, [s.address for s in three_servers], timeout=10)
        front = getattr(client, "aio", client)

        async def main():
            mixes = [Mix(f"t{n}", counters=False, forgets=True) for n in range(20)]
            tasks = [asyncio.create_task(play_async(m, front, seconds=0.6, trouble=())) for m in mixes]
            await asyncio.to_thread(self.changing, client, three_servers)
            assert sum(await asyncio.gather(*tasks)) > 200

        asyncio.run(main())


class TestAMovedName:
    """Two memcacheds on one port of two addresses: a child whose resolver says which."""

    @pytest.fixture
    def two(self, memcached_factory):
        for _ in range(20):
            port = free_port()
            try:
                return [memcached_factory(host=host, port=port) for host in ("127.0.0.1", "127.0.0.2")]
            except RuntimeError:
                pass
        pytest.fail("no port is free on both addresses")

    def child(self, tmp_path, code, *args):
        names = Names(tmp_path / "names")
        opening = """\
            import os, sys, time
            import cmemcache
            from support.calling_styles import STYLES
            from support.names import Names
            port = sys.argv[1]
            names = Names(os.environ["CMEMCACHE_TEST_NAMES"])
            """
        processes.run(textwrap.dedent(opening) + textwrap.dedent(code), *args, environment=names.environment())

    def test_is_followed_after_resolve_interval_in_every_style(self, two, tmp_path):
        """The old server lives on; calls go on without an error meanwhile."""
        for server, name in zip(two, (b"old", b"new")):
            server.ask(b"set who 0 0 3\r\n%s\r\n" % name)
        self.child(tmp_path, """
            names.set("cache.test", "127.0.0.1")
            styles = {n: make([f"cache.test:{port}"], resolve_interval=0.3) for n, make in STYLES.items()}
            for name, style in styles.items():
                assert style.get("who") == b"old", name
            names.set("cache.test", "127.0.0.2")
            end = time.monotonic() + 4
            waiting = dict(styles)
            while waiting and time.monotonic() < end:
                for name, style in list(waiting.items()):
                    who = style.get("who")
                    assert who in (b"old", b"new"), (name, who)
                    if who == b"new":
                        del waiting[name]
                time.sleep(0.02)
            assert not waiting, f"not followed: {list(waiting)}"
            for name, style in styles.items():
                assert style.get("who") == b"new" and style.client.last_error is None, name
                style.close()
            """, str(two[0].port))

    def test_is_found_when_the_old_server_is_killed(self, two, tmp_path):
        """resolve_interval=0: only when connecting. The first call after it, already."""
        two[1].ask(b"set who 0 0 3\r\nnew\r\n")
        self.child(tmp_path, """
            import signal
            names.set("cache.test", "127.0.0.1")
            styles = {n: make([f"cache.test:{port}"], resolve_interval=0, dead_retry=0) for n, make in STYLES.items()}
            for name, style in styles.items():
                assert style.get("who") is None, name
            names.set("cache.test", "127.0.0.2")
            for name, style in styles.items():
                assert style.get("who") is None, (name, "nobody looks again while the connection lives")
            os.kill(int(sys.argv[2]), signal.SIGKILL)
            time.sleep(0.1)
            for name, style in styles.items():
                assert style.get("who") == b"new", (name, style.client.last_error)
                style.close()
            """, str(two[0].port), str(two[0].pid))
