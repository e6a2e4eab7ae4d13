"""Name and password, against memcached's own doorkeepers: -Y (ASCII) and -S (SASL, binary)."""

import time

import pytest

import cmemcache
from support.doorkeepers import NAME, PASSWORD, PasswordServer, SaslServer

DOORS = [("-Y", "auto"), ("-Y", "text"), ("-Y", "meta"), ("-S", "binary"), ("-S", "auto")]


@pytest.fixture(scope="module")
def doors(tmp_path_factory):
    with PasswordServer(tmp_path_factory.mktemp("y")) as y, SaslServer(tmp_path_factory.mktemp("s")) as s:
        yield {"-Y": y, "-S": s}


@pytest.fixture(params=DOORS, ids=" ".join)
def door(request, doors):
    return doors[request.param[0]].address, request.param[1]


def test_who_has_the_password_is_let_in(door, make_style, key):
    address, protocol = door
    mc = make_style([address], protocol=protocol, username=NAME, password=PASSWORD, errors="raise")
    assert mc.set(key, b"v")
    assert mc.get(key) == b"v"
    keys = [f"{key}-{i}" for i in range(300)]
    assert mc.set_multi({k: k.encode() for k in keys}) == []
    assert mc.get_multi(keys) == {k: k.encode() for k in keys}
    assert mc.incr(key + "none") is None
    assert mc.delete_multi(keys) == 1


def test_a_wrong_password_is_an_error_at_once_and_marks_nothing(door, make_style, key):
    address, protocol = door
    mc = make_style([address], protocol=protocol, username=NAME, password="wrong", errors="raise")
    start = time.monotonic()
    for _ in range(5):
        with pytest.raises(cmemcache.AuthenticationError) as raised:
            mc.get(key)
        assert raised.value.server == address
        assert "wrong" not in str(raised.value)
    assert time.monotonic() - start < 1
    counters = mc.client.counters()[address]
    assert counters["marked_dead"] == 0
    assert counters["reconnects"] <= 9  # a call tries once, and finds out once how


def test_a_wrong_password_is_a_miss_that_says_why(door, key):
    address, protocol = door
    heard = []
    with cmemcache.Client([address], protocol=protocol, username="nobody", password="x", on_error=heard.append) as mc:
        assert mc.get(key) is None
        assert not mc.set(key, 1)
        assert [type(e) for e in heard] == [cmemcache.AuthenticationError] * 2
        assert mc.last_error is heard[-1]


def test_who_gives_no_name_is_told_so(doors, key):
    for protocol in ("auto", "text"):
        with cmemcache.Client([doors["-Y"].address], protocol=protocol, errors="raise") as mc:
            with pytest.raises(cmemcache.AuthenticationError, match="unauthenticated"):
                mc.get(key)
    with cmemcache.Client([doors["-S"].address], protocol="binary", errors="raise") as mc:
        with pytest.raises(cmemcache.AuthenticationError, match="Auth failure"):
            mc.get(key)


@pytest.mark.parametrize("name, password, kind", [
    ("a b", "p", ValueError), ("a\n", "p", ValueError), ("", "p", ValueError), (None, "p", ValueError),
    ("ada", "p\r\nflush_all", ValueError), ("ada", "p\0", ValueError), (b"ada", "p", TypeError), ("ada", 1, TypeError)])
def test_what_no_server_takes_is_refused_before(name, password, kind):
    with pytest.raises(kind) as raised:
        cmemcache.Client(["127.0.0.1"], username=name, password=password)
    assert "flush_all" not in str(raised.value)
