"""Tasks on an asyncio loop, some of whose calls are cancelled."""

import asyncio
import random
import time

import cmemcache
import tally as tallies
import verbs
from lanes import Cancelled, Lane


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
