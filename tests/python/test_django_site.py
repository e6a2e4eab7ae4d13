"""A Django site: its sessions, in the cache and with a database behind it, and views that use the cache."""

import asyncio
import importlib

import pytest

pytest.importorskip("django")

import django  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import AsyncClient, Client, override_settings  # noqa: E402
from django.urls import path  # noqa: E402

from support.django_cache import settings_for  # noqa: E402
from support.memcached_server import MemcachedServer  # noqa: E402


def visit(request):
    request.session["visits"] = request.session.get("visits", 0) + 1
    return HttpResponse(str(request.session["visits"]))


async def awaited(request):
    name, value = f"view-{request.GET['n']}", int(request.GET["n"])
    await cache.aset(name, value)
    return HttpResponse(str(await cache.aincr(name) + (await cache.aget(name))))


urlpatterns = [path("", visit), path("awaited", awaited)]


@pytest.fixture(scope="module")
def server():
    """What the cache of this process's Django settings is in."""
    with MemcachedServer() as server:
        settings.configure(
            CACHES={"default": settings_for(server.address, {"dead_retry": 0})},
            SESSION_ENGINE="django.contrib.sessions.backends.cache",
            DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
            INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.sessions"],
            SECRET_KEY="of no account",
            MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
            ROOT_URLCONF=__name__,
        )
        django.setup()
        call_command("migrate", verbosity=0)
        yield server


@pytest.fixture(params=["cache", "cached_db"])
def store(request, server):
    """The class of each kind of session."""
    if not server.running:
        server.start()
    return importlib.import_module(f"django.contrib.sessions.backends.{request.param}").SessionStore


def saved(store, **values):
    session = store()
    session.update(values)
    session.save()
    return session.session_key


def test_from_request_to_request(store):
    with override_settings(SESSION_ENGINE=store.__module__):
        visitor, other = Client(), Client()
        assert [visitor.get("/").content for _ in range(3)] == [b"1", b"2", b"3"]
        assert other.get("/").content == b"1"


def test_what_was_saved_is_loaded(store):
    key = saved(store, name="Ada é", cart=[1, 2])
    again = store(key)
    assert again["name"] == "Ada é" and again["cart"] == [1, 2]
    assert again.exists(key)


def test_it_is_in_memcached(store, server):
    key = saved(store, a=1)
    assert server.stored(f":1:{store().cache_key_prefix}{key}") is not None


def test_deleted_flushed_and_given_a_new_key(store):
    session = store(saved(store, a=1))
    old = session.session_key
    session.cycle_key()
    assert session.session_key != old and session["a"] == 1 and not session.exists(old)
    session.flush()
    assert session.session_key is None and session.is_empty()


def test_a_new_key_is_never_one_that_is_there(store):
    session = store()
    session.create()
    assert session.exists(session.session_key) and session.session_key != store(saved(store)).session_key


def test_too_large_for_the_cache(store):
    """The old one must not come back."""
    key = saved(store, a="old")
    session = store(key)
    session["a"] = "new"
    session["large"] = "x" * 2**20
    session.save()
    assert store(key).load().get("a") != "old"


def test_the_database_remembers_what_the_cache_has_lost(store, server):
    key = saved(store, a=1)
    server.restart()
    loaded = store(key).load()
    assert loaded == ({"a": 1} if store.__module__.endswith("cached_db") else {})


def test_without_the_server(store, server):
    key = saved(store, a=1)
    server.kill()
    if store.__module__.endswith("cached_db"):
        assert store(key).load() == {"a": 1}
        assert store(saved(store, b=2)).load() == {"b": 2}
    else:
        assert store(key).load() == {}


class TestAwaitedInViews:
    """50 requests: what each says, and the connections that are left."""

    SAID = [str(2 * n + 2).encode() for n in range(50)]

    @pytest.fixture
    def running(self, server):
        if not server.running:
            server.start()
        cache._cache.disconnect_all()
        return server

    def test_under_asgi(self, running):
        async def visitors():
            responses = await asyncio.gather(*(AsyncClient().get(f"/awaited?n={n}") for n in range(50)))
            assert int(running.stat("curr_connections")) <= 3  # a loop's, a blocking one, that of the question
            return [response.content for response in responses]

        assert asyncio.run(visitors()) == self.SAID

    def test_under_wsgi(self, running):
        """Where each has an event loop of its own."""
        assert [Client().get(f"/awaited?n={n}").content for n in range(50)] == self.SAID
        assert int(running.stat("curr_connections")) <= 4
