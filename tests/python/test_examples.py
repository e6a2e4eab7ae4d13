"""The quick starts run, and say what their readers expect."""

import os
import pathlib
import subprocess
import sys

import cmemcache
import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_CPP = pathlib.Path(os.environ.get("CMEMCACHE_QUICK_START") or _ROOT / "build/release/bin/quick_start")


def output_of(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, **kwargs)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.skipif("CMEMCACHE_QUICK_START" not in os.environ and not _CPP.exists(),
                    reason="the examples are not built")
def test_quick_start_cpp(memcached):
    said = output_of(str(_CPP), memcached.address).splitlines()
    assert said[:3] == ["get        hello", "get        miss", "incr       42"]
    assert said[-2].startswith("exception  127.0.0.1:1: ") and said[-1].startswith("error_code ")
    assert memcached.stored("quick:greeting") is None


def test_quick_start_py(memcached):
    module = pathlib.Path(cmemcache.__file__).resolve().parents[1]
    said = output_of(sys.executable, str(_ROOT / "examples/quick_start.py"), memcached.address,
                     env={**os.environ, "PYTHONPATH": str(module)})
    for words in ("'hello'", "{'name': 'Ada', 'born': 1815}", "{'a': 1, 'b': 'two'}", "(b'\\x00\\x01', 7)",
                  "ServerDown"):
        assert words in said
    assert memcached.stored("quick:greeting") is None
