"""Calls whose answers tell whose they are: values name their key and version, counters count in a range of their own.

A `Mix` says which call is next and checks the answer; it does not wait. One loop drives it where calls block, another
for asyncio:

    play(Mix("a"), style, seconds=0.2)
    await play_async(Mix("b"), client.aio, seconds=0.2)

A caller's keys are its own, so that it knows what may be under them: what was stored last, or what is in doubt.
"""

import random
import time

import cmemcache

TROUBLE = object()  # a call that raised, or a result that says that it failed

_RANGE = 1_000_000


def value_of(key, version):
    return f"{key}|{version}|".encode() + b"." * (version * 7919 % 500)


def version_in(key, value):
    """The version of a value of this key; fails if it is another key's, or not whole."""
    owner, version, _ = bytes(value).decode().split("|", 2)
    assert owner == key and value == value_of(key, int(version)), f"{key} has {value[:80]!r}"
    return int(version)


class _Key:
    """What one key may hold."""

    def __init__(self, name, doubtful):
        self.name, self.version, self.stored, self.doubtful = name, 0, 0, doubtful

    def next(self):
        self.version += 1
        return value_of(self.name, self.version)

    def told(self, stored):
        if stored and not self.doubtful:
            self.stored = self.version
        else:
            self.doubtful = True  # for good: what was sent before may be carried out after what is sent now

    def check(self, value):
        if value is None or value is TROUBLE:
            return
        version = version_in(self.name, value)
        assert self.stored <= version <= self.version, f"{self.name}: {version} after {self.stored}"


def _mix(name, keys=6, counters=True, forgets=False, seed=1):
    """Yields (verb, arguments...), is sent the result or TROUBLE; without end. `forgets`: a key may come to another
    server, where an older version is."""
    rng = random.Random(f"{name}{seed}")
    held = [_Key(f"{name}-{n}", doubtful=forgets) for n in range(keys)]
    number, low = f"{name}-number", rng.randrange(1, 1000) * _RANGE
    while True:
        key = rng.choice(held)
        some = rng.sample(held, 3)
        draw = rng.randrange(8 if counters else 6)
        if draw == 0:
            value = key.next()
            key.told((yield "set", key.name, value) is not TROUBLE)
        elif draw == 1:
            key.check((yield "get", key.name))
        elif draw == 2:
            got = yield "get_with_cas", key.name
            if got is not TROUBLE and got[0] is not None:
                key.check(got[0])
                value = key.next()
                # Nobody else writes it: only what is in doubt can have been in between.
                key.told((yield "cas", key.name, value, got[1]) is not TROUBLE)
        elif draw == 3:
            got = yield "get_multi", [k.name for k in some]
            for k in some if got is not TROUBLE else []:
                k.check(got.pop(k.name, None))
            assert got is TROUBLE or not got, f"nobody asked for {got}"
        elif draw == 4:
            failed = yield "set_multi", {k.name: k.next() for k in some}
            assert failed is TROUBLE or set(failed) <= {k.name for k in some}
            for k in some:
                k.told(failed is not TROUBLE and k.name not in failed)
        elif draw == 5:
            yield "delete", key.name
        elif draw == 6:
            yield "set", number, b"%d" % low
        else:
            got = yield "incr", number
            assert got in (None, TROUBLE) or low <= got < low + _RANGE, f"{number} is {got}, and begins at {low}"


class Mix:
    """One caller's calls, which may be played in several goes."""

    def __init__(self, name, **options):
        self._calls = _mix(name, **options)
        self._order = next(self._calls)

    def ask(self, front):
        """Makes the next call; its result, or what is to be awaited."""
        verb, *args = self._order
        if verb == "cas":
            return front.cas(args[0], args[1], cas=args[2])
        return getattr(front, verb)(*args)

    def tell(self, result):
        stores = self._order[0] in ("set", "cas")
        self._order = self._calls.send(TROUBLE if stores and not result else result)


def play(calls, front, seconds=60.0, count=None, trouble=cmemcache.Error):
    """Drives a Mix with calls that give the plain result; how many were made. Exceptions that are no `trouble` go on."""
    end, made = time.monotonic() + seconds, 0
    while time.monotonic() < end and made != count:
        made += 1
        try:
            result = calls.ask(front)
        except trouble:
            result = TROUBLE
        calls.tell(result)
    return made


async def play_async(calls, front, seconds=60.0, count=None, trouble=cmemcache.Error):
    """The same with awaitables."""
    end, made = time.monotonic() + seconds, 0
    while time.monotonic() < end and made != count:
        made += 1
        try:
            result = await calls.ask(front)
        except trouble:
            result = TROUBLE
        calls.tell(result)
    return made


def works_again(front, name="again", seconds=3.0):
    """Whether, before long, a store and then twenty of each succeed without a failure between. Tried more than once, for
    a machine that stands still longer than the deadline is; a wrong value fails at once."""
    keys = [f"{name}-{n}" for n in range(20)]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if _all_work(front, keys):
                return True
        except cmemcache.Error:
            pass
        time.sleep(0.002)
    return False


def _all_work(front, keys):
    right = {k: value_of(k, 1) for k in keys}
    if not all(front.set(k, right[k]) for k in keys):
        return False
    many, single = front.get_multi(keys), {k: front.get(k) for k in keys}
    for got in (many, single):
        assert all(value in (None, right[k]) for k, value in got.items()), got
    return many == single == right
