"""Django's caches without a Django project: backend objects as its handler makes them."""

from django.core.cache import CacheHandler

BACKEND = "cmemcache.django.CmemcacheCache"


def settings_for(location, options=None, **params):
    return {"BACKEND": BACKEND, "LOCATION": location, "OPTIONS": options or {}, **params}


def cache_at(location, options=None, **params):
    """The backend object of a cache with these settings: cache_at(address, {"timeout": 1}, KEY_PREFIX="p")."""
    return CacheHandler({"default": settings_for(location, options, **params)})["default"]
