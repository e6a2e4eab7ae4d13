"""Every verb, once for all styles: coroutines that await `lane.call(...)`, which in a blocking style never suspends.

`lane.call` returns (result, error): the error that says why, or None. A call that was cancelled has an error, too.
"""

import itertools

import promises

KEYS = [f"soak:shared:{n}" for n in range(200)]


class Player:
    """One lane's verbs, and its own keys: a counter, a value that is only appended to, and those of its bulk stores."""

    VERBS = {"get": 30, "gets_cas": 6, "get_multi": 8, "set": 14, "add": 3, "replace": 3, "patch": 6, "set_multi": 4,
             "delete": 3, "delete_multi": 2, "incr": 6, "decr": 2, "touch": 3, "gat": 3, "version": 1, "stats": 1}

    def __init__(self, lane, number, chance):
        self.lane, self.chance = lane, chance
        self.writer, self.tally = lane.writer, lane.tally
        self.counter = f"soak:count:{self.writer.name}:{number}"
        self.patched = f"soak:patch:{self.writer.name}:{number}"
        self.bulk = f"soak:bulk:{self.writer.name}:{number}"
        self.incrs = self.patches = 0
        self._serial = itertools.count()
        self._names = list(self.VERBS)
        self._weights = list(self.VERBS.values())

    async def play(self):
        name = self.chance.choices(self._names, self._weights)[0]
        # A client that is used for little else shall ask every server soon.
        if self.lane.state.coming_back and self.chance.random() < 0.15:
            return await self.store_many(self.fresh(30, 100))
        await getattr(self, "play_" + name)()

    def wrong(self, complaint, what):
        if complaint:
            self.tally.note("wrong", f"{what} {complaint}")

    def looked_at(self, key, value, what):
        if value is not None:
            self.wrong(self.writer.complaint(key, value), what)

    def key(self):
        return self.chance.choice(KEYS)

    def value(self, key):
        return self.writer.value(key, promises.size(self.chance), self.chance)

    async def play_get(self):
        key = self.key()
        value, _ = await self.lane.call("get", key)
        self.looked_at(key, value, "get")

    async def play_gets_cas(self):
        key = self.key()
        got, error = await self.lane.call("get_with_cas", key)
        if not error and got[0] is not None:
            self.looked_at(key, got[0], "get_with_cas")
            await self.lane.call("cas", key, self.value(key), cas=got[1])

    async def play_get_multi(self):
        keys = self.chance.sample(KEYS, self.chance.choice([1, 3, 10, 50]))
        got, error = await self.lane.call("get_multi", keys)
        for key, value in (got or {}).items():
            self.wrong("" if key in keys else f"{key}: not asked for", "get_multi")
            self.looked_at(key, value, "get_multi")

    async def play_set(self):
        key = self.key()
        await self.lane.call("set", key, self.value(key))

    async def play_add(self):
        key = self.key()
        await self.lane.call("add", key, self.value(key))

    async def play_replace(self):
        key = self.key()
        await self.lane.call("replace", key, self.value(key))

    async def play_patch(self):
        value, error = await self.lane.call("get", self.patched)
        if value is not None:
            self.wrong(promises.patches_complaint(self.patched, value, self.patches), "patches")
        if not error and (value is None or len(value) > 3000):
            await self.lane.call("set", self.patched, b"")
            return
        for _ in range(self.chance.randint(1, 4)):
            self.patches += 1
            await self.lane.call(self.chance.choice(["append", "prepend"]), self.patched,
                                 f"{self.patched}#{self.patches};".encode())

    async def play_set_multi(self):
        pairs = self.fresh(self.chance.choice([1, 5, 30]), self.chance.choice([10, 100, 2000]))
        await self.store_many(pairs)

    def fresh(self, count, length):
        keys = [f"{self.bulk}:{next(self._serial)}" for _ in range(count)]
        return {k: self.writer.value(k, self.chance.randint(0, length), self.chance) for k in keys}

    async def store_many(self, pairs):
        """Stores under keys that nobody else ever writes. What is not listed must be on a server; the call that lists
        some must say why."""
        epoch, errors = self.lane.verifier.epoch, self.lane.errors_so_far()
        failed, error = await self.lane.call("set_multi", pairs, time=120)
        if failed is None:  # raised, or cancelled: which of them were stored it does not say
            return None
        if failed and not error and self.lane.errors_so_far() == errors:
            self.tally.note("lost", f"set_multi lists {len(failed)} keys, and nothing says why")
        unknown = set(failed) - set(pairs)
        self.wrong(f"{unknown}: not asked for" if unknown else "", "set_multi lists")
        stored = {k: v for k, v in pairs.items() if k not in failed}
        self.lane.verifier.claim(epoch, stored)
        return failed

    async def play_delete(self):
        await self.lane.call("delete", self.key())

    async def play_delete_multi(self):
        await self.lane.call("delete_multi", self.chance.sample(KEYS, 5))

    async def play_incr(self):
        self.incrs += 1
        number, error = await self.lane.call("incr", self.counter)
        if number is None and not error:
            await self.lane.call("add", self.counter, 0)
        elif number is not None and not 0 < number <= self.incrs:
            self.wrong(f"{self.counter}: {number} after {self.incrs} calls", "incr")

    async def play_decr(self):
        number, _ = await self.lane.call("decr", self.counter)
        if number is not None and not 0 <= number <= self.incrs:
            self.wrong(f"{self.counter}: {number} after {self.incrs} calls", "decr")

    async def play_touch(self):
        await self.lane.call("touch", self.key(), 300)

    async def play_gat(self):
        key = self.key()
        value, _ = await self.lane.call("gat", key, 300)
        self.looked_at(key, value, "gat")

    async def play_version(self):
        await self.lane.call("version")

    async def play_stats(self):
        await self.lane.call("get_stats")

    async def check(self):
        """All is well, and has been for a while: what is stored must be there, by the next call and behind its back."""
        key = f"{self.bulk}:{next(self._serial)}"
        value, epoch = self.value(key), self.lane.verifier.epoch
        stored, error = await self.lane.call("set", key, value, time=120)
        got, error = (await self.lane.call("get", key)) if stored else (None, error)
        if not stored or got != value:
            self.tally.note("lost", f"{key}: set {stored}, then read {got and got[:60]}: {error}")
        self.lane.verifier.claim(epoch, {key: value}, self.lane.home(key))
        pairs = self.fresh(20, 500)
        if failed := await self.store_many(pairs):
            self.tally.note("lost", f"set_multi among healthy servers: {len(failed)} failed")
        got, error = await self.lane.call("get_multi", list(pairs))
        if got != pairs:
            self.tally.note("lost", f"get_multi after set_multi: {len(got or ())} of {len(pairs)}: {error}")
        self.tally.counts["checked"] += 1


async def survives_fork(client_call, name, chance):
    """What a forked child does with the client it inherited. Failures may happen; the values must be right."""
    writer = promises.Writer(name)
    for n in range(20):
        key = f"soak:child:{name}:{n % 5}"
        await client_call("set", key, writer.value(key, promises.size(chance), chance), 60)
        for got in (key, chance.choice(KEYS)):
            value = await client_call("get", got)
            if value is not None and (complaint := writer.complaint(got, value)):
                return complaint
    return ""
