"""counters(): a dict per server, and every figure moves when it should and only then."""

import threading

import pytest

import cmemcache
from support.scripted_server import ScriptedServer, line, send, until

NAMES = {"hits", "misses", "stores", "timeouts", "reconnects", "connections", "in_flight", "bytes_in", "bytes_out",
         "orphaned_replies", "marked_dead"}


@pytest.fixture
def figures(any_client, memcached):
    return lambda: any_client.counters()[memcached.address]


def test_names_and_types(any_client, figures):
    assert NAMES <= set(figures())
    assert all(type(v) is int or type(v) is bool for v in figures().values())
    assert not any(figures().values())


def test_per_server(kind, make_client, three_servers):
    client = make_client(kind, [s.address for s in three_servers])
    assert list(client.counters()) == [s.address for s in three_servers]
    client.set_multi({f"k{i}": b"v" for i in range(90)})
    assert sum(c["stores"] for c in client.counters().values()) == 90
    for server in three_servers:
        assert client.counters()[server.address]["stores"] == int(server.stat("curr_items"))


def test_hits_misses_and_stores(any_client, figures, key):
    any_client.get(key)
    assert (figures()["hits"], figures()["misses"], figures()["stores"]) == (0, 1, 0)
    any_client.set(key, b"v")
    any_client.add(key, b"v")
    assert (figures()["hits"], figures()["misses"], figures()["stores"]) == (0, 1, 1)
    any_client.get(key)
    any_client.gets(key)
    any_client.get_multi([key, key + "-1", key + "-2"])
    assert (figures()["hits"], figures()["misses"], figures()["stores"]) == (3, 3, 1)
    any_client.set_multi({f"{key}-{i}": b"v" for i in range(10)})
    assert figures()["stores"] == 11


def test_bytes(kind, make_client):
    with ScriptedServer([line(), send(b"VALUE k 0 1\r\nv\r\nEND\r\n")]) as server:
        client = make_client(kind, [server.address], protocol="text")
        client.get("k")
        figures = client.counters()[server.address]
        assert figures["bytes_out"] == len(b"get k\r\n")
        assert figures["bytes_in"] == len(b"VALUE k 0 1\r\nv\r\nEND\r\n")


def test_connections(any_client, figures, key):
    assert figures()["connections"] == 0
    any_client.get(key)
    assert figures()["connections"] == 1
    for _ in range(10):
        any_client.get(key)
    assert (figures()["connections"], figures()["reconnects"], figures()["in_flight"]) == (1, 0, 0)
    any_client.disconnect_all()
    assert figures()["connections"] == 0


def test_timeouts_and_marked_dead(kind, make_client):
    with ScriptedServer([]) as server:
        client = make_client(kind, [server.address], timeout=0.05, protocol="text", dead_retry=30)
        client.get("k")
        figures = client.counters()[server.address]
        assert (figures["timeouts"], figures["marked_dead"], figures["connections"]) == (1, 1, 0)
        client.get("k")
        figures = client.counters()[server.address]
        assert (figures["timeouts"], figures["marked_dead"]) == (1, 1)


def test_marked_dead_when_refused(kind, make_client, closed_port):
    client = make_client(kind, [closed_port])
    client.get("k")
    figures = client.counters()[closed_port]
    assert (figures["timeouts"], figures["marked_dead"]) == (0, 1)
    assert (figures["misses"], figures["stores"]) == (0, 0)


def test_reconnects(kind, make_client, own_memcached, key):
    client = make_client(kind, [own_memcached.address])
    client.set(key, b"v")
    own_memcached.restart()
    client.get(key)
    figures = client.counters()[own_memcached.address]
    assert (figures["reconnects"], figures["connections"], figures["marked_dead"]) == (1, 1, 0)


def test_in_flight_is_seen_by_others(kind, make_client):
    answer = threading.Event()
    with ScriptedServer([line(), until(answer), send(b"END\r\n")]) as server:
        client = make_client(kind, [server.address], protocol="text", timeout=5)
        caller = threading.Thread(target=client.get, args=("k",))
        caller.start()
        server.wait_received(len(b"get k\r\n"))
        assert client.counters()[server.address]["in_flight"] == 1
        answer.set()
        caller.join()
        assert client.counters()[server.address]["in_flight"] == 0


def test_a_copy_not_a_view(any_client, figures, key):
    before = figures()
    any_client.set(key, b"v")
    assert before["stores"] == 0
    any_client.counters().clear()
    assert figures()["stores"] == 1


def test_no_servers():
    with cmemcache.Client([]) as client:
        assert client.counters() == {}
