"""Trouble with a server, by `errors`: what is returned, what is raised, what it says and who is told."""

import re

import pytest

import cmemcache
from support import verbs
from support.scripted_server import ScriptedServer, close, line, send

TREE = ["ServerDown", "ServerTimeout", "ProtocolError", "ValueTooLarge", "AuthenticationError", "ClosedError"]
DURATION = re.compile(r"\d(\.\d+)? ?(ms|s|us|µs)\b")


def test_one_small_tree():
    assert issubclass(cmemcache.Error, Exception)
    for name in TREE:
        assert issubclass(getattr(cmemcache, name), cmemcache.Error), name


class Trouble:
    """A client of a server in one kind of trouble, and what that should raise."""

    def __init__(self, client, address, error):
        self.client, self.address, self.error = client, address, error


SCRIPTS = {
    "timeout": [],
    "garbage": [line(), send(b"BANANA SPLIT\r\n")],
    "closed by the server": [line(), close()],
    "error line": [line(), send(b"ERROR\r\n")],
}
ERRORS = {"down": cmemcache.ServerDown, "timeout": cmemcache.ServerTimeout, "garbage": cmemcache.ProtocolError}


@pytest.fixture(params=["down", *SCRIPTS])
def trouble(request, kind, make_client, closed_port):
    with ScriptedServer(SCRIPTS.get(request.param, [])) as server:
        def make(**options):
            error = ERRORS.get(request.param, cmemcache.Error)
            if request.param == "down":
                return Trouble(make_client(kind, [closed_port], **options), closed_port, error)
            # dead_retry=0: every call of the test meets the trouble itself, not the memory of it.
            options = {"protocol": "text", "timeout": 0.06, "dead_retry": 0, **options}
            return Trouble(make_client(kind, [server.address], **options), server.address, error)
        yield make


class TestMiss:
    def test_every_verb(self, trouble):
        t = trouble()
        for verb in verbs.ALL:
            assert verb.call(t.client, "key") == verb.in_trouble("key"), verb.name
            assert isinstance(t.client.last_error, t.error), verb.name

    def test_verbs_about_the_server(self, trouble):
        t = trouble()
        for verb in verbs.WHOLE_SERVER:
            assert not verb.call(t.client, None), verb.name

    def test_default(self, trouble):
        assert trouble().client.get("key", "default") == "default"

    def test_nothing_is_printed_without_debug(self, trouble, capfd):
        trouble().client.get("key")
        assert capfd.readouterr() == ("", "")

    def test_on_error_is_told(self, trouble):
        told = []
        t = trouble(on_error=told.append)
        t.client.get("key")
        assert len(told) == 1 and isinstance(told[0], t.error)
        assert told[0] is t.client.last_error
        t.client.set_multi({"key": b"v"})
        assert len(told) == 2

    def test_on_error_that_raises_does_no_harm(self, kind, make_client, closed_port, memcached, key):
        def angry(error):
            raise RuntimeError("from on_error")

        client = make_client(kind, [closed_port], on_error=angry)
        try:
            assert client.get(key) is None
        except RuntimeError:
            pass
        client.set_servers([memcached.address])
        assert client.set(key, b"v")
        assert client.get(key) == b"v"

    def test_debug_logs_it(self, trouble, monkeypatch):
        logged = []
        monkeypatch.setattr(cmemcache, "log", lambda *text: logged.append(" ".join(map(str, text))))
        t = trouble(debug=1)
        t.client.get("key")
        assert logged and t.address in logged[0]

    def test_without_debug_nothing_is_logged(self, trouble, monkeypatch):
        logged = []
        monkeypatch.setattr(cmemcache, "log", lambda *text: logged.append(text))
        trouble().client.get("key")
        assert not logged


class TestRaise:
    def test_every_verb(self, trouble):
        t = trouble(errors="raise")
        for verb in verbs.ALL:
            with pytest.raises(t.error):
                verb.call(t.client, "key")
                pytest.fail(f"{verb.name} did not raise")

    def test_verbs_about_the_server(self, trouble):
        t = trouble(errors="raise")
        for verb in verbs.WHOLE_SERVER:
            with pytest.raises(t.error):
                verb.call(t.client, None)
                pytest.fail(f"{verb.name} did not raise")

    @pytest.mark.parametrize("verb", [v for v in verbs.ALL if v.name in ("get", "set", "delete", "incr", "touch")],
                             ids=verbs.name)
    def test_the_message_says_which_server_what_and_how_long(self, trouble, verb):
        t = trouble(errors="raise")
        with pytest.raises(cmemcache.Error) as caught:
            verb.call(t.client, "key")
        said = str(caught.value)
        assert t.address in said
        assert re.search(rf"\b{verb.name}\b", said)
        assert DURATION.search(said)

    def test_on_error_is_not_asked(self, kind, make_client, closed_port):
        """Who raises has told."""
        client = make_client(kind, [closed_port], errors="raise", on_error=lambda e: pytest.fail("told twice"))
        with pytest.raises(cmemcache.ServerDown):
            client.get("key")

    def test_misses_do_not_raise(self, kind, make_client, memcached, key):
        client = make_client(kind, [memcached.address], errors="raise")
        for verb in verbs.SINGLE:
            verb.call(client, f"{key}-{verb.name}")
        assert client.get_multi([key + "-none"]) == {}
        assert not client.add(f"{key}-add", b"v")

    def test_no_servers(self, kind, make_client):
        client = make_client(kind, [], errors="raise")
        for verb in verbs.ALL:
            with pytest.raises(cmemcache.ServerDown):
                verb.call(client, "key")


class TestMultiOverHealthyAndDead:
    @pytest.fixture
    def pool(self, memcached, closed_port):
        return [memcached.address, closed_port]

    def test_miss_gives_what_the_healthy_ones_gave(self, kind, make_client, pool, memcached):
        client = make_client(kind, pool, failover=False)
        pairs = {f"half-{i}": b"%d" % i for i in range(40)}
        alive = {k: v for k, v in pairs.items() if client.server_for(k) == memcached.address}
        assert 5 < len(alive) < 35
        assert sorted(client.set_multi(pairs)) == sorted(set(pairs) - set(alive))
        assert client.get_multi(pairs) == alive
        assert client.get_multiflags(pairs).keys() == alive.keys()
        assert client.delete_multi(pairs) == 0
        assert client.get_multi(alive) == {}
        assert isinstance(client.last_error, cmemcache.ServerDown)

    def test_raise(self, kind, make_client, pool):
        client = make_client(kind, pool, failover=False, errors="raise")
        pairs = {f"half-{i}": b"%d" % i for i in range(40)}
        for call in (client.set_multi, client.get_multi, client.delete_multi):
            with pytest.raises(cmemcache.ServerDown, match=pool[1]):
                call(pairs)

    def test_get_stats_of_the_healthy_ones(self, make_client, pool, memcached):
        client = make_client(cmemcache.Client, pool)
        (row,) = client.get_stats()
        assert memcached.address in row[0]


class TestLastError:
    def test_none_at_first_and_after_misuse(self, any_client):
        assert any_client.last_error is None
        with pytest.raises(cmemcache.Client.MemcachedKeyError):
            any_client.get("a b")
        assert any_client.last_error is None

    def test_an_error_says_more_than_its_name(self, kind, make_client, closed_port):
        client = make_client(kind, [closed_port])
        client.get("key")
        assert type(client.last_error) is cmemcache.ServerDown
        assert closed_port in str(client.last_error)
        assert "refused" in str(client.last_error).lower()

    def test_a_server_error_is_quoted(self, kind, make_client):
        with ScriptedServer([line(), line(), send(b"SERVER_ERROR out of memory storing object\r\n")]) as server:
            client = make_client(kind, [server.address], protocol="text", errors="raise")
            with pytest.raises(cmemcache.Error, match="out of memory storing object"):
                client.set("k", b"v")

    def test_a_client_error_is_quoted(self, kind, make_client):
        with ScriptedServer([line(), send(b"CLIENT_ERROR flush_all not allowed\r\n")]) as server:
            client = make_client(kind, [server.address], protocol="text", errors="raise")
            with pytest.raises(cmemcache.Error, match="not allowed"):
                client.flush_all()


def test_debuglog(kind, make_client, memcached, monkeypatch):
    logged = []
    monkeypatch.setattr(cmemcache, "log", lambda *text: logged.append(" ".join(map(str, text))))
    make_client(kind, [memcached.address]).debuglog("not this")
    make_client(kind, [memcached.address], debug=1).debuglog("but this")
    assert len(logged) == 1 and "but this" in logged[0]
