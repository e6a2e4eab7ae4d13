"""Blocking calls from threads, some of them interrupted."""

import random
import signal
import threading
import time

import cmemcache
import verbs
from lanes import Cancelled, Lane, step


class Alarm(Exception):
    pass


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
