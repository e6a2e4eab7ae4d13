"""Values that say whose they are, and what may be said of one that came back.

A value is `key writer version length crc\\n` and `length` bytes. Whatever writes one counts its versions up, so that
a value with the right key, length and checksum was written by somebody to this key, or else is a lie. Old ones may come
back: a server that was dead for a while still has what was stored before. worker.cpp writes the same.
"""

import itertools
import os
import zlib

_NOISE = os.urandom(1 << 18)
_SIZES = [0, 1, 10, 100, 100, 100, 1000, 1000, 4096, 5000, 20_000, 200_000]
_WEIGHTS = [4, 4, 15, 20, 20, 10, 10, 8, 3, 3, 2, 1]


def size(chance):
    """Bytes: mostly few."""
    return chance.randint(0, chance.choices(_SIZES, _WEIGHTS)[0])


class Writer:
    """Makes values, and knows what it made. All members from any thread."""

    def __init__(self, name):
        self.name = name
        self.last = 0
        self._versions = itertools.count(1)

    def value(self, key, length, chance):
        version = next(self._versions)
        self.last = max(self.last, version)
        start = chance.randrange(len(_NOISE) - length)
        payload = _NOISE[start:start + length]
        head = f"{key} {self.name} {version} {length}"
        return f"{head} {_checksum(head, payload):08x}\n".encode() + payload

    def complaint(self, key, value):
        """What is wrong with `value` as one of `key`; "" if nothing is."""
        head, newline, payload = value.partition(b"\n")
        words = head.decode(errors="replace").split(" ")
        if not newline or len(words) != 5:
            return f"{key}: no value of ours: {value[:60]!r} ({len(value)} bytes)"
        if words[0] != key:
            return f"{key}: the value of {words[0]}"
        if not words[3].isdigit() or int(words[3]) != len(payload):
            return f"{key}: {len(payload)} bytes of {words[3]}, version {words[2]} of {words[1]}"
        if f"{_checksum(' '.join(words[:4]), payload):08x}" != words[4]:
            return f"{key}: checksum, version {words[2]} of {words[1]}"
        # Another thread's `last` may be a moment late, by as many as there are threads.
        if words[1] == self.name and int(words[2]) > self.last + 100:
            return f"{key}: version {words[2]} was never written"
        return ""


def _checksum(head, payload):
    return zlib.crc32(payload, zlib.crc32(head.encode()))


def patches_complaint(key, value, last):
    """Of a value that was only appended and prepended to, by tokens `key#number;` of which none is put twice."""
    tokens = value.decode(errors="replace").split(";")
    if tokens.pop():
        return f"{key}: cut off: {value[-40:]!r}"
    numbers = set()
    for token in tokens:
        name, _, number = token.partition("#")
        if name != key or not number.isdigit() or int(number) > last:
            return f"{key}: {token[:60]!r} was never put there"
        if number in numbers:
            return f"{key}: {token} was put there twice"
        numbers.add(number)
    return ""
