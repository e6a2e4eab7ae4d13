"""The command line program: every sub-command, its exit code, and that bytes stay as they are.

The program is CMEMCACHE_CLI, or the one of the release build.
"""

import base64
import json
import os
import pathlib
import socket
import subprocess
import time

import cmemcache
import pytest

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_PROGRAM = os.environ.get("CMEMCACHE_CLI") or str(_ROOT / "build/release/bin/cmemcache")
_EVERY_BYTE = bytes(range(256)) + b"\0\r\nEND\r\n"

DONE, NOT_DONE, TROUBLE = 0, 1, 2

pytestmark = pytest.mark.skipif("CMEMCACHE_CLI" not in os.environ and not os.path.exists(_PROGRAM),
                                reason="the command line program is not built")


def run(*args, stdin=b"", env=None):
    """The finished program: returncode, stdout and stderr, as bytes. Never inherits the caller's CMEMCACHE_SERVERS."""
    clean = {name: value for name, value in os.environ.items() if name != "CMEMCACHE_SERVERS"}
    return subprocess.run([_PROGRAM, *args], input=stdin, capture_output=True, timeout=60, env={**clean, **(env or {})})


@pytest.fixture
def cli(memcached):
    """cli("get", "k"): runs against the shared server."""
    return lambda *args, **kwargs: run("--servers", memcached.address, *args, **kwargs)


@pytest.fixture
def silent_port():
    """The address of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def one_line(stderr):
    assert stderr.startswith(b"cmemcache: ") and stderr.endswith(b"\n") and stderr.count(b"\n") == 1, stderr
    return stderr.decode()


# Every sub-command, when it does something and when it does not.

def test_get(cli, key):
    missed = cli("get", key)
    assert (missed.returncode, missed.stdout, missed.stderr) == (NOT_DONE, b"", b"miss\n")
    cli("set", key, "hello")
    hit = cli("get", key)
    assert (hit.returncode, hit.stdout, hit.stderr) == (DONE, b"hello", b"")


def test_get_with_cas_and_flags(cli, key):
    cli("set", key, "v", "--flags", "4294967295")
    shown = cli("get", key, "--cas", "--flags")
    flags, cas = shown.stderr.decode().splitlines()
    assert shown.stdout == b"v" and flags == "flags 4294967295" and cas.startswith("cas ")
    unique = int(cas.split()[1])
    assert json.loads(cli("--json", "get", "--cas", key).stdout)["cas"] == unique


@pytest.mark.parametrize("verb, on_missing, on_present", [
    ("set", "stored", "stored"), ("add", "stored", "not_stored"), ("replace", "not_stored", "stored"),
    ("append", "not_stored", "stored"), ("prepend", "not_stored", "stored")])
def test_stores(cli, memcached, key, verb, on_missing, on_present):
    for present, expected in ((False, on_missing), (True, on_present)):
        cli(*(("set", key, "+") if present else ("delete", key)))
        done = cli(verb, key, "new")
        assert done.stdout.decode() == expected + "\n"
        assert done.returncode == (DONE if expected == "stored" else NOT_DONE)
    value = {"set": b"new", "add": b"+", "replace": b"new", "append": b"+new", "prepend": b"new+"}[verb]
    assert memcached.stored(key) == (value, 0)


def test_cas(cli, key):
    assert cli("cas", key, "v", "--unique", "1").stdout == b"not_found\n"
    cli("set", key, "one")
    unique = str(json.loads(cli("get", key, "--cas", "--json").stdout)["cas"])
    first = cli("cas", key, "two", "--unique", unique)
    assert (first.returncode, first.stdout) == (DONE, b"stored\n")
    late = cli("cas", key, "three", "--unique", unique)
    assert (late.returncode, late.stdout) == (NOT_DONE, b"exists\n")
    assert cli("cas", key, "four").returncode == TROUBLE


def test_flags_and_exptime_are_stored(cli, memcached, key):
    cli("set", key, "v", "-F", "7", "-e", "100")
    assert memcached.stored(key) == (b"v", 7)
    cli("set", key, "v", "--exptime", "-1")
    assert memcached.stored(key) is None


def test_incr_and_decr(cli, key):
    missed = cli("incr", key)
    assert (missed.returncode, missed.stdout) == (NOT_DONE, b"")
    cli("set", key, "40")
    assert cli("incr", key).stdout == b"41\n"
    assert cli("incr", key, "9").stdout == b"50\n"
    assert cli("decr", key, "8", "--json").stdout == json.dumps(
        {"key": key, "status": "number", "number": 42}, separators=(",", ":")).encode() + b"\n"
    assert cli("decr", key, "99").stdout == b"0\n"
    cli("set", key, "word")
    assert cli("incr", key).returncode == TROUBLE


def test_touch_gat_and_delete(cli, memcached, key):
    for command in (("touch", key, "60"), ("gat", key, "60"), ("delete", key)):
        assert cli(*command).returncode == NOT_DONE
    cli("set", key, "v")
    assert cli("touch", key, "60").stdout == b"touched\n"
    got = cli("gat", key, "0")
    assert (got.returncode, got.stdout) == (DONE, b"v")
    assert cli("touch", key, "-1").returncode == DONE
    assert memcached.stored(key) is None
    cli("set", key, "v")
    gone = cli("delete", key)
    assert (gone.returncode, gone.stdout) == (DONE, b"deleted\n")


def test_get_multi(cli, key):
    cli("set", key + "a", stdin=b"x\ny 0 3\n")
    cli("set", key + "b", "", "-F", "5")
    found = cli("get-multi", key + "b", key + "none", key + "a")
    assert found.returncode == NOT_DONE
    assert found.stdout.decode() == f"{key}b 5 0\n\n{key}a 0 8\nx\ny 0 3\n\n"
    assert cli("get-multi", "-", stdin=f"{key}a\n{key}b\n".encode()).returncode == DONE
    every = json.loads(cli("get-multi", key + "a", key + "none", "--json").stdout)
    assert [one["status"] for one in every] == ["hit", "miss"] and every[0]["value"] == "x\ny 0 3\n"


def test_about_servers(cli, memcached):
    assert cli("version").stdout.decode().startswith(memcached.address + "  ")
    assert b" ms " in cli("ping").stdout
    assert b"pid" in cli("stats").stdout and b"maxbytes" in cli("stats", "settings").stdout
    assert cli("stats", "detail", "off").returncode == DONE
    assert cli("stats", "items\r\nflush_all").returncode == TROUBLE
    [told] = json.loads(cli("stats", "--json").stdout)
    assert told["server"] == memcached.address and told["stats"]["pid"] == str(memcached.pid)


def test_flush_all(own_memcached):
    def ask(*args):
        return run("--servers", own_memcached.address, *args)

    ask("set", "k", "v")
    assert ask("flush-all", "--delay", "100").returncode == DONE
    assert ask("get", "k").returncode == DONE
    assert ask("flush-all").returncode == DONE
    assert ask("get", "k").returncode == NOT_DONE


def test_where_agrees_with_the_python_client(make_client):
    servers = ["10.0.0.1:11211", "10.0.0.2", "unix:/nowhere"]
    keys = [f"key{i}" for i in range(50)] + ["é", "[a,b]", "++", "get"]
    for options in ({}, {"distribution": "ketama", "hash": "md5"}, {"distribution": "rendezvous"}):
        client = make_client(cmemcache.Client, servers, **options)
        words = [word for name, value in options.items() for word in ("--" + name, value)]
        told = run("--servers", ",".join(servers), *words, "where", "--", *keys)
        assert told.returncode == DONE
        assert told.stdout.decode() == "".join(f"{k}\t{client.server_for(k)}\n" for k in keys)


# Bytes.

@pytest.mark.parametrize("how", ["stdin", "dash", "file"])
def test_every_byte_comes_back(cli, key, tmp_path, how):
    (tmp_path / "value").write_bytes(_EVERY_BYTE)
    words = {"stdin": [], "dash": ["-"], "file": ["--file", str(tmp_path / "value")]}[how]
    assert cli("set", key, *words, stdin=_EVERY_BYTE).returncode == DONE
    assert cli("get", key).stdout == _EVERY_BYTE
    told = json.loads(cli("get", key, "--json").stdout)
    assert base64.b64decode(told["value_base64"]) == _EVERY_BYTE and "value" not in told


@pytest.mark.parametrize("value", ["", "[1, 2]", "++", "-5", "get", "two\nlines", "é", "a\x01", "%s {}"])
def test_an_argument_is_stored_as_it_is(cli, key, value):
    assert cli("set", key, value).returncode == DONE
    assert cli("get", key).stdout == value.encode()
    assert json.loads(cli("get", key, "--json").stdout)["value"] == value


def test_a_dash_goes_behind_two(cli, key):
    assert cli("set", "--", key, "--json").stdout == b"stored\n"
    assert cli("get", key).stdout == b"--json"


def test_a_key_that_is_not_utf8(cli, key):
    raw = os.fsencode(key) + b"\xff"
    cli("set", raw, "v")
    assert base64.b64decode(json.loads(cli("get", raw, "--json").stdout)["key_base64"]) == raw


def test_prefix(cli, memcached, key):
    assert cli("--prefix", "ns:", "set", key, "v").returncode == DONE
    assert memcached.stored("ns:" + key) == (b"v", 0)


def test_a_reader_that_leaves_early(cli, memcached, key):
    cli("set", key, stdin=b"x" * 1000000)
    read, write = os.pipe()
    os.close(read)
    with open(write, "wb") as nobody:
        done = subprocess.run([_PROGRAM, "--servers", memcached.address, "get", key], stdout=nobody,
                              stderr=subprocess.PIPE, timeout=60)
    assert (done.returncode, done.stderr) == (TROUBLE, b"")


# Trouble.

@pytest.mark.parametrize("words", [
    [], ["frobnicate"], ["get"], ["get", "a", "b"], ["get", "a", "--colour"], ["set", "k", "v", "--file", "f"],
    ["incr", "k", "-1"], ["incr", "k", "18446744073709551616"], ["incr", "k", "0x10"], ["touch", "k"],
    ["set", "k", "v", "--flags", "4294967296"], ["--timeout", "0", "ping"], ["--timeout", "nan", "ping"],
    ["--hash", "sha1", "ping"], ["--distribution", "random", "ping"], ["--protocol", "binary", "ping"],
    ["set", "k", "--file", "/no/such/file"], ["--servers", "host:port", "ping"], ["--servers", "", "ping"],
    ["get", "a b"], ["get", ""], ["get", "k" * 251], ["get", "k\n"]])
def test_misuse(words):
    done = run(*words)
    assert (done.returncode, done.stdout) == (TROUBLE, b"")
    one_line(done.stderr)


def test_help_is_no_trouble():
    assert run("--help").returncode == DONE
    assert b"Exit codes" in run("--help").stdout
    assert b"LENGTH" in run("get-multi", "--help").stdout
    assert run("--version").stdout.startswith(b"cmemcache ")


def test_a_dead_server_is_named(closed_port):
    for words in (["get", "k"], ["set", "k", "v"], ["get-multi", "a", "b"], ["ping"], ["version"], ["stats"],
                  ["flush-all"], ["incr", "k"]):
        done = run("--servers", closed_port, *words)
        assert done.returncode == TROUBLE and closed_port in one_line(done.stderr), words
    told = run("--servers", closed_port, "--json", "get", "k")
    assert json.loads(told.stdout)["server"] == closed_port


def test_ping_names_the_dead_among_the_living(memcached, closed_port):
    done = run("--servers", f"{closed_port},{memcached.address}", "ping")
    assert done.returncode == TROUBLE
    assert done.stdout.decode().startswith(memcached.address) and closed_port in one_line(done.stderr)


@pytest.mark.parametrize("words", [
    ["get", "k"], ["set", "k", "v"], ["get-multi", "a", "b"], ["ping"], ["stats"], ["smoke"]])
def test_a_server_that_never_answers(silent_port, words):
    start = time.monotonic()
    done = run("--servers", silent_port, "--timeout", "0.3", *words)
    assert done.returncode == TROUBLE
    assert 0.25 < time.monotonic() - start < 3


def test_servers_from_the_environment(memcached, closed_port):
    assert run("ping", env={"CMEMCACHE_SERVERS": memcached.address}).returncode == DONE
    given = run("ping", "--servers", memcached.address, env={"CMEMCACHE_SERVERS": closed_port})
    assert given.returncode == DONE


# Smoke.

@pytest.mark.parametrize("protocol", ["auto", "text", "meta"])
def test_smoke(memcached, protocol):
    items = memcached.stat("curr_items")
    done = run("--servers", memcached.address, "--protocol", protocol, "smoke")
    *_, summary = done.stdout.decode().splitlines()
    assert done.returncode == DONE and summary.endswith(" ok, 0 failed"), done.stdout.decode()
    assert memcached.stat("curr_items") == items


def test_smoke_of_a_pool(memcached, own_memcached):
    done = run("--servers", f"{memcached.address},{own_memcached.address}", "smoke", "--json")
    checks = json.loads(done.stdout)
    assert done.returncode == DONE and all(one["ok"] for one in checks)
    assert len({one["target"] for one in checks}) == 3


def test_smoke_against_a_dead_server(closed_port):
    done = run("--servers", closed_port, "smoke")
    assert done.returncode == TROUBLE
    assert done.stdout.decode().splitlines()[-1] == "smoke: 1 check, 0 ok, 1 failed"
