"""The types of the package: what mypy makes of programs that use it, and of the package itself."""

import os
import pathlib
import re
import subprocess
import sys

import cmemcache
import pytest

_TYPING = pathlib.Path(__file__).resolve().parents[1] / "package" / "typing"
_PACKAGE = pathlib.Path(cmemcache.__file__).resolve().parent


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """Runs a module of mypy's, and gives its exit code and what it said. Its cache serves all tests here."""
    pytest.importorskip("mypy.stubtest", reason="mypy is not installed")
    folder = tmp_path_factory.mktemp("mypy")
    environment = {**os.environ, "PYTHONPATH": str(_PACKAGE.parent), "MYPYPATH": str(_PACKAGE.parent)}

    def run(module, *options):
        done = subprocess.run([sys.executable, "-m", module, *map(str, options)], cwd=folder, env=environment,
                              capture_output=True, text=True, timeout=120)
        assert done.stderr == ""
        return done.returncode, done.stdout

    return run


def checked(mypy, program):
    return mypy("mypy", "--config-file", _TYPING / "mypy.ini", "--no-error-summary", _TYPING / program)


def test_a_right_program_is_right(mypy):
    assert checked(mypy, "right.py") == (0, "")


def test_a_right_program_runs(memcached):
    done = subprocess.run([sys.executable, _TYPING / "right.py", memcached.address], capture_output=True, text=True,
                          timeout=60, env={**os.environ, "PYTHONPATH": str(_PACKAGE.parent)})
    assert (done.returncode, done.stderr) == (0, "")


def test_each_wrong_line_is_wrong(mypy):
    lines = enumerate((_TYPING / "wrong.py").read_text().splitlines(), 1)
    expected = {number: found[1] for number, line in lines if (found := re.search(r"  # ([a-z-]+)$", line))}
    code, said = checked(mypy, "wrong.py")
    assert code == 1 and len(expected) > 30
    assert {int(n): kind for n, kind in re.findall(r"wrong\.py:(\d+): error: .*\[([a-z-]+)\]$", said, re.M)} == expected


def test_stubs_say_what_is_there(mypy):
    code, said = mypy("mypy.stubtest", "cmemcache", "--concise", "--mypy-config-file", _TYPING / "mypy.ini",
                      "--allowlist", _TYPING / "allowlist.txt")
    assert (code, said) == (0, "")
