"""Servers that are given by name, and a resolver that says what the test wants (in a child: see support/names.py)."""

import textwrap

import pytest

from support import processes
from support.names import Names


@pytest.fixture
def names(tmp_path):
    return Names(tmp_path / "names")


def run(names, server, code):
    """A child whose `port` is the server's, and whose `names` are the test's."""
    opening = """\
        import os, sys, time
        import cmemcache
        from support.calling_styles import STYLES
        from support.names import Names
        port = sys.argv[1]
        names = Names(os.environ["CMEMCACHE_TEST_NAMES"])
        """
    return processes.run(textwrap.dedent(opening) + textwrap.dedent(code),
                         server.address.rpartition(":")[2], environment=names.environment())


def test_a_server_is_found_by_its_name_in_every_style(names, own_memcached):
    run(names, own_memcached, """
        for name, make in STYLES.items():
            names.set(f"{name}.test", "127.0.0.1")
            style = make([f"{name}.test:{port}"])
            assert style.set("k", name.encode()) and style.get("k") == name.encode(), name
            assert names.lookups(f"{name}.test") == 1, name
            style.close()
        """)


def test_a_name_without_addresses_is_not_found_in_any_style(names, own_memcached):
    run(names, own_memcached, """
        names.set("nowhere.test")
        for name, make in STYLES.items():
            style = make([f"nowhere.test:{port}"])
            try:
                assert style.get("k") is None and not style.raises, name
                trouble = style.client.last_error
            except cmemcache.ServerDown as error:
                trouble = error
            assert isinstance(trouble, cmemcache.ServerDown) and "not resolve" in str(trouble), (name, trouble)
            style.close()
        """)


def test_a_slow_resolver_keeps_no_call_beyond_its_deadline_in_any_style(names, own_memcached):
    run(names, own_memcached, """
        names.set("slow.test", "127.0.0.1", delay=5)
        for name, make in STYLES.items():
            style = make([f"slow.test:{port}"], timeout=0.3, connect_timeout=4, dead_retry=0)
            for call in (lambda: style.get("k"), lambda: style.get_multi(["a", "b"])):
                start = time.monotonic()
                try:
                    call()
                except cmemcache.ServerTimeout:
                    assert style.raises, name
                else:
                    assert not style.raises, name
                took = time.monotonic() - start
                assert 0.29 < took < 2, (name, took)
            start = time.monotonic()
            style.close()
            assert time.monotonic() - start < 2, name
        """)


def test_an_address_changes_while_the_child_runs(names, own_memcached):
    run(names, own_memcached, """
        names.set("cache.test", "127.0.0.9")
        with cmemcache.StringClient([f"cache.test:{port}"], dead_retry=0) as client:
            assert not client.set("k", b"v")
            names.set("cache.test", "127.0.0.1")
            assert client.set("k", b"v")
        """)
    assert names.lookups("cache.test") >= 2
