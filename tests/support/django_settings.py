"""Settings for Django's own tests of caches. The environment says which backend, where memcached is, and which options."""

import json
import os

CACHES = {
    "default": {
        "BACKEND": os.environ["CACHE_BACKEND"],
        "LOCATION": [os.environ["CACHE_SERVER"]],
        "OPTIONS": json.loads(os.environ.get("CACHE_OPTIONS", "{}")),
    }
}
DATABASES = {name: {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"} for name in ("default", "other")}
INSTALLED_APPS = ["cache"]  # the folder of Django's tests
SECRET_KEY = "of no account"
USE_TZ = False
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
