"""The work of a call does not grow unseen: user instructions, allocations, system calls of a StringClient's.

A change that needs more raises the bound here, and says why. The instructions are those of Debian 12's Python and compiler.
"""

import concurrent.futures
import os
import pathlib
import platform
import shutil
import sys

import pytest

import cmemcache

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "bench"))
import work  # noqa: E402

BOUNDS = {  # instructions, allocations, send, recv
    "get": (4_800, 0, 1, 1),
    "set": (4_480, 0, 1, 1),
    "get_multi": (146_000, 9, 2, 3),
    "set_multi": (86_500, 6, 2, 2),
}
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(pathlib.Path(cmemcache.__file__).resolve().parents[1]), "PYTHONHASHSEED": "0"}

pytestmark = pytest.mark.skipif(not (shutil.which("valgrind") and shutil.which("strace")),
                                reason="valgrind and strace are not installed")


def each(measure, server, cases=BOUNDS):
    """case -> figure, measured two at a time."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return dict(zip(cases, pool.map(lambda case: measure(server.address, case, ENVIRONMENT, calls=100), cases)))


@pytest.mark.skipif(platform.machine() != "x86_64" or sys.version_info[:2] != (3, 11), reason="counted elsewhere")
def test_instructions(memcached):
    for case, counted in each(work.instructions, memcached).items():
        assert counted <= BOUNDS[case][0], case
        assert counted > BOUNDS[case][0] / 10, f"{case}: nothing was counted"


def test_allocations(memcached):
    for case, counted in each(work.allocations, memcached, ["get", "set_multi"]).items():
        assert counted <= BOUNDS[case][1] + 0.1, case


def test_system_calls(memcached):
    for case, counted in each(work.system_calls, memcached).items():
        sent, received = (sum(n for name, n in counted.items() if name.startswith(kind)) for kind in ("send", "recv"))
        assert 0.9 < sent <= BOUNDS[case][2] + 0.1, (case, counted)
        # Under strace a call takes so long that the next one first looks at the connection, which has rested.
        assert 0.9 < received <= BOUNDS[case][3] + 1.1, (case, counted)
        assert not set(counted) - {"sendto", "sendmsg", "recvfrom", "recvmsg", "poll", "futex"}, (case, counted)
