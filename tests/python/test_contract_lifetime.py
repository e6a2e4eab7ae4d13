"""close, with, disconnect_all: no socket and no thread is left behind, and a closed client says so."""

import gc
import threading
import weakref

import pytest

import cmemcache
from support import verbs
from support.processes import held
from support.scripted_server import ScriptedServer


@pytest.fixture
def baseline():
    gc.collect()
    return held()


def use(client, key):
    assert client.set(key, b"v")
    assert client.get_multi([key]) == {key: b"v"}


def test_close(kind, three_servers, baseline, key):
    client = kind([s.address for s in three_servers])
    client.set_multi({f"k{i}": b"v" for i in range(50)})
    assert held()[0] == baseline[0] + 3
    client.close()
    assert held() == baseline


def test_with(kind, memcached, baseline, key):
    with kind([memcached.address]) as client:
        assert isinstance(client, kind)
        use(client, key)
    assert held() == baseline
    with pytest.raises(cmemcache.ClosedError):
        client.get(key)


def test_with_lets_exceptions_through(kind, memcached, baseline, key):
    with pytest.raises(ZeroDivisionError):
        with kind([memcached.address]) as client:
            use(client, key)
            1 / 0
    assert held() == baseline


def test_garbage_collection_closes_too(kind, memcached, baseline, key):
    client = kind([memcached.address])
    use(client, key)
    gone = weakref.ref(client)
    del client
    gc.collect()
    assert gone() is None
    assert held() == baseline


def test_a_client_in_a_cycle_is_collected(memcached, baseline, key):
    client = cmemcache.Client([memcached.address], on_error=lambda e: client)
    client.me = client
    use(client, key)
    gone = weakref.ref(client)
    del client
    gc.collect()
    assert gone() is None
    assert held() == baseline


def test_close_twice(any_client):
    any_client.close()
    any_client.close()


def test_close_without_use(kind):
    kind(["127.0.0.1:1"]).close()


@pytest.mark.parametrize("errors", ["miss", "raise"])
def test_every_verb_of_a_closed_client_raises(kind, memcached, errors, key):
    client = kind([memcached.address], errors=errors)
    use(client, key)
    client.close()
    for verb in verbs.ALL + verbs.WHOLE_SERVER:
        with pytest.raises(cmemcache.ClosedError):
            verb.call(client, "key")
            pytest.fail(f"{verb.name} did not raise")


def test_close_while_another_thread_waits(kind):
    """The waiting call ends, soon, and without a crash; what it ends with is its own affair."""
    with ScriptedServer([]) as server:
        client = kind([server.address], protocol="text", timeout=1)
        caller = threading.Thread(target=lambda: _swallow(client.get, "k"))
        caller.start()
        server.wait_received(len(b"get k\r\n"))
        client.close()
        caller.join(2)
        assert not caller.is_alive()


def test_close_against_many_threads(kind, memcached, key):
    for _ in range(20):
        client = kind([memcached.address])
        def work():
            _swallow(lambda: [client.get(key) for _ in range(50)])

        threads = [threading.Thread(target=work) for _ in range(4)]
        [t.start() for t in threads]
        client.close()
        [t.join(5) for t in threads]
        assert not any(t.is_alive() for t in threads)


@pytest.mark.parametrize("verb", ["disconnect_all", "quit_all"])
def test_disconnect_and_go_on(any_client, baseline, key, verb):
    use(any_client, key)
    getattr(any_client, verb)()
    assert held()[0] == baseline[0]
    assert any_client.get(key) == b"v"
    assert any_client.last_error is None


@pytest.mark.parametrize("verb", ["disconnect_all", "quit_all", "forget_dead_hosts", "reset_cas"])
def test_on_a_fresh_client(any_client, verb):
    getattr(any_client, verb)()


def test_a_hundred_clients(kind, memcached, baseline, key):
    clients = [kind([memcached.address]) for _ in range(100)]
    for i, client in enumerate(clients):
        client.set(f"{key}-{i}", b"%d" % i)
    for i, client in enumerate(clients):
        assert client.get(f"{key}-{i}") == b"%d" % i
        client.close()
    assert held() == baseline


def test_attributes_of_ones_own(any_client):
    any_client.note = "mine"
    assert any_client.note == "mine"


def test_repr_and_hash(any_client):
    assert isinstance(repr(any_client), str)
    assert any_client in {any_client}


def _swallow(call, *args):
    try:
        call(*args)
    except cmemcache.Error:
        pass
