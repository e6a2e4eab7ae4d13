"""The styles: how a lane calls its client, and what is known when the call is over."""

import asyncio
import os
import random
import signal
import threading
import time

import cmemcache
import tally as tallies
import verbs

MANY = {"get_multi", "set_multi", "delete_multi"}
SERVERS = {"version", "get_stats"}


class Cancelled(Exception):
    pass


class Alarm(Exception):
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


class BlockingStyle:
    """One client for seven threads and the main thread, whose calls are interrupted by a signal's handler that raises."""

    name = "py-blocking"

    def __init__(self, **parts):
        self.__dict__.update(parts)
        self.local = threading.local()
        self.client = cmemcache.Client(self.state.servers, errors="miss", on_error=self.on_error, **self.options)
        self.clients = [self.client]
        self.errors_seen = 0
        self.forks = 0

    def on_error(self, error):
        self.errors_seen += 1
        self.local.errors.append(error)

    def run(self):
        def alarm(number, frame):
            if self.in_call:
                raise Alarm

        self.in_call = False
        signal.signal(signal.SIGALRM, alarm)
        lanes = [BlockingLane(n, self) for n in range(8)]
        threads = [threading.Thread(target=self.play, args=(lane,)) for lane in lanes[1:]]
        for thread in threads:
            thread.start()
        self.play(lanes[0], interrupted=True)
        for thread in threads:
            thread.join()

    def play(self, lane, interrupted=False):
        lane.interrupted = interrupted
        while not self.state.stopping:
            lane.idle = self.state.paused
            if not lane.idle:
                try:
                    step(lane.turn())
                except Exception as error:
                    self.tally.note("broken", f"{error!r}")
                if interrupted and self.forks:
                    self.forks -= 1
                    self.children.fork(self.child)
            time.sleep(lane.chance.expovariate(1 / (self.pace * 8)))

    def child(self, name):
        async def call(verb, *args):
            self.local.errors = []
            return getattr(self.client, verb)(*args)

        return step(verbs.survives_fork(call, name, random.Random(name)))

    def fork(self):
        self.forks += 1


class BlockingLane(Lane):
    async def carried_out(self, verb, args, kwargs):
        errors = self.style.local.errors = []
        function = getattr(self.style.client, verb)
        try:
            if self.interrupted and not self.calm and self.chance.random() < 0.3:
                result = self.interrupted_call(function, args, kwargs)
            else:
                result = function(*args, **kwargs)
        except Alarm:
            return None, Cancelled(), time.monotonic()
        except Exception as error:
            return None, error, time.monotonic()
        ended = time.monotonic()
        return result, errors[0] if errors else None, ended

    def interrupted_call(self, function, args, kwargs):
        try:
            self.style.in_call = True
            signal.setitimer(signal.ITIMER_REAL, self.chance.choice([0.0001, 0.001, 0.02, 0.2]))
            result = function(*args, **kwargs)
            self.style.in_call = False
            return result
        finally:
            self.style.in_call = False
            signal.setitimer(signal.ITIMER_REAL, 0)


def step(coroutine):
    """Runs a coroutine that never suspends."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("a blocking call suspended")


class FuturesStyle:
    """Four threads, each with eight calls under way, of which some are cancelled."""

    name = "py-futures"

    def __init__(self, **parts):
        self.__dict__.update(parts)
        self.errors_seen = 0
        self.client = cmemcache.Client(self.state.servers, **self.options)
        self.raising = self.client.futures
        self.listing = cmemcache.FutureClient(self.state.servers, errors="miss", on_error=self.on_error, **self.options)
        self.clients = [self.client, self.listing]

    def on_error(self, error):
        self.errors_seen += 1

    def run(self):
        lanes = [FutureLane(n, self) for n in range(32)]
        threads = [threading.Thread(target=self.play, args=(lanes[n::4],)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def play(self, lanes):
        done = tallies.queue.SimpleQueue()
        waiting = {lane: None for lane in lanes}
        for lane in lanes:
            lane.idle = True
        chance = lanes[0].chance
        while not self.state.stopping or not all(lane.idle for lane in lanes):
            idle = [lane for lane in lanes if lane.idle and not self.state.paused and not self.state.stopping]
            for lane in idle if chance.random() < 0.1 else idle[:1]:
                lane.idle = False
                waiting[lane] = lane.turn()
                self.resume(lane, waiting[lane], done)
            next_turn = time.monotonic() + chance.expovariate(1 / (self.pace * 4))
            while (left := next_turn - time.monotonic()) > 0:
                try:
                    lane = done.get(timeout=left)
                except tallies.queue.Empty:
                    break
                self.resume(lane, waiting[lane], done)
    def resume(self, lane, coroutine, done):
        try:
            future = coroutine.send(None)
        except StopIteration:
            lane.idle = True
        except Exception as error:
            lane.idle = True
            self.tally.note("broken", f"{error!r}")
        else:
            future.add_done_callback(lambda _: done.put(lane))
            if not lane.calm and lane.chance.random() < 0.05:
                time.sleep(lane.chance.choice([0, 0, 0.001]))
                future.cancel()

    def child(self, name):
        async def call(verb, *args):
            try:
                return getattr(self.raising, verb)(*args).result(5)
            except cmemcache.Error:
                return None

        return step(verbs.survives_fork(call, name, random.Random(name)))

    def fork(self):
        self.children.fork(self.child)


class Waited:
    """Awaiting it gives the future to whoever drives the coroutine."""

    def __init__(self, future):
        self.future = future

    def __await__(self):
        yield self.future


class FutureLane(Lane):
    async def carried_out(self, verb, args, kwargs):
        client = self.style.listing if verb == "set_multi" and self.chance.random() < 0.7 else self.style.raising
        ended = []
        future = getattr(client, verb)(*args, **kwargs)
        future.add_done_callback(lambda _: ended.append(time.monotonic()))
        await Waited(future)
        if future.cancelled():
            return None, Cancelled(), ended[0]
        error = future.exception()
        return (None, error, ended[0]) if error else (future.result(), None, ended[0])


class AioStyle:
    """Fifty tasks on one loop, whose calls are cancelled now and then."""

    name = "py-aio"

    def __init__(self, **parts):
        self.__dict__.update(parts)
        self.errors_seen = 0
        self.client = cmemcache.Client(self.state.servers, **self.options)
        self.raising = self.client.aio
        self.listing = cmemcache.AsyncClient(self.state.servers, errors="miss", on_error=self.on_error, **self.options)
        self.clients = [self.client, self.listing]
        self.loop = None

    def on_error(self, error):
        self.errors_seen += 1

    def run(self):
        asyncio.run(self.main())

    async def main(self):
        self.loop = asyncio.get_running_loop()
        overslept = asyncio.create_task(self.oversleep())
        await asyncio.gather(*(self.play(AioLane(n, self)) for n in range(50)))
        overslept.cancel()

    async def oversleep(self):
        pause = tallies.Oversleep.PAUSE
        while True:
            asked = time.monotonic()
            await asyncio.sleep(pause)
            self.tally.loop_oversleep.note(asked, time.monotonic())

    async def play(self, lane):
        while not self.state.stopping:
            lane.idle = self.state.paused
            if not lane.idle:
                try:
                    await lane.turn()
                except Exception as error:
                    self.tally.note("broken", f"{error!r}")
            await asyncio.sleep(lane.chance.expovariate(1 / (self.pace * 50)))

    def child(self, name):
        async def call(verb, *args):
            try:
                return await getattr(self.raising, verb)(*args)
            except cmemcache.Error:
                return None

        return asyncio.new_event_loop().run_until_complete(verbs.survives_fork(call, name, random.Random(name)))

    def fork(self):
        self.loop.call_soon_threadsafe(self.children.fork, self.child)


class AioLane(Lane):
    async def carried_out(self, verb, args, kwargs):
        client = self.style.listing if verb == "set_multi" and self.chance.random() < 0.7 else self.style.raising
        try:
            future = getattr(client, verb)(*args, **kwargs)
            if not self.calm and self.chance.random() < 0.05:
                self.style.loop.call_later(self.chance.choice([0, 0.0005, 0.01]), future.cancel)
            result = await future
        except asyncio.CancelledError:
            return None, Cancelled(), time.monotonic()
        except Exception as error:
            return None, error, time.monotonic()
        return result, None, time.monotonic()


class Children:
    """Forked, and waited for by the reporting thread."""

    def __init__(self, tally, writer):
        self.tally, self.writer = tally, writer
        self.pids = []
        self.serial = 0

    def fork(self, work):
        self.serial += 1
        name = f"{self.writer.name}-child{self.serial}"
        pid = os.fork()
        if pid:
            self.pids.append(pid)
            return
        code = 3
        try:
            # A child that hangs is killed by this.
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.alarm(40)
            complaint = work(name)
            if complaint:
                os.write(2, f"{name}: {complaint}\n".encode())
            code = 2 if complaint else 0
        except BaseException as error:
            os.write(2, f"{name}: {error!r}\n".encode())
        finally:
            os._exit(code)

    def reap(self):
        for pid in list(self.pids):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            self.pids.remove(pid)
            self.tally.counts["forks"] += 1
            code = os.waitstatus_to_exitcode(status)
            if code:
                self.tally.note("wrong" if code == 2 else "broken", f"a forked child ended with {code}"
                                + (", it hung" if code == -signal.SIGALRM else ""))


STYLES = {style.name: style for style in (BlockingStyle, FuturesStyle, AioStyle)}
