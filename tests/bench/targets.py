"""What the library is to be worth: bounds on ratios, and how a comparison meets them.

They hold for pinned runs. A ratio is the median of those within the rounds. Where several others are named it is the one that is
hardest to beat that counts.
"""

import dataclasses

from .contenders import FLOOR

PEERS = ("pylibmc", "libmc", "pymemcache", "python-memcached", "meta-memcache")  # blocking, in Python
AIO_PEERS = ("aiomcache", "emcache")
NOT_ASKED = "not asked"


@dataclasses.dataclass(frozen=True)
class Target:
    case: str
    ours: str
    others: tuple
    bound: float  # times the others' time, at most

    @property
    def against(self):
        return self.others[0] if len(self.others) == 1 else "best of " + ", ".join(self.others)


def _all():
    def target(case, others, bound, ours="StringClient"):
        return Target(case, ours, (others,) if isinstance(others, str) else others, bound)

    for case in ("get", "set", "incr", "delete", "miss"):
        yield target(case, FLOOR, 1.12)
        yield target(case, ("pylibmc", "libmc"), 1.0)
        yield target(case, "python-memcached", 0.6)
    for keys, of_floor, of_peers in ((10, 1.22, 0.84), (100, 1.4, 0.6), (1000, 1.5, 0.58)):
        yield target(f"get_multi_{keys}", FLOOR, of_floor)
        yield target(f"get_multi_{keys}", PEERS, of_peers)
    yield target("get_multi_100", "python-memcached", 0.14)
    for case in ("set_multi_100", "set_multi_1000"):
        yield target(case, FLOOR, 1.25)
        yield target(case, PEERS, 0.45)
        yield target(case, "pylibmc", 0.05)
    yield target("rndmulti", FLOOR, 1.27)
    yield target("rndmulti", PEERS, 0.72)
    yield target("rndmulti", "python-memcached", 0.23)
    for case in ("get_text", "set_text", "get_int", "set_int"):
        yield target(case, "StringClient", 1.05, "Client")
    yield target("get_multi_100", "StringClient", 1.12, "Client")
    yield target("get_500k", FLOOR, 1.3)
    yield target("get_500k", PEERS, 1.0)
    yield target("set_500k", FLOOR, 1.12)
    yield target("set_500k", PEERS, 0.8)
    for case, of_floor in (("threads_get", 1.18), ("threads_multi_10", 1.3)):
        yield target(case, FLOOR, of_floor)
        yield target(case, "libmc", 0.62)
    yield target("aio_1", FLOOR, 2.3, "AsyncClient")
    yield target("aio_1", AIO_PEERS, 0.75, "AsyncClient")
    yield target("aio_100", "aiomcache", 0.065, "AsyncClient")
    yield target("aio_100", "emcache", 0.65, "AsyncClient")
    yield target("futures_1000", "bare-Future", 1.7, "FutureClient")
    yield target("futures_1000", "pylibmc+executor", 0.15, "FutureClient")
    for case, of_floor, of_libmemcached in (("get", 1.05, 0.93), ("set", 1.05, 0.93), ("incr", 1.05, 0.93),
                                            ("get_multi_100", 1.2, 0.8), ("set_multi_100", 1.2, 0.62)):
        yield target(case, FLOOR, of_floor, "C++blocking")
        yield target(case, "libmemcached", of_libmemcached, "C++blocking")
    yield target("get", FLOOR, 1.3, "C++async")
    yield target("futures_1000", "raw-mg", 1.5, "C++async")
    yield target("futures_1000", "raw-get", 0.42, "C++async")


TARGETS = tuple(_all())
CASES = {one.case for one in TARGETS}
CONTENDERS = {name for one in TARGETS for name in (one.ours, *one.others)}


def judge(target, cases, absent, asked):
    """{"case", "contender", "against", "bound", "ratio", "met", "note"}: what a comparison's cases say of a target.

    Without a ratio, which is None then as `met` is, the note says why. `absent`: contender -> why it did not take part;
    `asked`: all who were asked to.
    """
    told = {"case": target.case, "contender": target.ours, "against": target.against, "bound": target.bound,
            "ratio": None, "met": None, "note": ""}
    case = cases.get(target.case)
    if case is None:
        return {**told, "note": NOT_ASKED}

    def missing(names):
        why = {name: absent.get(name) or case["left_out"].get(name) or ("has no such call" if name in asked else NOT_ASKED)
               for name in names}
        return NOT_ASKED if set(why.values()) == {NOT_ASKED} else "; ".join(f"{name}: {what}" for name, what in why.items())

    if target.ours not in case["contenders"]:
        return {**told, "note": missing([target.ours])}
    ratios = case["contenders"][target.ours]["ratios"]
    there = [name for name in target.others if name in ratios]
    if not there:
        return {**told, "note": missing(target.others)}
    gone = [name for name in target.others if name not in there]
    note = "without " + ", ".join(gone) if gone else ""
    hardest = max(there, key=ratios.get)
    against = hardest if len(target.others) == 1 else f"{hardest}, the best of {len(there)}"
    met = ratios[hardest] <= target.bound
    floor = case["contenders"].get(FLOOR, {}).get("ratios", {}).get(hardest, 0)
    if not met and hardest != FLOOR and floor > target.bound:
        note = "; ".join(filter(None, (note, f"even the floor has {floor:.3f}")))
    return {**told, "against": against, "ratio": ratios[hardest], "met": met, "note": note}


def judged(cases, absent, asked):
    return [judge(one, cases, absent, asked) for one in TARGETS]


def lines(verdicts):
    """A table of them: what was missed first, then what is met, then what was not measured."""
    order = {False: "missed", True: "met", None: "not measured"}
    for met, word in order.items():
        some = [one for one in verdicts if one["met"] is met]
        if some:
            yield f"{word}: {len(some)} of {len(verdicts)}"
        for one in some:
            ratio = "" if met is None else f"{one['ratio']:.3f}"
            note = f"  ({one['note']})" if one["note"] else ""
            yield f"  {one['case']:<17}{one['contender']:<14}{ratio:>7} of <= {one['bound']:<6g}x {one['against']}{note}"
