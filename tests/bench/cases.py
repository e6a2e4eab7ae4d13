"""What is compared: the cases, and what each asks of a contender.

A contender is told a case as one line of words, VERB STEM KEYS KEY_SIZE VALUE_SIZE CALLS, so that one table serves Python,
C and C++ alike. The stem is the contender's own and the case's: clients mark their values with flags that others cannot read.
"""

import dataclasses
import string


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    title: str
    verb: str
    keys: int = 1
    key_size: int = 10
    value_size: int = 100
    floor: str = None  # the floor's verb, where it is another one

    def line(self, stem, calls, verb=None):
        return f"{verb or self.verb} {stem} {self.keys} {self.key_size} {self.value_size} {calls}\n"


# What objects are made of: nothing that a client stores without pickling.
OBJECT = {"id": 1234567, "name": "Ada Lovelace", "score": 0.75, "tags": ["one", "two", "three", "four"],
          "address": ("12 St James's Square", "London", None), "active": True, "visits": {"mon": 3, "tue": 14, "wed": 15}}
OBJECT_SIZE = 200  # bytes, of its pickle with a new protocol, nearly; what the floor stores for it

NUMBER = 1234567

_RANDOM = "1 to 50 of 100 keys, at random"
_GROUPS = {
    "one key": [
        Case("get", "get of one key", "get"),
        Case("set", "set of one key", "set"),
        Case("get_key_100", "get of a key of 100 characters", "get", key_size=100),
        Case("incr", "incr of one key", "incr", value_size=1),
        Case("delete", "delete of a key that is there", "delete"),
        Case("miss", "get of a key that is not there", "miss")],
    "large values": [
        Case("get_10k", "get of 10 KB", "get", value_size=10_000),
        Case("set_10k", "set of 10 KB", "set", value_size=10_000),
        Case("get_500k", "get of 500 KB", "get", value_size=500_000),
        Case("set_500k", "set of 500 KB", "set", value_size=500_000)],
    "many keys": [
        *(Case(f"get_multi_{n}", f"get_multi of {n} keys", "get_multi", keys=n) for n in (2, 10, 100, 1000)),
        Case("rndmulti", f"get_multi of {_RANDOM}", "rndmulti", keys=100),
        *(Case(f"set_multi_{n}", f"set_multi of {n} keys", "set_multi", keys=n) for n in (100, 1000))],
    "other values than bytes": [
        *(Case(f"{verb}_text", f"{verb} of a str", f"{verb}_text", floor=verb) for verb in ("get", "set")),
        *(Case(f"{verb}_int", f"{verb} of an int", f"{verb}_int", value_size=len(str(NUMBER)), floor=verb)
          for verb in ("get", "set")),
        *(Case(f"{verb}_object", f"{verb} of a pickled object", f"{verb}_object", value_size=OBJECT_SIZE, floor=verb)
          for verb in ("get", "set"))],
    "many at once": [
        Case("threads_get", "get by 8 threads on one client; floor: one thread", "threads_get", floor="get"),
        Case("threads_multi_10", "get_multi of 10 keys by 8 threads on one client; floor: one thread", "threads_get_multi",
             keys=10, floor="get_multi"),
        Case("aio_1", "awaited get, one task", "tasks", floor="in_flight"),
        Case("aio_100", "100 tasks of asyncio, one get each; floor: one line of 100 keys", "tasks", keys=100, floor="in_flight"),
        Case("futures_1000", "1,000 gets under way, then waited for; floor: 10 lines of 100 keys", "in_flight", keys=1000)],
}
GROUPS = {group: [case.name for case in cases] for group, cases in _GROUPS.items()}
CASES = {case.name: case for cases in _GROUPS.values() for case in cases}
THREADS = 8


def chosen(words, all_of, what):
    """The named ones of a dict, given "a,b" in any case of letters, in the dict's order. KeyError says which there are."""
    if words is None:
        return list(all_of.values())
    wanted = {word.lower() for word in words.split(",") if word}
    if unknown := wanted - {name.lower() for name in all_of}:
        raise KeyError(f"no such {what}: {', '.join(sorted(unknown))}; there are {', '.join(all_of)}")
    return [one for name, one in all_of.items() if name.lower() in wanted]


def stem(contender_number, case):
    return f"{contender_number:02d}{string.ascii_letters[list(CASES).index(case.name)]}"


def keys_of(stem, count, size):
    return [stem + str(i).zfill(size - len(stem)) for i in range(count)]


def random_picks(keys, count=64, most=50):
    """`count` choices of 1 to `most` different keys; the same ones every time, and in contest.hpp."""
    state, picks = 1, []
    for _ in range(count):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        size, start = 1 + (state >> 8) % most, (state >> 16) % len(keys)
        picks.append([keys[(start + 37 * j) % len(keys)] for j in range(size)])
    return picks
