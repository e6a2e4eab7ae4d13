"""tools/growth: a tiny run of it, and what becomes of the figures."""

import contextlib
import json
import pathlib
import re
import socket
import subprocess

import pytest

from bench import growth_tables
from bench.growth import CURVES
from bench.growth_ground import Ground, thousand_servers

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_BUILT = _ROOT / "build/release/tests/bench/cmemcache_bench_growth"

built = pytest.mark.skipif(not _BUILT.exists(), reason="the release build is not there")


def grow(*words):
    return subprocess.run(["/usr/bin/python3", _ROOT / "tools/growth", *words], capture_output=True, text=True, timeout=120)


def tiny(tmp_path, curve, contenders, most):
    """(What it printed, the figures) of a run with one round of one curve."""
    told = tmp_path / "told.json"
    done = grow("--quick", "--only", curve, "--contenders", contenders, "--most", str(most), "--json", told)
    assert done.returncode == 0, done.stderr
    return done.stdout, json.loads(told.read_text())


# A run.

@built
@pytest.mark.parametrize("curve, contenders, most, points", [
    ("servers", "C++blocking,StringClient,AsyncClient", 3, [1, 3]), ("keys", "C++async,AsyncClient", 100, [1, 10, 100]),
    ("in_flight", "C++async,FutureClient,AsyncClient", 10, [10]), ("threads", "C++blocking,StringClient/64", 2, [1, 2]),
    ("placement", "modulo,ketama", 10, [1, 10])])
def test_a_tiny_run_has_every_point(tmp_path, curve, contenders, most, points):
    printed, told = tiny(tmp_path, curve, contenders, most)
    assert told["about"]["absent"] == {} and list(told["curves"]) == [curve]
    verbs = told["curves"][curve]
    assert list(verbs) == list(CURVES[curve].verbs)
    for verb, of_verb in verbs.items():
        assert list(of_verb) == contenders.split(",")
        for figures in of_verb.values():
            assert list(figures) == [str(point) for point in points]
            assert all(f["us"] > 0 and f["client_us"] > 0 and f["units"] > 0 for f in figures.values())
        table = printed.partition(f"**{growth_tables.title_of(CURVES[curve].verbs[verb])}**: ")[2].split("\n\n")[1]
        assert len(re.findall(rf"^\| [^|]+ \|(?: [^|]+ \|){{{len(points)}}}$", table, re.M)) == 2 + len(of_verb)


@built
def test_a_connection_to_each_server_is_counted_and_its_memory_seen(tmp_path):
    _, told = tiny(tmp_path, "servers", "C++blocking,C++async", 10)
    for figures in told["curves"]["servers"]["fan_out"].values():
        assert {point: f["connections"] for point, f in figures.items()} == {"1": 1, "3": 3, "10": 10}
        assert 10_000 < figures["10"]["memory"] < 100_000


@built
def test_each_thread_has_a_connection_up_to_the_bound(tmp_path):
    _, told = tiny(tmp_path, "threads", "C++blocking,C++blocking/64", 16)
    for of_verb in told["curves"]["threads"].values():
        assert 1 < of_verb["C++blocking"]["16"]["connections"] <= 8 < of_verb["C++blocking/64"]["16"]["connections"] <= 16


def test_idle_connections_are_measured(tmp_path):
    _, told = tiny(tmp_path, "idle", "connected", 1000)
    figures = told["curves"]["idle"]["server"]["connected"]
    assert 100 < figures["1000"]["memory"] < 20_000


@built
def test_who_is_not_installed_is_skipped_and_named(tmp_path):
    (tmp_path / "emcache.py").write_text("raise ImportError('not on this machine')\n")
    done = grow("--quick", "--only", "in_flight", "--contenders", "C++async,emcache", "--most", "10", "--peers", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "emcache: skipped: not on this machine\n" in done.stdout
    assert "| C++async |" in done.stdout and "| emcache |" not in done.stdout


@built
def test_who_answers_wrongly_has_no_figure_and_is_named(tmp_path):
    (tmp_path / "pylibmc.py").write_text("""
class Client:
    def __init__(self, *args, **kwargs): pass
    def get_multi(self, keys): return {} if len(keys) > 1 else {keys[0]: b'x'}
    def set_multi(self, mapping): return []
ThreadMappedPool = Client
""")
    done = grow("--quick", "--only", "keys", "--contenders", "C++blocking,pylibmc", "--most", "10", "--peers", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "pylibmc, get_multi, 10 keys: left out: AssertionError: get_multi" in done.stdout
    assert re.search(r"^\| pylibmc \| [0-9.]+ \([0-9.]+\) \|  \|$", done.stdout, re.M)


@pytest.mark.parametrize("words, complaint", [
    (["--only", "keyss"], "no such curve: keyss"), (["--contenders", "StringClient,nobody"], "no such contender: nobody"),
    (["--rounds", "0"], "at least 1"), (["--most", "0"], "at least 1"), (["--peers", "/no/such/folder"], "is no folder"),
    (["--into", "/no/such/page"], "is no file")])
def test_misuse(words, complaint):
    done = grow(*words)
    assert done.returncode == 2 and complaint in done.stderr and done.stdout == ""


# Its parts.

def test_one_memcached_is_many_servers():
    with contextlib.ExitStack() as stack:
        servers, addresses = thousand_servers(stack, 30)
        ground = stack.enter_context(Ground(servers, addresses, ["k"]))
        assert len(servers) == 1 and len(set(addresses)) == 30
        links = []
        for address in addresses:
            host, port = address.split(":")
            links.append(stack.enter_context(socket.create_connection((host, int(port)), timeout=5)))
            links[-1].sendall(b"get k\r\n")
            assert links[-1].recv(200).startswith(b"VALUE k 0 100\r\n")
        assert ground.connections() == len(links)


def test_a_table_has_a_row_for_each_and_a_gap_for_what_is_missing():
    def figures(us):
        return {"us": us, "client_us": us / 2, "memory": 20_480}
    told = {"get_multi": {"StringClient": {1: figures(17.26), 1000: figures(0.4)}, "pylibmc": {1: figures(1234.4)}}}
    text = "\n".join(growth_tables.lines("keys", told))
    assert "| keys | 1 | 1,000 |" in text
    assert "| StringClient | 17.3 (8.63) | 0.4 (0.2) |" in text and "| pylibmc | 1,234 (617) |  |" in text
    assert "| StringClient | 20 KB | 20 KB |" in text


def test_new_tables_take_the_place_of_old_ones():
    told = {"pinned": {"libmc": {8: {"us": 20, "client_us": 12, "server_us": 8, "connections": 4}}}}
    page = "one\n<!-- growth: threads -->\nold\n<!-- end -->\ntwo\n<!-- growth: keys -->\nkept\n<!-- end -->\n"
    page = growth_tables.put_into(page, {"threads": told})
    assert "old" not in page and page.count("| libmc | 50 (4) |") == 1
    assert page.startswith("one\n<!-- growth: threads -->\n")
    assert page.endswith("\n<!-- end -->\ntwo\n<!-- growth: keys -->\nkept\n<!-- end -->\n")
    assert growth_tables.put_into(page, {"threads": told}) == page
