"""Expiry times: int or timedelta on every verb that takes one, clamped to what memcached understands."""

import datetime
import time

import pytest

import cmemcache
from support.scripted_server import ScriptedServer, line, send

MOST = 2**31 - 1

SETTERS = {
    "set": lambda c, k, t: c.set(k, b"v", t),
    "set-named": lambda c, k, t: c.set(k, b"v", time=t),
    "add": lambda c, k, t: c.delete(k) in (0, 1) and c.add(k, b"v", t),
    "replace": lambda c, k, t: c.set(k, b"u") and c.replace(k, b"v", t),
    "cas": lambda c, k, t: c.set(k, b"u") and c.cas(k, b"v", t, cas=c.get_with_cas(k)[1]),
    "set_multi": lambda c, k, t: c.set_multi({k: b"v"}, t) == [],
    "touch": lambda c, k, t: c.set(k, b"v") and c.touch(k, t),
    "gat": lambda c, k, t: c.set(k, b"v") and c.gat(k, t) == b"v",
}


@pytest.fixture(params=SETTERS)
def setter(request):
    return SETTERS[request.param]


def remaining(server, key):
    """Seconds to live as the server sees them; -1 is for ever, None is not there."""
    answer = server.ask(b"mg %s t\r\n" % key.encode())
    return int(answer[4:]) if answer.startswith(b"HD t") else None


@pytest.mark.parametrize("given, seconds", [
    (0, -1),
    (100, 100),
    (datetime.timedelta(seconds=100), 100),
    (datetime.timedelta(minutes=2), 120),
    (datetime.timedelta(days=30), 30 * 86400),
    (datetime.timedelta(days=365), 365 * 86400),
    (30 * 86400, 30 * 86400),
], ids=str)
def test_seconds_from_now(any_client, memcached, key, setter, given, seconds):
    assert setter(any_client, key, given)
    left = remaining(memcached, key)
    assert left is not None and seconds - 3 <= left <= seconds + 1


def test_unix_time(any_client, memcached, key, setter):
    assert setter(any_client, key, int(time.time()) + 1000)
    assert 995 <= remaining(memcached, key) <= 1001


@pytest.mark.parametrize("given", [-1, -2**31, -2**63, -2**100, datetime.timedelta(seconds=-1),
                                   datetime.timedelta(days=-1000), 30 * 86400 + 1], ids=str)
def test_expired_at_once(any_client, key, setter, given):
    """Stored and gone: negative, or a Unix time of long ago."""
    assert setter(any_client, key, given)
    assert any_client.get(key) is None
    assert any_client.last_error is None


@pytest.mark.parametrize("given", [MOST, 2**31, 2**32, 2**32 + 1, 2**63 - 1, 2**63, 2**64, 2**100,
                                   datetime.timedelta.max], ids=str)
def test_huge_times_are_not_misread(any_client, memcached, key, setter, given):
    assert setter(any_client, key, given)
    assert any_client.get(key) == b"v"
    assert remaining(memcached, key) > 86400 * 365


@pytest.mark.parametrize("given, wire", [(2**31, MOST), (MOST, MOST), (2**80, MOST), (60, 60), (0, 0)])
def test_on_the_wire(kind, make_client, given, wire):
    with ScriptedServer([line(), line(), send(b"STORED\r\n"), line(), send(b"TOUCHED\r\n")]) as server:
        client = make_client(kind, [server.address], protocol="text")
        assert client.set("k", b"v", given)
        assert client.touch("k", given) == 1
        assert server.received == [b"set k 0 %d 1\r\nv\r\ntouch k %d\r\n" % (wire, wire)]


@pytest.mark.parametrize("given", ["60", None, [], object(), b"1", datetime.datetime(2040, 1, 1)],
                         ids=lambda v: type(v).__name__)
def test_wrong_types(any_client, key, setter, given):
    with pytest.raises(TypeError):
        setter(any_client, key, given)
    assert any_client.get(key) in (None, b"u", b"v")


def test_wrong_types_send_nothing(kind, make_client):
    with ScriptedServer([]) as server:
        client = make_client(kind, [server.address], protocol="text", timeout=0.2)
        for call in (lambda t: client.set("k", b"v", t), lambda t: client.touch("k", t), lambda t: client.gat("k", t),
                     lambda t: client.set_multi({"k": b"v"}, t), lambda t: client.cas("k", b"v", t, cas=1)):
            for wrong in ("60\r\nflush_all", None):
                with pytest.raises(TypeError):
                    call(wrong)
        assert b"".join(server.received) == b""


@pytest.mark.parametrize("verb", ["append", "prepend"])
def test_append_and_prepend_leave_the_expiry_alone(any_client, memcached, key, verb):
    any_client.set(key, b"v", 100)
    assert getattr(any_client, verb)(key, b"w", 5000)
    assert remaining(memcached, key) <= 100


def test_incr_leaves_the_expiry_alone(any_client, memcached, key):
    any_client.set(key, b"1", 100)
    any_client.incr(key)
    assert 95 <= remaining(memcached, key) <= 100


def test_a_million_days_are_no_overflow():
    with cmemcache.Client([]) as client:
        assert not client.set("k", b"v", datetime.timedelta(days=999_999_999))
