"""The end of the interpreter: threads of ours end before it does."""

import atexit
import weakref

from . import _cmemcache

_clients: "weakref.WeakValueDictionary[int, object]" = weakref.WeakValueDictionary()  # by id: those that may have a thread


def watch(client):
    """``client`` may have a thread from now on."""
    _clients[id(client)] = client


def _end_threads():
    _cmemcache.refuse_new_threads()
    for client in list(_clients.values()):
        _cmemcache.close_futures(client)


atexit.register(_end_threads)
