"""Constructor parameters: by name and position as python-memcached's, and the further options by name."""

import inspect
import pickle
import time
import zlib

import pytest

import cmemcache

PYTHON_MEMCACHED = ["servers", "debug", "pickleProtocol", "pickler", "unpickler", "compressor", "decompressor", "pload",
                    "pid", "server_max_key_length", "server_max_value_length", "dead_retry", "socket_timeout",
                    "cache_cas", "flush_on_reconnect", "check_keys"]

OPTIONS = {
    "connect_timeout": [0.5, 1, 2], "timeout": [0.5, 1, 3],
    "distribution": ["modulo", "ketama", "ketama_weighted", "rendezvous"],
    "hash": ["crc", "crc32", "md5", "one_at_a_time", "fnv1_32", "fnv1a_32", "murmur3"],
    "protocol": ["auto", "text", "meta"], "errors": ["miss", "raise"], "key_prefix": ["", b"", "p:", b"p:"],
    "failover": [True, False], "resolve_interval": [0, None, 0.5, 60], "max_connections": [1, 8, 100], "on_error": [print, None],
}


class TestSignature:
    def test_client_by_position(self, memcached, key):
        with cmemcache.Client([memcached.address], 0, 2, pickle.Pickler, pickle.Unpickler, zlib.compress,
                              zlib.decompress, None, None, 20, 1000, 30, 3, True, 0, True) as client:
            assert client.set("k" * 20, [1])
            assert client.get("k" * 20) == [1]
            with pytest.raises(client.MemcachedKeyLengthError):
                client.get("k" * 21)
            assert not client.set("k", b"x" * 1001)
            client.set("k", b"v")
            client.gets("k")
            assert client.cas("k", b"w")

    def test_client_by_name(self, memcached, key):
        with cmemcache.Client(servers=[memcached.address], debug=0, pickleProtocol=2, pickler=pickle.Pickler,
                              unpickler=pickle.Unpickler, compressor=zlib.compress, decompressor=zlib.decompress,
                              pload=None, pid=None, server_max_key_length=250, server_max_value_length=1000,
                              dead_retry=30, socket_timeout=3, cache_cas=False, flush_on_reconnect=0, check_keys=True,
                              key_encoder=None) as client:
            assert client.set(key, [1]) and client.get(key) == [1]

    def test_inspect_agrees(self):
        """Where the signature can be seen at all, the names and their order are python-memcached's."""
        try:
            names = list(inspect.signature(cmemcache.Client).parameters)
        except (TypeError, ValueError):
            return
        if "debug" in names:
            assert [n for n in names if n in PYTHON_MEMCACHED] == PYTHON_MEMCACHED

    def test_string_client(self, memcached, key):
        for client in (cmemcache.StringClient([memcached.address], 0),
                       cmemcache.StringClient([memcached.address], debug=1),
                       cmemcache.StringClient(servers=[memcached.address])):
            with client:
                assert client.set(key, b"v")

    @pytest.mark.parametrize("option", OPTIONS)
    def test_every_option_is_taken_by_name(self, kind, memcached, key, option):
        for value in OPTIONS[option]:
            with kind([memcached.address], **{option: value}) as client:
                assert client.set(key, b"v")
                assert client.get(key) == b"v"
                assert client.get_multi([key]) == {key: b"v"}

    def test_further_options_by_name_only(self, memcached):
        with pytest.raises(TypeError):
            cmemcache.Client([memcached.address], 0, 0, pickle.Pickler, pickle.Unpickler, zlib.compress,
                             zlib.decompress, None, None, 20, 1000, 30, 3, True, 0, True, None, 1.0, 1.0)

    @pytest.mark.parametrize("options", [{"no_such_option": 1}, {"Timeout": 1}])
    def test_unknown_options(self, kind, memcached, options):
        with pytest.raises(TypeError):
            kind([memcached.address], **options)

    def test_servers_is_needed(self, kind):
        with pytest.raises(TypeError):
            kind()

    @pytest.mark.parametrize("option, value", [
        ("distribution", "nonsense"), ("hash", "nonsense"), ("protocol", "nonsense"), ("errors", "nonsense"),
        ("distribution", 5), ("hash", None), ("errors", None), ("protocol", 1), ("profile", "nonsense"), ("profile", 5),
        ("timeout", "3"), ("timeout", []), ("connect_timeout", "x"), ("max_connections", 0), ("max_connections", -1),
        ("max_connections", "8"), ("timeout", -1), ("timeout", float("nan")), ("key_prefix", 5), ("on_error", 5),
    ], ids=str)
    def test_bad_values(self, kind, memcached, option, value):
        with pytest.raises((ValueError, TypeError, OverflowError)) as caught:
            kind([memcached.address], **{option: value})
        assert option in str(caught.value) or str(value) in str(caught.value)

    def test_subclass_with_its_own_parameters(self, memcached, key):
        class Mine(cmemcache.Client):
            def __init__(self, servers, tenant):
                super().__init__(servers, key_prefix=tenant + ":")
                self.tenant = tenant

        with Mine([memcached.address], "acme") as client:
            assert client.set(key, b"v")
            assert memcached.stored("acme:" + key) == (b"v", 0)


class TestFlushOnReconnect:
    @pytest.mark.parametrize("flush, found", [(1, None), (0, b"v")])
    def test_a_server_that_comes_back(self, make_client, own_memcached, key, flush, found):
        client = make_client(cmemcache.Client, [own_memcached.address], flush_on_reconnect=flush, dead_retry=0.05,
                             timeout=0.1)
        client.set(key, b"v")
        own_memcached.pause()
        assert client.get(key) is None
        assert client.counters()[own_memcached.address]["marked_dead"] == 1
        own_memcached.resume()
        time.sleep(0.1)
        assert client.get(key) == found


def test_debug_goes_to_stderr(closed_port, capfd):
    with cmemcache.Client([closed_port], debug=1) as client:
        client.get("k")
    out, err = capfd.readouterr()
    assert out == "" and closed_port in err
