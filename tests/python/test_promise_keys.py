"""Nobody gets in by a key: what could be a command is refused before anything is sent, in every style and verb."""

import resource

import pytest

import cmemcache
from support import verbs
from support.calling_styles import STYLES
from support.scripted_server import ScriptedServer, assert_heard_nothing, greeting, line, send

E = cmemcache.Client


class Text(str):
    """A str whose looks are not its bytes."""

    def __str__(self):
        return "harmless"

    def encode(self, *args):
        return b"harmless"


BAD = {
    "cr": ("a\rb", E.MemcachedKeyCharacterError), "lf": ("a\nb", E.MemcachedKeyCharacterError),
    "command": ("a\r\nflush_all", E.MemcachedKeyCharacterError),
    "command in bytes": (b"a\r\nset x 0 0 1\r\nx\r\n", E.MemcachedKeyCharacterError),
    "meta command": (b"a v\r\nmd other", E.MemcachedKeyCharacterError),
    "space": ("a noreply", E.MemcachedKeyCharacterError), "nul": (b"a\0", E.MemcachedKeyCharacterError),
    "del": (b"\x7f", E.MemcachedKeyCharacterError), "251": (b"x" * 251, E.MemcachedKeyLengthError),
    "unicode 251": ("\u20ac" * 84, E.MemcachedKeyLengthError),
    "subclass": (Text("a\r\nflush_all"), E.MemcachedKeyCharacterError),
    "long subclass": (Text("x" * 251), E.MemcachedKeyLengthError),
    "tuple": ((1, "a\r\nflush_all"), E.MemcachedKeyCharacterError),
    "tuple of bytes": ((2**32, b"x" * 251), E.MemcachedKeyLengthError),
    "empty": ("", E.MemcachedKeyError), "empty in a tuple": ((0, b""), E.MemcachedKeyError),
}


def refused(call, error, name):
    with pytest.raises(error):
        call()
        pytest.fail(f"{name} was taken for a key")


@pytest.fixture(params=STYLES)
def quiet(request):
    """Makes a style whose server hears nothing in the whole test."""
    made = []
    with ScriptedServer([]) as server:
        def make(**options):
            made.append(STYLES[request.param]([server.address], timeout=0.2, **options))
            return made[-1]

        yield make
        for style in made:
            style.close()
        assert not server.connections


class TestNothingIsSent:
    @pytest.mark.parametrize("protocol", ["auto", "text", "meta"])
    def test_every_verb(self, quiet, protocol):
        style = quiet(protocol=protocol)
        for verb in verbs.ALL:
            for name, (key, error) in BAD.items():
                refused(lambda: verb.call(style, key), error, f"{verb}: {name}")

    def test_a_bad_key_among_good_ones(self, quiet):
        style = quiet()
        for name, (key, error) in BAD.items():
            for call in (lambda: style.get_multi(["good", key, "fine"]), lambda: style.delete_multi(["good", key]),
                         lambda: style.set_multi({"good": b"v", key: b"v"})):
                refused(call, error, name)

    @pytest.mark.parametrize("prefix, error", [("a\r\nflush_all\r\n", E.MemcachedKeyCharacterError),
                                               (b"\n", E.MemcachedKeyCharacterError),
                                               ("a b", E.MemcachedKeyCharacterError), ("\0", E.MemcachedKeyCharacterError),
                                               ("x" * 250, E.MemcachedKeyLengthError)])
    def test_a_prefix_of_the_call(self, quiet, prefix, error):
        style = quiet()
        for call in (lambda: style.get_multi(["k"], key_prefix=prefix), lambda: style.delete_multi(["k"], prefix),
                     lambda: style.set_multi({"k": b"v"}, key_prefix=prefix)):
            refused(call, error, prefix)

    def test_the_clients_prefix_counts(self, quiet):
        style = quiet(key_prefix="p" * 50)
        for verb in verbs.ALL:
            refused(lambda: verb.call(style, "x" * 201), E.MemcachedKeyLengthError, verb)

    def test_what_an_encoder_makes(self, quiet):
        style = quiet(key_encoder=lambda key: key + "\r\nflush_all")
        for verb in verbs.ALL:
            refused(lambda: verb.call(style, "k"), E.MemcachedKeyCharacterError, verb)

    def test_noreply(self, quiet):
        style = quiet()
        for name, (key, error) in BAD.items():
            for call in (lambda: style.set(key, b"v", noreply=True), lambda: style.delete(key, noreply=True),
                         lambda: style.incr(key, noreply=True), lambda: style.delete_multi([key], noreply=True)):
                refused(call, error, name)


@pytest.mark.parametrize("bad", ["a\r\nflush_all\r\n", " ", "\n", "x" * 251])
def test_a_prefix_that_no_key_can_have_is_never_sent(bad):
    with ScriptedServer([]) as server:
        for make in STYLES.values():
            with pytest.raises((E.MemcachedKeyError, ValueError)):
                make([server.address], key_prefix=bad, timeout=0.1).get("k")
        assert_heard_nothing(server)


NAMES = ["noreply", "0", "-1", "get", "END", "STORED", "VALUE", "VA", "T0", "q", "k", "O1", "mn", "\u00e9", "quit"]


@pytest.mark.parametrize("style_name", STYLES)
@pytest.mark.parametrize("protocol", ["text", "meta", "auto"])
def test_words_of_the_protocol_are_keys(memcached, style_name, protocol):
    raising = {} if "." in style_name else {"errors": "raise"}
    style = STYLES[style_name]([memcached.address], protocol=protocol, **raising)
    for k in NAMES:
        style.delete(k)
        assert style.get(k) is None and style.replace(k, b"r") == 0 and style.touch(k, 9) == 0 and style.incr(k) is None
        assert style.add(k, b"5") and not style.add(k, b"6")
        assert style.incr(k, 2) == 7 and style.decr(k) == 6 and style.gat(k, 60) == b"6" and style.touch(k, 60) == 1
        value, token = style.get_with_cas(k)
        assert value == b"6" and style.cas(k, b"m", cas=token) and not style.cas(k, b"n", cas=token)
        assert style.append(k, b"]") and style.prepend(k, b"[") and style.gets(k) == b"[m]"
        assert style.getflags(k) == (b"[m]", 0) and style.delete(k) == 1 and style.delete(k) == 0
        assert style.set(k, b"s", noreply=True) and style.get(k) == b"s"
    values = {k: k.encode() + b"!" for k in NAMES}
    assert style.set_multi(values) == [] and style.get_multi(NAMES) == values
    assert style.delete_multi(NAMES) == 1 and style.get_multi(NAMES) == {}
    style.close()


LENGTHS = [b"4000000000", b"9223372036854775807", b"-1", b"18446744073709551616", b"1099511627776", b"0x10", b"+5"]


@pytest.mark.parametrize("length", LENGTHS, ids=bytes.decode)
@pytest.mark.parametrize("style_name", STYLES)
def test_a_length_that_no_value_has(style_name, length):
    """It is a ProtocolError, and no memory is taken for it."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    meta = [greeting(b"1.6.18"), line(), send(b"VA %s f0 c1\r\nx\r\n" % length)]
    with ScriptedServer([line(), send(b"VALUE k 0 %s\r\nx\r\nEND\r\n" % length)]) as classic, \
            ScriptedServer(meta) as modern:
        for server, protocol, call in ((classic, "text", lambda s: s.get("k")), (classic, "text", lambda s: s.gat("k", 9)),
                                       (classic, "text", lambda s: s.get_multi(["k"])),
                                       (modern, "auto", lambda s: s.gat("k", 9))):
            style = STYLES[style_name]([server.address], protocol=protocol, timeout=0.5, dead_retry=0)
            try:
                assert not call(style) and not style.raises
                error = style.client.last_error
            except cmemcache.Error as raised:
                error = raised
            assert isinstance(error, cmemcache.ProtocolError), (protocol, error)
            style.close()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000, "KiB"
