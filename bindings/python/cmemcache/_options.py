"""What is given to a client, checked and brought into the form that C++ reads."""

import math
import sys
from datetime import timedelta

from . import _profiles, _tls

# What a timeout of None, "wait for ever" in python-memcached, comes to: the longest that the system calls can wait.
_FOR_EVER = 24 * 24 * 60 * 60 * 1000


def _milliseconds(name, seconds, least):
    if seconds is None:
        return _FOR_EVER
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise TypeError(f"{name} must be a number of seconds, not {type(seconds).__name__}")
    if not seconds >= 0:
        raise ValueError(f"{name} must not be negative: {seconds!r}")
    milliseconds = min(math.ceil(min(seconds * 1000, _FOR_EVER)), _FOR_EVER)
    if milliseconds < least:
        raise ValueError(f"{name} must be more than 0: {seconds!r}")
    return milliseconds


def _length(name, value, default):
    if value is None:
        value = default
    if not isinstance(value, int):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if value < 0:
        raise ValueError(f"{name} must not be negative: {value!r}")
    return value


def _choice(name, value, choices):
    if value not in choices:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, not {value!r}")
    return value


def _prefix(value):
    if isinstance(value, str):
        return value.encode("utf-8")
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    raise TypeError(f"key_prefix must be str or bytes, not {type(value).__name__}")


def _credentials(username, password):
    for name, value in (("username", username), ("password", password)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    return {"username": username or "", "password": password or ""}


def _profile(value):
    """The name of a profile, and the object where it is one."""
    if isinstance(value, str):
        return _choice("profile", value, tuple(_profiles.PROFILES)), None
    if not (callable(getattr(value, "dumps", None)) and callable(getattr(value, "loads", None))):
        raise TypeError(f"profile must be a name, or an object with dumps() and loads(), not {value!r}")
    return "object", value


def _callable(name, value):
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be callable, not {type(value).__name__}")
    return value


def options_for_engine(
    *,
    dead_retry,
    socket_timeout,
    cache_cas,
    flush_on_reconnect,
    key_encoder,
    server_max_key_length,
    server_max_value_length,
    connect_timeout=1.0,
    timeout=None,
    distribution=...,
    hash=...,
    profile="python-memcached",
    protocol="auto",
    errors="miss",
    key_prefix=b"",
    failover=True,
    resolve_interval=60,
    discovery=False,
    discovery_interval=60,
    username=None,
    password=None,
    tls=None,
    max_connections=8,
    pipelined_connections=1,
    max_in_flight=16 * 1024,
    max_in_flight_bytes=8 * 1024 * 1024,
):
    """The options as ClientBase takes them."""
    package = sys.modules["cmemcache"]  # whose limits users change, as they do python-memcached's
    longest_key = _length("server_max_key_length", server_max_key_length, package.SERVER_MAX_KEY_LENGTH)
    longest_value = _length("server_max_value_length", server_max_value_length, package.SERVER_MAX_VALUE_LENGTH)
    profile, serializer = _profile(profile)
    placement = _profiles.of(profile)
    bounds = {
        "max_connections": max_connections,
        "pipelined_connections": pipelined_connections,
        "max_in_flight": max_in_flight,
        "max_in_flight_bytes": max_in_flight_bytes,
    }
    for name, value in bounds.items():
        if _length(name, value, 0) == 0:
            raise ValueError(f"{name} must be 1 or more")
    return {
        "connect_timeout": _milliseconds("connect_timeout", connect_timeout, 1),
        "timeout": _milliseconds("socket_timeout", socket_timeout, 1)
        if timeout is None
        else _milliseconds("timeout", timeout, 1),
        "dead_retry": _milliseconds("dead_retry", dead_retry, 0),
        "resolve_interval": _milliseconds("resolve_interval", resolve_interval or 0, 0),
        "discovery_interval": _milliseconds("discovery_interval", discovery_interval, 1) if discovery else 0,
        "distribution": _choice(
            "distribution",
            placement.distribution if distribution is ... else distribution,
            ("modulo", "modula", "ketama", "ketama_weighted", "rendezvous"),
        ),
        "hash": _choice(
            "hash",
            placement.hash if hash is ... else hash,
            ("crc", "crc32", "md5", "one_at_a_time", "fnv1_32", "fnv1a_32", "murmur3", "murmur"),
        ),
        "profile": profile,
        "serializer": serializer,
        "protocol": _choice("protocol", protocol, ("auto", "text", "meta", "binary")),
        **_credentials(username, password),
        "raises": _choice("errors", errors, ("miss", "raise")) == "raise",
        "key_prefix": _prefix(key_prefix),
        "key_encoder": _callable("key_encoder", key_encoder),
        "failover": bool(failover),
        "cache_cas": bool(cache_cas),
        "flush_on_reconnect": bool(flush_on_reconnect),
        "tls": _tls.for_engine(tls),
        **{name: min(value, 2**31) for name, value in bounds.items()},
        # memcached itself takes no more than 250; 0 is python-memcached's "no limit".
        "max_key_length": min(longest_key, 250) or 250,
        "max_value_length": min(longest_value, 2**62) or 2**62,
    }
