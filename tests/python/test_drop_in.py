"""A program written for python-memcached says the same with ours in its place."""

import os
import pathlib
import subprocess
import sys

import cmemcache
import pytest

from support.memcached_server import MemcachedServer

_PROGRAM = pathlib.Path(__file__).resolve().parents[1] / "support" / "drop_in.py"
_PACKAGE = pathlib.Path(cmemcache.__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """{module: {part: what it said}}"""
    socket = tmp_path_factory.mktemp("drop_in") / "socket"
    with MemcachedServer() as first, MemcachedServer() as second, MemcachedServer(unix_socket=socket):
        def run(module):
            done = subprocess.run([sys.executable, str(_PROGRAM), module, first.address, second.address, str(socket)],
                                  capture_output=True, text=True, timeout=60,
                                  env={**os.environ, "PYTHONPATH": str(_PACKAGE), "PYTHONDONTWRITEBYTECODE": "1"})
            assert (done.returncode, done.stderr) == (0, "")
            return dict(part.split("\n", 1) for part in done.stdout.split("# ")[1:])

        yield {module: run(module) for module in ("memcache", "cmemcache")}


@pytest.mark.parametrize("part", [
    "every_kind_of_value", "storing", "counting", "many_at_once", "compare_and_swap", "not_waiting", "servers_of_all_kinds",
    "placed_by_the_caller", "bad_keys", "about_the_servers", "trouble", "in_threads", "a_class_of_their_own"])
def test_says_the_same(said, part):
    assert said["cmemcache"][part] == said["memcache"][part] != ""


def test_all_parts_are_compared(said):
    assert set(said["memcache"]) == set(said["cmemcache"]) and len(said["memcache"]) == 13
