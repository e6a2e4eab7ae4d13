"""The examples run, and say what their readers expect."""

import os
import pathlib
import re
import subprocess
import sys

import cmemcache
import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_QUICK_START = os.environ.get("CMEMCACHE_QUICK_START")
_BIN = pathlib.Path(_QUICK_START).parent if _QUICK_START else _ROOT / "build/release/bin"

built = pytest.mark.skipif(not _QUICK_START and not (_BIN / "quick_start").exists(),
                           reason="the examples are not built")


def output_of(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **kwargs)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@built
def test_quick_start_cpp(memcached):
    said = output_of(str(_BIN / "quick_start"), memcached.address).splitlines()
    assert said[:3] == ["get        hello", "get        miss", "incr       42"]
    assert said[-2].startswith("exception  127.0.0.1:1: ") and said[-1].startswith("error_code ")
    assert memcached.stored("quick:greeting") is None


@built
def test_coroutine_get(memcached):
    said = output_of(str(_BIN / "coroutine_get"), memcached.address).splitlines()
    assert said[:4] == ["get        hello", "get_multi  coroutine:a: 1", "get_multi  coroutine:b: 2",
                        "get_multi  coroutine:nothing: (miss)"]
    assert said[4].startswith("error_code ") and said[4].endswith(", unanswered")
    assert memcached.stored("coroutine:greeting") is memcached.stored("coroutine:a") is None


@built
def test_coroutine_get_without_its_server(closed_port):
    done = subprocess.run([str(_BIN / "coroutine_get"), closed_port], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("coroutine_get: ")


@built
def test_callbacks(memcached):
    said = sorted(output_of(str(_BIN / "callbacks"), memcached.address).splitlines())
    assert said[0].startswith(f"version    {memcached.address} 1.")
    assert said[1:] == ["visits     1", "visits     2"]
    assert memcached.stored("callbacks:visits") is None


def output_of_python(name, *args):
    module = pathlib.Path(cmemcache.__file__).resolve().parents[1]
    return output_of(sys.executable, str(_ROOT / "examples" / name), *args,
                     env={**os.environ, "PYTHONPATH": str(module)})


def test_quick_start_py(memcached):
    said = output_of_python("quick_start.py", memcached.address)
    for words in ("'hello'", "{'name': 'Ada', 'born': 1815}", "{'a': 1, 'b': 'two'}", "(b'\\x00\\x01', 7)",
                  "ServerDown"):
        assert words in said
    assert memcached.stored("quick:greeting") is None


def test_asyncio_sessions_py(memcached):
    said = output_of_python("asyncio_sessions.py", memcached.address).splitlines()
    assert said == ["ada {'pages': 30}", "grace {'pages': 30}", "edsger {'pages': 30}", "all at once: 3",
                    "ada is a stranger now: ServerDown"]
    assert memcached.stored("session:ada") is None


def test_fan_out_futures(memcached):
    lines = output_of_python("fan_out_futures.py", memcached.address).splitlines()
    said = dict(re.split(r"  +", line, maxsplit=1) for line in lines)
    assert said["1000 sets, stored"] == "1000" and said["1000 gets, hits"] == "500"
    assert said["the square of 30"] == "900" and said["cancelled, or done already"] == "True"
    assert said["incr of nothing, then add"] == "True" and said["delete_multi"] == "1"
    assert said["result(), server down"].startswith("ServerDown('127.0.0.1:1: get: ")
    assert said["the same, blocking: a miss"] == "None"
    assert memcached.stored("fan:0") is None
