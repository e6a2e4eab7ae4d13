"""Futures, some of them cancelled."""

import queue
import random
import threading
import time

import cmemcache
import verbs
from lanes import Cancelled, Lane, step


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
        done = queue.Queue()  # a SimpleQueue's get() waits for ever where its timeout passes at the wrong moment
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
                except queue.Empty:
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
