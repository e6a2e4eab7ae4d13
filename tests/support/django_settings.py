"""Settings for Django's own tests of caches. The environment says where memcached is."""

import os

CACHES = {"default": {"BACKEND": "cmemcache.django.CmemcacheCache", "LOCATION": os.environ["CACHE_SERVER"]}}
DATABASES = {name: {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"} for name in ("default", "other")}
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "cache",  # folders of Django's tests
    "sessions_tests",
]
SECRET_KEY = "of no account"
USE_TZ = False
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
