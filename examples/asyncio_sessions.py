"""A session store for asyncio: python3 asyncio_sessions.py [host:port]

Many tasks load, change and save the same few sessions at once, as the requests of a web server do.
"""

import asyncio
import sys

import cmemcache

LIFETIME = 1800  # seconds


class Sessions:
    """Sessions are dicts. With the cache away people are strangers for a while; nothing worse happens."""

    def __init__(self, mc):
        self.mc = mc

    async def load(self, name):
        try:
            return await self.mc.get(f"session:{name}", {})
        except cmemcache.Error as trouble:
            print(f"{name} is a stranger now: {type(trouble).__name__}")
            return {}

    async def change(self, name, change):
        """Calls change(session) and saves the session; once more when somebody else has saved it in between."""
        key = f"session:{name}"
        while True:
            session, token = await self.mc.get_with_cas(key)
            if token is None:
                changed = change({})
                saved = await self.mc.add(key, changed, time=LIFETIME)
            else:
                changed = change(session)
                saved = await self.mc.cas(key, changed, time=LIFETIME, cas=token)
            if saved:
                return changed


def one_more_page(session):
    return {**session, "pages": session.get("pages", 0) + 1}


async def main(address):
    # One client for the whole program, and one connection: what the tasks call at the same time is sent together.
    async with cmemcache.AsyncClient([address], timeout=1) as mc:
        sessions = Sessions(mc)
        names = ["ada", "grace", "edsger"]
        async with asyncio.TaskGroup() as requests:
            for n in range(90):
                requests.create_task(sessions.change(names[n % 3], one_more_page))
        for name in names:
            print(name, await sessions.load(name))

        # Less patient than the client's own deadline. What is cancelled so leaves the connection as good as it was.
        async with asyncio.timeout(0.5):
            print("all at once:", len(await mc.get_multi(names, key_prefix="session:")))
        await mc.delete_multi(names, key_prefix="session:")

    async with cmemcache.AsyncClient(["127.0.0.1:1"]) as nobody:
        await Sessions(nobody).load("ada")


asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:11211"))
