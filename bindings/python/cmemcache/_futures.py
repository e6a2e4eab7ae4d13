"""Calls that return a ``concurrent.futures.Future``. The verbs are C++; here is what is called seldom."""

import concurrent.futures
import threading
from concurrent.futures._base import CANCELLED, CANCELLED_AND_NOTIFIED, FINISHED, PENDING

from . import _cmemcache, _exit, _slabs
from ._fronts import Front


class _MadeWhenLookedAt:
    """An attribute of a Future that others than its caller may want.

    Most futures are only ever asked for their results when these are there, and a condition costs more than all the rest of
    one. Whoever waits, adds a callback or cancels looks at it first, and marks the future by that: one that is not marked
    is settled without it, which the GIL keeps apart.
    """

    def __init__(self, make):
        self._make = make

    def __set_name__(self, owner, name):
        self._name = name

    def __get__(self, future, owner=None):
        if future is None:
            return self
        future._looked_at = True  # first: from here on it is settled under the condition
        return future.__dict__.setdefault(self._name, self._make())


class Future(concurrent.futures.Future):
    """What a FutureClient's calls return: a ``concurrent.futures.Future`` like any other.

    It works with ``wait()``, ``as_completed()``, ``add_done_callback()``, ``asyncio.wrap_future()``. It is pending until it is
    done, so that ``cancel()`` succeeds at any time before: a call that was not sent yet is taken back, and the reply to
    one that was is swallowed when it comes. Callbacks are run by the client's own thread; one that waits there for another
    future of the same client waits in vain.
    """

    _state, _result, _exception = PENDING, None, None
    _looked_at = False
    _condition = _MadeWhenLookedAt(threading.Condition)
    _waiters = _MadeWhenLookedAt(list)
    _done_callbacks = _MadeWhenLookedAt(list)
    _call = None  # what _cmemcache.withdraw() wants
    _source = None  # the future that this one is made of

    __init__ = object.__init__  # all of it is above

    def result(self, timeout=None):
        if self._state == FINISHED and self._exception is None:
            return self._result
        return super().result(timeout)

    def done(self):
        return self._state in (FINISHED, CANCELLED, CANCELLED_AND_NOTIFIED)

    def cancel(self):
        """Takes the call back. True unless it is done; a store that was sent may happen all the same."""
        try:
            return super().cancel()
        finally:  # also when Ctrl-C comes during a callback
            self._take_back()

    def _take_back(self):
        with self._condition:
            if self._state != CANCELLED:  # done, or taken back before
                return
            self.set_running_or_notify_cancel()  # those who wait()
        source = self._source
        if source is not None:
            source.cancel()
        elif self._call is not None:
            _cmemcache.withdraw(*self._call)


def _made_of(source, make):
    """A future of what ``make`` makes of the result of ``source``."""
    future = Future()
    future._source = source

    def copy(done):
        future._source = None  # or they would keep each other
        try:
            made = make(done.result())
        except concurrent.futures.CancelledError:
            future.cancel()
            return
        except BaseException as error:
            tell, what = future.set_exception, error
        else:
            tell, what = future.set_result, made
        try:
            tell(what)
        except concurrent.futures.InvalidStateError:
            pass  # it was cancelled

    source.add_done_callback(copy)
    return future


class FutureClient(Front):
    """A client whose calls return a ``concurrent.futures.Future`` at once, for any number of threads.

    ``FutureClient(servers, **options)`` is one of its own, with the values and options of a ``Client``;
    ``client.futures`` is the same for a client that is there, with its values, servers, options and counters. Trouble raises
    from ``result()``, and so does everything else that is wrong with a call; ``errors="miss"`` is for one of its own.

    All calls share one connection a server, on a thread that is started with the first call. What is under way when the
    client is closed, or let go, fails with ``ClosedError``. A forked child has a thread and connections of its own; futures
    that were under way in its parent stay pending there.

    ::

        fc = cmemcache.FutureClient(["127.0.0.1:11211"])
        futures = {key: fc.get(key) for key in keys}
        values = {key: future.result(timeout=1) for key, future in futures.items()}

    :param servers: as for ``Client``.
    :param options: as for ``Client``, with ``errors="raise"``.
    """

    def __init__(self, servers, **options):
        self._begin(*self._client_for(servers, options))

    def _begin(self, client, raises):
        super().__init__(client, raises, Future)
        _exit.watch(client)

    def close(self):
        """Ends what is under way with ``ClosedError``, the thread and the connections.

        Waits for the thread, but for no more than two seconds: a callback that does not return keeps it longer.

        One of its own is closed for good. ``client.futures`` begins anew with the next call, unless ``client`` is closed.
        """
        if self._is_own:
            self.client.close()
        else:
            _cmemcache.close_futures(self.client)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def get_slab_stats(self):
        """A future of what ``Client.get_slab_stats()`` returns."""
        return _made_of(self.get_stats("slabs"), _slabs.of_stats_slabs)

    def get_slabs(self):
        """A future of what ``Client.get_slabs()`` returns."""
        return _made_of(self.get_stats("items"), _slabs.of_stats_items)


class StringFutureClient(FutureClient):
    """``futures`` of a ``StringClient``: bytes, and the caller's own flags."""


_cmemcache.install_futures(FutureClient, False)
_cmemcache.install_futures(StringFutureClient, True)
