"""Event loops for the tests of asyncio: each test runs under the default one, and under uvloop where that is installed.

    from support.event_loops import loop_factory, run  # noqa: F401

    def test_something(run):
        async def main():
            ...
        run(main())
"""

import asyncio
import collections
import os

import pytest

try:
    import uvloop
except ImportError:
    uvloop = None

FACTORIES = [
    pytest.param(asyncio.new_event_loop, id="asyncio"),
    pytest.param(uvloop and uvloop.new_event_loop, id="uvloop",
                 marks=pytest.mark.skipif(uvloop is None, reason="uvloop is not installed")),
]


@pytest.fixture(params=FACTORIES)
def loop_factory(request):
    """Makes event loops, of each kind in turn."""
    return request.param


@pytest.fixture
def run(loop_factory):
    """asyncio.run(), on a loop of its own; a callback or a task that failed unseen fails the test."""
    complaints = []

    def run(coroutine):
        async def watched():
            asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
            return await coroutine

        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(watched())

    yield run
    assert not complaints


def descriptors():
    """What this process has open, by kind: "socket", "anon_inode", ..."""
    kinds = collections.Counter()
    for name in os.listdir("/proc/self/fd"):
        try:
            kinds[os.readlink(f"/proc/self/fd/{name}").partition(":")[0]] += 1
        except FileNotFoundError:
            pass  # the one that listed them
    return kinds


def sockets():
    return descriptors()["socket"]
