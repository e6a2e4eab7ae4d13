"""Django's own tests of caches and of sessions in them, for the backend. For tools/django, which has these at hand: ``cache``
and ``sessions_tests`` are folders of them.

Those of caches are run a second time through the methods that are awaited, where Django has such.
"""

from unittest import mock

from asgiref.sync import async_to_sync
from cache import tests as theirs
from django.conf import settings
from django.core.cache import BaseCache, cache
from django.test import TestCase, override_settings
from sessions_tests.tests import CacheDBSessionTests, CacheSessionTests

import cmemcache
from cmemcache.django import CmemcacheCache

__all__ = ["CacheDBSessionTests", "CacheSessionTests", "CalledTests"]


def _awaiting(name):
    def call(self, *args, **kwargs):
        return async_to_sync(getattr(self, f"a{name}"))(*args, **kwargs)

    return call


class AwaitedCache(CmemcacheCache):
    """The backend, each method by way of the one that is awaited."""

    for _name in ("add", "get", "set", "touch", "delete", "get_many", "get_or_set", "has_key", "incr", "decr", "set_many",
                  "delete_many", "clear", "incr_version", "decr_version"):
        locals()[_name] = _awaiting(_name)


class _Contract(theirs.BaseMemcachedTests):
    base_params = settings.CACHES["default"]
    should_disconnect_on_close = False
    incr_decr_type_error = ValueError


def _caches_of(params):
    return override_settings(CACHES=theirs.caches_setting_for_tests(base=params, exclude=theirs.memcached_excluded_caches))


@_caches_of(_Contract.base_params)
class CalledTests(_Contract, TestCase):
    pass


if hasattr(BaseCache, "aget"):
    _awaited_params = {**_Contract.base_params, "BACKEND": f"{__name__}.AwaitedCache"}

    @_caches_of(_awaited_params)
    class AwaitedTests(_Contract, TestCase):
        base_params = _awaited_params

        def test_set_many_returns_failing_keys(self):
            async def fail(values, *_):
                return list(values)

            with mock.patch.object(cmemcache.AsyncClient, "set_multi", side_effect=fail):
                self.assertEqual(cache.set_many({"key": "value"}), ["key"])
