"""Storms of cancelled calls: 0 wrong values, and everything that was not cancelled is answered."""

import asyncio
import random

import cmemcache
from support.event_loops import loop_factory, run  # noqa: F401


class TestStorms:
    def test_random_cancels(self, run, make_client, three_servers, key):
        seed = random.randrange(2**32)
        chance = random.Random(seed)
        wrong = []

        async def main():
            client = make_client(cmemcache.AsyncClient, [s.address for s in three_servers], timeout=10)
            keys = [f"{key}-{n}" for n in range(60)]
            for k in keys:
                await client.set(k, f"{k}|0|" * chance.choice([1, 10, 2000]))

            async def one(k, n):
                what = chance.randrange(4)
                if what == 0:
                    await client.set(k, f"{k}|{n}|" * chance.choice([1, 10, 2000]))
                elif what == 1:
                    some = chance.sample(keys, 8)
                    wrong.extend((s, k) for s, v in (await client.get_multi(some)).items() if not v.startswith(s + "|"))
                else:
                    value = await client.get(k)
                    wrong.extend([(value[:50], k)] if not value.startswith(k + "|") else [])

            for n in range(40):
                tasks = [asyncio.create_task(one(chance.choice(keys), n)) for _ in range(100)]
                for _ in range(chance.randrange(4)):
                    await asyncio.sleep(chance.choice([0, 0, 0.0005]))
                for task in chance.sample(tasks, 50):
                    task.cancel()
                if n % 4 == 0:
                    await asyncio.gather(*tasks, return_exceptions=True)
            done = await asyncio.gather(*(one(k, 99) for k in keys))
            assert len(done) == len(keys)
            assert all(c["in_flight"] == 0 and c["reconnects"] == 0 for c in client.counters().values())
        run(main())
        assert not wrong, f"seed {seed}"

    def test_cancels_while_the_server_stops_and_goes_on(self, run, make_client, own_memcached, key):
        async def main():
            client = make_client(cmemcache.AsyncClient, [own_memcached.address], timeout=5)
            await client.set_multi({f"{key}{n}": n for n in range(200)})
            for _ in range(10):
                own_memcached.pause()
                calls = [client.get(f"{key}{n}") for n in range(200)]
                await asyncio.sleep(0.001)
                [call.cancel() for call in calls[::2]]
                own_memcached.resume()
                assert await asyncio.gather(*calls[1::2]) == list(range(1, 200, 2))
            assert client.counters()[own_memcached.address]["reconnects"] == 0
        run(main())
