"""The calls that the cases make of a blocking client, checked once before they are timed."""

import itertools
import threading

from . import cases

VERBS = ("get", "set", "get_multi", "rndmulti", "set_multi", "incr", "delete", "miss", "get_object", "set_object",
         "get_text", "set_text", "get_int", "set_int", "threads_get", "threads_get_multi")


def expect(holds, what):
    if not holds:
        raise AssertionError(f"{what}: not the answer that was expected")


def all_there(found, keys, value):
    """Whether a get_multi found them all. (One client's keys are objects of its own.)"""
    return len(found) == len(keys) and all(one == value for one in found.values())


def hit(get, key):
    """A get, and a look at what it brought: some clients answer trouble with a miss."""
    def call():
        if get(key) is None:
            raise AssertionError("get: a miss")
    return call


def hits(get_multi, keys):
    def call():
        if len(get_multi(keys)) != len(keys):
            raise AssertionError("get_multi: a miss")
    return call


def repeated(call):
    def calls(count):
        for _ in range(count):
            call()
    return calls


def in_threads(call):
    """`count` calls, shared out to threads that are made once: starting them is not what is measured."""
    start, end = threading.Barrier(cases.THREADS + 1), threading.Barrier(cases.THREADS + 1)
    share, trouble = [0], []

    def work():
        while True:
            start.wait()
            try:
                for _ in range(share[0]):
                    call()
            except Exception as error:
                trouble.append(error)
            end.wait()

    for _ in range(cases.THREADS):
        threading.Thread(target=work, daemon=True).start()

    def calls(count):
        share[0] = max(1, count // cases.THREADS)
        start.wait()
        end.wait()
        if trouble:
            raise trouble[0]
        return share[0] * cases.THREADS
    return calls


class Calls:
    """What the cases ask, of one client. A method makes what is timed: a function of how many calls."""

    def __init__(self, client):
        self.client = client
        self.verbs = [verb for verb in VERBS if self._can(verb)]

    def _can(self, verb):
        if verb.endswith("_object"):
            return self.client.stores_objects
        if verb.startswith("threads"):
            return hasattr(self.client, "threadsafe")
        of_client = {"rndmulti": "get_multi", "miss": "get"}.get(verb, verb.removesuffix("_text").removesuffix("_int"))
        return hasattr(self.client, of_client)

    def make(self, verb, keys, value, calls):
        return getattr(self, verb)(keys, value, calls)

    def get(self, keys, value, calls):
        self._store(keys, value)
        key, get = keys[0], self.client.get
        expect(get(key) == value, "get")
        return repeated(hit(get, key))

    def set(self, keys, value, calls):
        key, put = keys[0], self.client.set
        expect(put(key, value), "set")
        expect(self.client.get(key) == value, "get after set")

        def call():
            if not put(key, value):
                raise AssertionError("set: not stored")
        return repeated(call)

    def get_multi(self, keys, value, calls):
        self._store(keys, value)
        get_multi = self.client.get_multi
        expect(all_there(get_multi(keys), keys, value), "get_multi")
        return repeated(hits(get_multi, keys))

    def rndmulti(self, keys, value, calls):
        self._store(keys, value)
        each = [hits(self.client.get_multi, pick) for pick in cases.random_picks(keys)]
        turns = itertools.cycle(each)
        return repeated(lambda: next(turns)())

    def set_multi(self, keys, value, calls):
        mapping, set_multi = dict.fromkeys(keys, value), self.client.set_multi
        expect(not set_multi(mapping), "set_multi")
        expect(self.client.get(keys[-1]) == value, "get after set_multi")

        def call():
            if set_multi(mapping):
                raise AssertionError("set_multi: not stored")
        return repeated(call)

    def incr(self, keys, value, calls):
        key, incr = keys[0], self.client.incr
        self.client.set(key, b"0")
        expect(incr(key), "incr")

        def call():
            if not incr(key):
                raise AssertionError("incr: no number")
        return repeated(call)

    def delete(self, keys, value, calls):
        # Its slice consumes keys, which are stored first.
        self._store(keys, value)
        each, delete = iter(keys), self.client.delete

        def count_down(count):
            for _ in range(count):
                if not delete(next(each)):
                    raise AssertionError("delete: a miss")
        expect(len(keys) >= calls, "too few keys to delete")
        return count_down

    def miss(self, keys, value, calls):
        key, get = keys[0], self.client.get
        expect(get(key) is None, "a miss")

        def call():
            if get(key) is not None:
                raise AssertionError("miss: a hit")
        return repeated(call)

    def get_text(self, keys, value, calls):
        return self.get(keys, self._typed(value, str(value, "ascii")), calls)

    def set_text(self, keys, value, calls):
        return self.set(keys, self._typed(value, str(value, "ascii")), calls)

    def get_int(self, keys, value, calls):
        return self.get(keys, self._typed(b"%d" % cases.NUMBER, cases.NUMBER), calls)

    def set_int(self, keys, value, calls):
        return self.set(keys, self._typed(b"%d" % cases.NUMBER, cases.NUMBER), calls)

    def _typed(self, as_bytes, value):
        """The same bytes on the wire, for a client that knows no others."""
        return value if self.client.stores_objects else as_bytes

    def get_object(self, keys, value, calls):
        return self.get(keys, cases.OBJECT, calls)

    def set_object(self, keys, value, calls):
        return self.set(keys, cases.OBJECT, calls)

    def threads_get(self, keys, value, calls):
        self._store(keys, value)
        get, key = self.client.threadsafe().get, keys[0]
        expect(get(key) == value, "get")
        return in_threads(hit(get, key))

    def threads_get_multi(self, keys, value, calls):
        self._store(keys, value)
        get_multi = self.client.threadsafe().get_multi
        expect(all_there(get_multi(keys), keys, value), "get_multi")
        return in_threads(hits(get_multi, keys))

    def _store(self, keys, value):
        for key in keys:
            expect(self.client.set(key, value), "set")
