"""The first cmemcache's own list of troubles, one test each, named after it.

In every one of them the process lives, and there is a Python exception or a miss.
"""

import gc
import os
import pickle
import time

import memcache
import pytest

import cmemcache


def test_wrong_port_in_set_servers(any_client, memcached, closed_port, key):
    any_client.set(key, b"v")
    for wrong in ("127.0.0.1:99999", "127.0.0.1:port", "127.0.0.1:-5", "127.0.0.1:"):
        with pytest.raises(ValueError, match=wrong):
            any_client.set_servers([wrong])
    assert any_client.get(key) == b"v"
    any_client.set_servers([closed_port])
    assert any_client.get(key) is None
    assert any_client.set(key, b"v") == 0
    any_client.set_servers([memcached.address])
    assert any_client.get(key) == b"v"


def test_no_servers_at_all(kind, make_client):
    client = make_client(kind, [])
    assert client.get("k") is None
    assert client.set("k", b"v") == 0
    assert client.add("k", b"v") == 0
    assert client.get_multi(["k", "l"]) == {}
    assert sorted(client.set_multi({"k": b"v", "l": b"v"})) == ["k", "l"]
    assert client.delete("k") == 0
    assert client.incr("k") is None
    assert client.get_stats() == []
    client.flush_all()
    client.disconnect_all()


def test_server_killed(kind, make_client, own_memcached, key):
    client = make_client(kind, [own_memcached.address])
    client.set(key, b"v")
    own_memcached.kill()
    for _ in range(3):
        assert client.get(key) is None
        assert client.set(key, b"v") == 0
        assert client.get_multi([key]) == {}
        assert client.set_multi({key: b"v"}) == [key]
        assert client.delete(key) == 0
        assert client.incr(key) is None
        assert client.get_stats() == []
    assert isinstance(client.last_error, cmemcache.ServerDown)


def test_server_killed_raises_where_asked_to(kind, make_client, own_memcached, key):
    client = make_client(kind, [own_memcached.address], errors="raise")
    client.set(key, b"v")
    own_memcached.kill()
    with pytest.raises(cmemcache.ServerDown):
        client.get(key)


@pytest.mark.parametrize("first", ["get", "set", "get_multi", "set_multi", "delete", "incr", "add"])
def test_server_killed_and_started_again_between_two_calls(kind, make_client, own_memcached, key, first):
    client = make_client(kind, [own_memcached.address])
    assert client.set(key, b"1")
    own_memcached.restart()
    call, expected = {
        "get": (lambda: client.get(key), None), "set": (lambda: client.set(key, b"2"), True),
        "get_multi": (lambda: client.get_multi([key]), {}), "set_multi": (lambda: client.set_multi({key: b"2"}), []),
        "delete": (lambda: client.delete(key), 0), "incr": (lambda: client.incr(key), None),
        "add": (lambda: client.add(key, b"2"), True),
    }[first]
    assert call() == expected
    assert client.last_error is None
    assert client.set(key, b"3")
    assert client.get(key) == b"3"
    assert client.counters()[own_memcached.address]["marked_dead"] == 0


def test_add_and_replace_without_warnings(any_client, key, capfd, recwarn):
    assert any_client.add(key, b"one")
    assert not any_client.add(key, b"two")
    assert any_client.get(key) == b"one"
    assert any_client.replace(key, b"three")
    assert not any_client.replace(key + "-absent", b"four")
    assert any_client.get(key) == b"three"
    assert any_client.get(key + "-absent") is None
    assert not recwarn.list
    assert capfd.readouterr() == ("", "")


def test_get_stats_full_on_todays_memcached(any_client, memcached):
    ((name, stats),) = any_client.get_stats()
    assert memcached.address in name
    raw = memcached.ask(b"stats\r\n", b"END\r\n").decode().splitlines()[:-1]
    assert [line.split(" ", 2)[1] for line in raw] == list(stats)
    assert len(stats) > 60
    assert stats["pid"] == str(memcached.pid)
    assert all(type(v) is str for v in stats.values())


@pytest.mark.parametrize("seconds", [2**31 - 1, 2**31, 2**32, 2**63, 2**100])
def test_expiry_times_clamped(any_client, key, seconds):
    assert any_client.set(key, b"v", seconds)
    assert any_client.get(key) == b"v"
    assert any_client.set_multi({key: b"w"}, seconds) == []
    assert any_client.get(key) == b"w"


def test_unicode_keys_and_values(client, key):
    pairs = {f"{key}-é": "é", f"{key}-ключ": "значение", f"{key}-鍵": "値", f"{key}-😀": "😀" * 1000}
    for k, v in pairs.items():
        assert client.set(k, v)
        assert client.get(k) == v
        assert client.get(k.encode()) == v
    assert client.get_multi(pairs) == pairs
    assert client.delete_multi(pairs) == 1


def test_unicode_of_string_client(raw, key):
    assert raw.set(key + "-é", "é")
    assert raw.get(key + "-é") == "é".encode()


@pytest.mark.parametrize("value", [b"\0", b"a\0b", b"\0" * 1000, b"\r\n\0END\r\n", bytes(range(256)) * 10])
def test_nul_bytes_in_values(any_client, memcached, key, value):
    assert any_client.set(key, value)
    assert any_client.get(key) == value
    assert any_client.get_multi([key]) == {key: value}
    assert any_client.set_multi({key: value}) == []
    assert memcached.stored(key) == (value, 0)


def test_nul_in_text(client, key):
    assert client.set(key, "a\0b")
    assert client.get(key) == "a\0b"


def _resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_no_leak_over_100_000_get_multi(client, raw, key):
    keys = [f"{key}-1", f"{key}-2", f"{key}-absent"]
    expected = {keys[0]: b"one", keys[1]: b"two"}
    client.set_multi(expected)

    def ask(times):
        for _ in range(times):
            client.get_multi(keys)
            raw.get_multi(keys)
        gc.collect()

    ask(5_000)
    before = _resident()
    ask(50_000)
    assert client.get_multi(keys) == raw.get_multi(keys) == expected
    assert _resident() - before < 1024 * 1024


def test_no_leak_over_errors(kind, make_client, closed_port):
    client = make_client(kind, [closed_port], errors="raise", dead_retry=0)
    for number in range(6000):
        if number == 1000:
            gc.collect()
            before = _resident()
        with pytest.raises(cmemcache.ServerDown):
            client.get("k")
    gc.collect()
    assert _resident() - before < 1024 * 1024


def test_weights_as_server_and_number(kind, make_client, three_servers):
    client = make_client(kind, [(s.address, weight) for s, weight in zip(three_servers, (1, 2, 7))])
    assert client.set_multi({f"k{i}": b"v" for i in range(1000)}) == []
    light, middle, heavy = (int(s.stat("curr_items")) for s in three_servers)
    assert light + middle + heavy == 1000
    assert 60 < light < 150 < middle < 260 < 600 < heavy


def test_getflags(raw, client, key):
    assert raw.set(key, b"v", 0, 12345)
    assert raw.getflags(key) == (b"v", 12345)
    assert raw.getflags(key + "-absent") is None
    client.set(key, 5)
    assert raw.getflags(key) == (b"5", 2)


def test_types_kept_by_get_multi(client, key):
    pairs = {f"{key}-{i}": v for i, v in enumerate(
        [b"bytes", "text", 1, 2**100, True, None, 1.5, [1], (1,), {"a": 1}, {1}, "", b"", 0])}
    assert client.set_multi(pairs) == []
    got = client.get_multi(pairs)
    assert got == pairs
    assert {k: type(v) for k, v in got.items()} == {k: type(v) for k, v in pairs.items()}
    assert {k: type(v) for k, v in client.get_multiflags(pairs).items()} == {k: type(v) for k, v in pairs.items()}


class Vanished:
    """A class that is not there any more when its pickle is read."""


def test_pickle_that_does_not_load_is_a_logged_miss(make_client, memcached, key, monkeypatch):
    logged = []
    monkeypatch.setattr(cmemcache, "log", lambda *text: logged.append(" ".join(map(str, text))))
    client = make_client(cmemcache.Client, [memcached.address], debug=1)
    client.set(key, Vanished())
    client.set(key + "-good", [1])
    monkeypatch.delitem(globals(), "Vanished")
    assert client.get(key) is None
    assert client.get(key, "default") == "default"
    assert len(logged) == 2 and "pickle" in logged[0].lower()
    assert client.get_multi([key, key + "-good"]) == {key + "-good": [1]}
    assert client.get_with_cas(key)[0] is None
    assert client.get(key + "-good") == [1]


def test_garbage_for_a_pickle_is_a_miss(client, raw, key):
    for garbage in (b"", b"garbage", b"\x80\x05", pickle.dumps([1, 2])[:-1], b"cno.such.module\nx\n."):
        raw.set(key, garbage, flags=1)
        assert client.get(key) is None
        assert client.get_multi([key]) == {}


@pytest.mark.parametrize("value", [b"bytes", "text", "é", 5, 10**30, True, None, 1.5, [1, 2], {"a": 1}, "", b"",
                                   "long " * 500], ids=lambda v: f"{type(v).__name__}-{str(v):.8}")
def test_values_of_python_memcached_both_ways(client, memcached, key, value):
    other = memcache.Client([memcached.address])
    for compress in (0, 10):
        other.set(key, value, min_compress_len=compress)
        assert client.get(key) == value and type(client.get(key)) is type(value)
        client.set(key, value, min_compress_len=compress)
        assert other.get(key) == value and type(other.get(key)) is type(value)
    other.disconnect_all()


def test_a_stalled_server_does_not_stall_the_process(kind, make_client, own_memcached, key):
    client = make_client(kind, [own_memcached.address], timeout=0.2)
    client.set(key, b"v")
    own_memcached.pause()
    start = time.monotonic()
    assert client.get(key) is None
    assert time.monotonic() - start < 0.3
    own_memcached.resume()
    client.forget_dead_hosts()
    assert client.get(key) == b"v"
