"""The command line program: every sub-command, its exit code, and that bytes stay as they are.

The program is CMEMCACHE_CLI, or the one of the release build.
"""

import base64
import json
import os
import pathlib
import pty
import re
import signal
import socket
import subprocess
import time

import cmemcache
import pytest

from support import doorkeepers

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


def test_tls(memcached_factory, certificates, key):
    server = memcached_factory(secured_by=certificates / "server")
    ca = str(certificates / "ca.pem")
    assert run("-s", server.address, "--tls-ca", ca, "set", key, "v").returncode == DONE
    assert run("-s", server.address, "--tls-no-verify", "get", key).stdout == b"v"
    assert server.stored(key) == (b"v", 0)
    for options, reason in ((["--tls"], "unable to get local issuer certificate"),
                            (["--tls-ca", ca, "--tls-server-name", "other.example"], "hostname mismatch"),
                            (["--tls-ca", "/nowhere"], "ca_file '/nowhere': No such file"),
                            (["--tls-cert", ca, "--tls-key", ca], f"key_file '{ca}': TLS: no private key found")):
        refused = run("-s", server.address, *options, "get", key)
        assert refused.returncode == TROUBLE and reason in one_line(refused.stderr)


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
    ["--hash", "sha1", "ping"], ["--distribution", "random", "ping"], ["--protocol", "ascii", "ping"],
    ["set", "k", "--file", "/no/such/file"], ["--servers", "host:port", "ping"], ["--servers", "", "ping"],
    ["get", "a b"], ["get", ""], ["get", "k" * 251], ["get", "k\n"],
    *(["bench", *words.split()] for words in (
        "now", "--clients 0", "--clients 1001", "--depth 0", "--depth x", "--keys 0", "--threads 0", "--calls 0",
        "--value-size -1", "--value-size 1048577", "--ratio 9", "--ratio 0:0", "--ratio 1:", "--ratio :1",
        "--ratio -1:2", "--ratio 1:2:3", "--ratio a:b", "--seconds 0", "--seconds nan", "--seconds 3601",
        "--seconds 1 --calls 1", "--keys 5 --multi 6", "--clients 2 --depth 1000000",
        "--depth 2000 --value-size 1000000"))])
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


# Bench.

def bench(addresses, *words):
    """The finished program and its document, whose figures agree with one another."""
    if isinstance(addresses, str):
        addresses = [addresses]
    done = run("--servers", ",".join(addresses), "bench", "--json", *words)
    told = json.loads(done.stdout)
    assert told["keys"] == told["hits"] + told["misses"] + told["stored"] + told["errors"]
    assert sum(told["error_messages"].values()) == told["errors"]
    assert told["wrong_values"] == 0 and told["seconds"] > 0 and not told["interrupted"]
    for times in filter(None, told["latency_us"].values()):
        ascending = [times[name] for name in ("min", "p50", "p90", "p99", "p99_9", "max")]
        assert ascending == sorted(ascending) and ascending[0] > 0
    return done, told


def interrupted(program):
    """The return code of a running program after one SIGINT, and what it wrote."""
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=30)
    return program.returncode, out, err


@pytest.fixture
def benching(own_memcached):
    """Starts a long benchmark of own_memcached, and returns once it makes calls."""
    programs = []

    def start(*words):
        before = int(own_memcached.stat("cmd_get"))
        command = [_PROGRAM, "--servers", own_memcached.address, "bench", "--seconds", "60", *words]
        programs.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        deadline = time.monotonic() + 20
        while int(own_memcached.stat("cmd_get")) < before + 1000:
            assert time.monotonic() < deadline and programs[-1].poll() is None
            time.sleep(0.01)
        return programs[-1]

    yield start
    for program in programs:
        program.kill()
        program.wait()


@pytest.mark.parametrize("protocol", ["auto", "text", "meta"])
def test_bench(own_memcached, protocol):
    done, told = bench(own_memcached.address, "--calls", "20000", "--keys", "500", "--protocol", protocol)
    assert (done.returncode, done.stderr) == (DONE, b"")
    assert told["calls"] == told["keys"] == 20000 and told["errors"] == told["misses"] == 0
    assert int(own_memcached.stat("cmd_get")) == told["hits"] == told["latency_us"]["get"]["count"]
    assert int(own_memcached.stat("cmd_set")) == told["stored"] + 500
    assert 17000 < told["hits"] < 19000
    assert told["bytes_in"] > told["hits"] * 100 and told["bytes_out"] > told["stored"] * 100
    assert own_memcached.stat("curr_items") == "0" and told["keys_left_behind"] == 0


@pytest.mark.parametrize("words, has_gets, has_sets", [
    ("--ratio 1:0", True, False), ("--ratio 0:1 --value-size 0", False, True), ("--clients 7 --depth 3", True, True),
    ("--clients 3 --threads 2 --ratio 1:1", True, True), ("--depth 3000 --value-size 4097 --keys 1000", True, True),
    ("--value-size 200000 --keys 20 --depth 100", True, True), ("--prefix ns: --value-size 7", True, True)])
def test_bench_of_many_kinds(memcached, words, has_gets, has_sets):
    items = memcached.stat("curr_items")
    done, told = bench(memcached.address, "--calls", "5000", *words.split())
    assert done.returncode == DONE and told["calls"] == 5000 and told["misses"] == 0
    assert (told["hits"] > 0, told["stored"] > 0) == (has_gets, has_sets)
    assert (told["latency_us"]["get"] is not None, told["latency_us"]["set"] is not None) == (has_gets, has_sets)
    assert memcached.stat("curr_items") == items


def test_bench_of_several_servers_by_get_multi(three_servers):
    done, told = bench([s.address for s in three_servers], "--calls", "2000", "--multi", "30", "--clients", "2")
    gets, sets = (told["latency_us"][name]["count"] for name in ("get", "set"))
    assert done.returncode == DONE and gets + sets == told["calls"] == 2000
    assert told["hits"] == 30 * gets == sum(int(s.stat("cmd_get")) for s in three_servers)
    assert all(int(s.stat("cmd_set")) > 0 and s.stat("curr_items") == "0" for s in three_servers)


def test_bench_for_people(cli):
    done = cli("bench", "--seconds", "0.3")
    shown = done.stdout.decode()
    assert (done.returncode, done.stderr) == (DONE, b"")  # no bar where nobody looks
    assert re.search(r"^calls +\d+ in 0\.[3-9]\d s, \d+/s answered$", shown, re.MULTILINE)
    assert re.search(r"^get( +\d+\.\d){6}$", shown, re.MULTILINE) and " 0 misses, " in shown


@pytest.mark.parametrize("words, drawn", [([], True), (["--json"], False)])
def test_bench_draws_a_bar_on_a_terminal(memcached, words, drawn):
    ours, theirs = pty.openpty()
    done = subprocess.run([_PROGRAM, "--servers", memcached.address, "bench", "--seconds", "0.5", *words],
                          stdout=subprocess.PIPE, stderr=theirs, timeout=60)
    os.close(theirs)
    shown = b""
    try:
        while more := os.read(ours, 65536):
            shown += more
    except OSError:  # how a terminal ends
        pass
    os.close(ours)
    assert done.returncode == DONE and b"measuring" not in done.stdout
    assert (0 < shown.count(b"\rmeasuring ") <= 6 and shown.endswith(b"\r\x1b[K")) if drawn else shown == b""


def test_bench_without_a_server(closed_port, silent_port):
    done = run("--servers", closed_port, "bench")
    assert done.returncode == TROUBLE and closed_port in one_line(done.stderr)
    assert json.loads(run("--servers", closed_port, "bench", "--json").stdout)["server"] == closed_port
    start = time.monotonic()
    assert run("--servers", silent_port, "--timeout", "0.3", "bench").returncode == TROUBLE
    assert 0.25 < time.monotonic() - start < 5


def test_bench_goes_on_without_a_dead_server(memcached, closed_port):
    done, told = bench([closed_port, memcached.address], "--calls", "5000", "--keys", "100")
    assert told["calls"] == 5000 and told["hits"] > 4000
    assert done.returncode == (TROUBLE if told["errors"] or told["keys_left_behind"] else DONE)


def test_bench_of_a_server_that_dies(own_memcached, benching):
    program = benching("--json")
    own_memcached.kill()
    time.sleep(0.3)
    code, out, err = interrupted(program)
    told = json.loads(out)
    assert code == TROUBLE and 0 < told["errors"] == sum(told["error_messages"].values())
    assert told["calls"] == told["hits"] + told["stored"] + told["errors"] and told["keys_left_behind"] > 0
    assert all(line.startswith(b"cmemcache: ") for line in err.splitlines()) and b" errors: " in err


def test_bench_notices_a_wrong_value(own_memcached, benching):
    program = benching("--json", "--ratio", "1:0", "--keys", "50")
    key, *_ = re.findall(rb"key=(\S+)", own_memcached.ask(b"lru_crawler metadump all\r\n", b"END\r\n"))
    assert own_memcached.ask(b"set " + key + b" 0 0 5\r\nother\r\n") == b"STORED\r\n"
    time.sleep(0.2)
    code, out, err = interrupted(program)
    told = json.loads(out)
    assert code == TROUBLE and 0 < told["wrong_values"] < told["hits"]
    assert key.decode() in one_line(err) and "other" in err.decode()


def test_ctrl_c_ends_a_bench(own_memcached, benching):
    code, out, err = interrupted(benching("--json", "--clients", "2"))
    told = json.loads(out)
    assert (code, err) == (DONE, b"") and told["interrupted"]
    assert 0 < told["calls"] == told["hits"] + told["stored"] and told["seconds"] < 50
    assert own_memcached.stat("curr_items") == "0"


def test_a_second_ctrl_c_ends_a_bench_at_once(own_memcached, benching):
    program = benching("--timeout", "30")
    own_memcached.pause()
    program.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert program.poll() is None
    start = time.monotonic()
    assert interrupted(program)[0] == -signal.SIGINT and time.monotonic() - start < 5


def test_a_password_comes_from_a_file_or_the_environment(tmp_path):
    (tmp_path / "password").write_text(doorkeepers.PASSWORD + "\n")
    with doorkeepers.SaslServer(tmp_path) as server:
        start = ["--servers", server.address, "-u", doorkeepers.NAME]
        assert run(*start, "--password-file", str(tmp_path / "password"), "set", "k", "v").returncode == DONE
        assert run(*start, "get", "k", env={"CMEMCACHE_PASSWORD": doorkeepers.PASSWORD}).stdout == b"v"
        refused = run(*start, "get", "k", env={"CMEMCACHE_PASSWORD": "wrong"})
        assert refused.returncode == TROUBLE
        assert b"authentication failed" in refused.stderr
        assert run(*start, "--password-file", "/nowhere", "get", "k").returncode == TROUBLE
