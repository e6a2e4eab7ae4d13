"""A cache that was filled by one of Django's own backends is read, and the other way round."""

import datetime
import warnings

import pytest

pytest.importorskip("django")

from django.core.cache import CacheHandler  # noqa: E402

from support.django_cache import cache_at  # noqa: E402

VALUES = {"bytes": b"\x00\xff", "str": "é€", "empty": "", "int": 42, "none": None, "float": 1.5, "list": [1, "two"],
          "date": datetime.date(2024, 2, 29), "nested": {"a": [1, {"b": None}]}, "long": 10**30}
MANY = {**{f"user:{i}": {"id": i} for i in range(100)}, **{f"é:{i}": i for i in range(30)}}

# Its class and options, and the options with which we read what it has written. docs/django.md has the same table.
BACKENDS = {
    "python-memcached": ("MemcachedCache", {}, {}),
    "pymemcache": ("PyMemcacheCache", {}, {"profile": "pymemcache"}),
    "pylibmc": ("PyLibMCCache", {}, {"profile": "pylibmc"}),
    "pylibmc-ketama": ("PyLibMCCache", {"behaviors": {"ketama": True}}, {"profile": "pylibmc", "distribution": "ketama"}),
}


@pytest.fixture(params=BACKENDS)
def both(request, three_servers):
    """Their cache and ours, over the same three servers."""
    name, options, ours = BACKENDS[request.param]
    locations = [server.address for server in three_servers]
    params = {"BACKEND": f"django.core.cache.backends.memcached.{name}", "LOCATION": locations, "OPTIONS": options}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MemcachedCache is deprecated
        theirs = CacheHandler({"default": params})["default"]
    yield theirs, cache_at(locations, ours)
    theirs._cache.disconnect_all()


def same(got, value):
    return got == value and type(got) is type(value)


def test_theirs_is_read(both):
    theirs, ours = both
    theirs.set_many({**VALUES, **MANY})
    for key, value in VALUES.items():
        assert same(ours.get(key), value)
    assert ours.get_many(MANY) == MANY


def test_ours_is_read(both):
    theirs, ours = both
    assert ours.set_many({**VALUES, **MANY}) == []
    for key, value in VALUES.items():
        assert same(theirs.get(key), value)
    assert theirs.get_many(MANY) == MANY


def test_both_count(both):
    theirs, ours = both
    for i in range(20):
        theirs.set(f"n{i}", 10)
        assert ours.incr(f"n{i}") == 11
        assert theirs.incr(f"n{i}") == 12
        assert ours.get(f"n{i}") == 12
