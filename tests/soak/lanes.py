"""What the lanes of all styles do, and what they are told."""

import random
import time

import cmemcache
import tally as tallies
import verbs

MANY = {"get_multi", "set_multi", "delete_multi"}
SERVERS = {"version", "get_stats"}


class Cancelled(Exception):
    pass


class State:
    """What the conductor has said. Replaced, never changed, so that all threads may read it."""

    def __init__(self, servers):
        self.servers = servers  # addresses, in the order of the real servers' ports
        self.exempt = frozenset()  # indices of servers whose failures are no surprise
        self.paused = self.stopping = False
        self.checks = 0
        self.clean_since = 0.0  # when the last faults were over
        self.coming_back = False  # and whether it is still awaited that all servers answer


class Lane(tallies.Lane):
    """What the lanes of all styles do: time a call, and judge its failures."""

    def __init__(self, number, style):
        super().__init__(number)
        self.style, self.tally, self.state = style, style.tally, style.state
        self.writer, self.verifier = style.writer, style.verifier
        self.chance = random.Random(f"{style.seed} {style.name} {number}")
        self.player = verbs.Player(self, number, self.chance)
        self.calm = False
        self.checks = 0
        self.tally.lanes.append(self)

    def home(self, key):
        """The index of the server that has the key when all are well."""
        return self.state.servers.index(self.style.client.server_for(key))

    def errors_so_far(self):
        return self.style.errors_seen

    async def call(self, verb, *args, **kwargs):
        keys = [] if verb in SERVERS else list(args[0]) if verb in MANY else [args[0]]
        healthy = self.healthy(keys)
        self.began = began = time.monotonic()
        try:
            result, error, ended = await self.carried_out(verb, args, kwargs)
        finally:
            self.began = None
        self.ops += 1
        what = f"{verb} {keys[0] if len(keys) == 1 else len(keys)}"
        self.tally.timed(began, ended, what)
        if isinstance(error, Cancelled):
            self.cancelled += 1
        elif error or (verb == "set_multi" and result):
            self.failed += 1
            self.judge(verb, keys, healthy, result, error, (began, ended, f"{what}: {error!r}"))
        return result, error

    def healthy(self, keys):
        return {k: i for k in keys if (i := self.home(k)) not in self.state.exempt}

    def judge(self, verb, keys, healthy, result, error, call):
        if isinstance(error, (TypeError, ValueError)) and not isinstance(error, cmemcache.Error):
            return self.tally.note("broken", call[2])
        unharmed = self.state.exempt
        harmed = [k for k in keys if healthy.get(k, -1) >= 0 and healthy[k] not in unharmed]
        if verb == "set_multi" and result:
            harmed = [k for k in harmed if k in result]
        elif verb in MANY or verb in SERVERS:
            # Of many servers the error names the one in trouble.
            named = [i for i, s in enumerate(self.state.servers) if s == getattr(error, "server", None)]
            harmed = [k for k in harmed if healthy[k] in named] if verb in MANY else set(named) - unharmed
        if harmed:
            began, ended, what = call
            self.tally.harmed(began, ended, f"{what}, {ended - self.state.clean_since:.1f} s after the last faults")

    async def turn(self):
        """One verb, or a check where the conductor asked for one."""
        if self.checks < self.state.checks:
            self.checks = self.state.checks
            self.calm = True
            await self.player.check()
            self.calm = False
        else:
            await self.player.play()


def step(coroutine):
    """Runs a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("a blocking call suspended")
