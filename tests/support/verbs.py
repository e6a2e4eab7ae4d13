"""Every verb about keys, for tests that hold all of them to one rule."""

from typing import Any, Callable, NamedTuple


class Verb(NamedTuple):
    name: str
    call: Callable[[Any, Any], Any]      # (client, key) -> result
    in_trouble: Callable[[Any], Any]     # key -> the result with errors="miss" where no server can be asked

    def __repr__(self):
        return self.name


def _always(result):
    return lambda key: result


SINGLE = [
    Verb("get", lambda c, k: c.get(k), _always(None)),
    Verb("gets", lambda c, k: c.gets(k), _always(None)),
    Verb("get_with_cas", lambda c, k: c.get_with_cas(k), _always((None, None))),
    Verb("getflags", lambda c, k: c.getflags(k), _always(None)),
    Verb("gat", lambda c, k: c.gat(k, 60), _always(None)),
    Verb("touch", lambda c, k: c.touch(k, 60), _always(0)),
    Verb("set", lambda c, k: c.set(k, b"v"), _always(0)),
    Verb("add", lambda c, k: c.add(k, b"v"), _always(0)),
    Verb("replace", lambda c, k: c.replace(k, b"v"), _always(0)),
    Verb("append", lambda c, k: c.append(k, b"v"), _always(0)),
    Verb("prepend", lambda c, k: c.prepend(k, b"v"), _always(0)),
    Verb("cas", lambda c, k: c.cas(k, b"v", cas=1), _always(0)),
    Verb("delete", lambda c, k: c.delete(k), _always(0)),
    Verb("incr", lambda c, k: c.incr(k), _always(None)),
    Verb("decr", lambda c, k: c.decr(k), _always(None)),
]

MULTI = [
    Verb("get_multi", lambda c, k: c.get_multi([k]), _always({})),
    Verb("get_multiflags", lambda c, k: c.get_multiflags([k]), _always({})),
    Verb("set_multi", lambda c, k: c.set_multi({k: b"v"}), lambda k: [k]),
    Verb("delete_multi", lambda c, k: c.delete_multi([k]), _always(0)),
]

ALL = SINGLE + MULTI

WHOLE_SERVER = [
    Verb("flush_all", lambda c, k: c.flush_all(), None),
    Verb("version", lambda c, k: c.version(), None),
    Verb("get_stats", lambda c, k: c.get_stats(), None),
    Verb("get_slabs", lambda c, k: c.get_slabs(), None),
    Verb("get_slab_stats", lambda c, k: c.get_slab_stats(), None),
]


def name(verb):
    """For pytest's `ids=`."""
    return verb.name
