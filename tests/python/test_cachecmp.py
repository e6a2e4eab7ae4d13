"""tools/cachecmp: a tiny run of it, and its arithmetic."""

import json
import os
import pathlib
import re
import subprocess

import pytest

from bench import cases, ratios, rounds, targets
from bench.contenders import PROGRAMS, Absent
from bench.worker import PLAYERS

_ROOT = pathlib.Path(__file__).resolve().parents[2]
_BUILT = _ROOT / "build/release/tests/bench" / PROGRAMS["floor"]

built = pytest.mark.skipif(not _BUILT.exists(), reason="the release build is not there")


def compare(*words, env=None):
    return subprocess.run(["/usr/bin/python3", _ROOT / "tools/cachecmp", *words], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **(env or {})})


# A run.

@built
def test_a_tiny_run(tmp_path):
    told = tmp_path / "told.json"
    done = compare("--quick", "--only", "get,get_multi_10", "--contenders", "floor,StringClient", "--rounds", "3",
                   "--json", told)
    assert done.returncode == 0, done.stderr
    assert len(re.findall(r"^ +us +spread +x floor +x StringClient$", done.stdout, re.M)) == 2
    assert len(re.findall(r"^  (?:floor|StringClient) +[0-9.]+ +[0-9]+% +[0-9.]+ +[0-9.]+$", done.stdout, re.M)) == 4
    result = json.loads(told.read_text())
    assert list(result["cases"]) == ["get", "get_multi_10"] and result["about"]["absent"] == {}
    for case in result["cases"].values():
        floor, ours = case["contenders"]["floor"], case["contenders"]["StringClient"]
        assert floor["ratios"]["floor"] == 1 and len(ours["samples"]) == 3
        assert ours["ratios"]["floor"] == ratios.ratio(ours["samples"], floor["samples"])


@built
def test_who_is_not_installed_is_skipped_and_named(tmp_path):
    (tmp_path / "pymemcache.py").write_text("raise ImportError('not on this machine')\n")
    done = compare("--quick", "--only", "get", "--contenders", "floor,pymemcache", "--rounds", "1", "--peers", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "pymemcache: skipped: ImportError: not on this machine\n" in done.stdout
    assert re.search(r"^  floor ", done.stdout, re.M) and not re.search(r"^  pymemcache ", done.stdout, re.M)


@built
def test_who_answers_wrongly_is_left_out_of_the_case(tmp_path):
    (tmp_path / "pymemcache.py").write_text("""
class serde: pickle_serde = None
class Client:
    def __init__(self, *args, **kwargs): self.set = self.get_multi = self.set_multi = self.delete = self.incr = self.get
    def get(self, *args): return 'another value'
""")
    done = compare("--quick", "--only", "get", "--contenders", "floor,pymemcache", "--rounds", "1", "--peers", tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.search(r"^  pymemcache +left out: AssertionError: get", done.stdout, re.M)
    assert re.search(r"^  floor +[0-9.]+ ", done.stdout, re.M)


@pytest.mark.parametrize("words, complaint", [
    (["--only", "gett"], "no such case: gett"), (["--contenders", "floor,nobody"], "no such contender: nobody"),
    (["--rounds", "0"], "at least 1"), (["--peers", "/no/such/folder"], "is no folder")])
def test_misuse(words, complaint):
    done = compare(*words)
    assert done.returncode == 2 and complaint in done.stderr and done.stdout == ""


@built
def test_what_is_aimed_at_is_judged_at_the_end(tmp_path):
    told = tmp_path / "told.json"
    done = compare("--targets", "--only", "get,miss,rndmulti,get_key_100", "--contenders", "floor,StringClient,PostgreSQL",
                   "--rounds", "1", "--json", told)
    assert done.returncode == 0, done.stderr
    result = json.loads(told.read_text())
    assert list(result["cases"]) == ["get", "miss", "rndmulti"] and result["about"]["absent"] == {}
    judged = [one for one in result["targets"] if one["met"] is not None]
    assert [(one["case"], one["against"]) for one in judged] == [(case, "floor") for case in ("get", "miss", "rndmulti")]
    for one in judged:
        assert one["ratio"] == result["cases"][one["case"]]["contenders"]["StringClient"]["ratios"]["floor"]
    shown = re.search(r"\ntargets\n(.*)", done.stdout, re.S)[1]
    assert len(re.findall(r"^  (?:get|miss|rndmulti) +StringClient +[0-9.]+ of <= 1\.[0-9]+ +x floor$", shown, re.M)) == 3
    assert "not measured" not in shown


# The targets.

def played(**times):
    return {"contenders": ratios.summary({name.replace("_", "-"): [figure] for name, figure in times.items()}), "left_out": {}}


def test_of_several_the_one_that_is_hardest_to_beat_counts():
    target = targets.Target("get", "ours", ("slow", "quick", "absent"), 0.8)
    cases_ = {"get": played(ours=8.0, slow=100.0, quick=10.0)}
    told = targets.judge(target, cases_, {"absent": "ImportError: it is not here"}, {"ours", "slow", "quick", "absent"})
    assert told == {"case": "get", "contender": "ours", "against": "quick, the best of 2", "bound": 0.8, "ratio": 0.8, "met": True,
                    "note": "without absent"}
    assert targets.judge(target, {"get": played(ours=8.1, slow=100.0, quick=10.0)}, {}, ())["met"] is False


def test_who_is_not_there_is_neither_met_nor_missed():
    target = targets.Target("get", "ours", ("peer",), 1)
    for cases_, absent, note in (
            ({}, {}, "not asked"), ({"get": played(peer=1.0)}, {}, "not asked"), ({"get": played(ours=1.0)}, {}, "not asked"),
            ({"get": played(ours=1.0)}, {"peer": "no module"}, "peer: no module"),
            ({"get": {**played(ours=1.0), "left_out": {"peer": "it died"}}}, {}, "peer: it died")):
        told = targets.judge(target, cases_, absent, ())
        assert (told["ratio"], told["met"], told["note"]) == (None, None, note)
    assert targets.judge(target, {"get": played(ours=1.0)}, {}, {"ours", "peer"})["note"] == "peer: has no such call"


def test_a_bound_that_lies_below_the_floor_is_named():
    target = targets.Target("get", "ours", ("peer",), 0.6)
    told = targets.judge(target, {"get": played(floor=7.0, ours=8.0, peer=10.0)}, {}, ())
    assert told["met"] is False and told["note"] == "even the floor has 0.700"


def test_every_target_is_about_who_can_play_it():
    assert targets.CASES <= set(cases.CASES) and targets.CONTENDERS <= {*PROGRAMS, *PLAYERS}
    assert len(set(targets.TARGETS)) == len(targets.TARGETS) > 60


# The arithmetic.

def test_a_ratio_is_taken_within_rounds():
    # The machine slowed down tenfold in the last rounds. The medians say 1 : 1, each round says 1 : 2.
    base, slower = [10, 10, 20, 100, 100], [20, 20, 40, 200, 200]
    assert ratios.ratio(slower, base) == 2 and ratios.ratio(base, slower) == 0.5
    # Not the ratio of the medians (20 : 10), and one bad round moves nothing.
    assert ratios.ratio([10, 30, 20], [10, 10, 20]) == 1
    assert ratios.ratio([10, 3000, 20], [10, 10, 10]) == 2
    with pytest.raises(ValueError):
        ratios.ratio([1, 2], [1])


def test_the_summary_is_sorted_and_has_every_pair():
    told = ratios.summary({"slow": [4.0, 9.0, 8.0], "fast": [2.0, 3.0, 4.0]})
    assert list(told) == ["fast", "slow"]
    assert told["slow"]["us"] == 8 and told["fast"]["us"] == 3
    assert told["slow"]["ratios"] == {"slow": 1, "fast": 2} and told["fast"]["ratios"]["slow"] == 0.5
    assert told["fast"]["spread"] == pytest.approx(2 / 3)


class Scripted:
    """A contender that takes what it is told to, and notes when it was asked."""

    def __init__(self, name, microseconds, log, fails_in_round=None):
        self.name, self.microseconds, self.log, self.fails = name, microseconds, log, fails_in_round

    def verb(self, case):
        return case.verb

    def slice(self, case, calls):
        self.log.append((self.name, calls))
        if self.fails is not None and len([1 for name, _ in self.log if name == self.name]) > self.fails:
            raise Absent("it died")
        return self.microseconds


def test_contenders_take_turns_in_slices_of_the_same_time():
    log = []
    times, left_out = rounds.measure([Scripted("a", 1000, log), Scripted("b", 100, log), Scripted("c", 10, log)],
                                     [cases.CASES["get"]], 3, 0.01)
    played = log[-9:]
    assert "".join(name for name, _ in played) == "bca" "cab" "abc"
    assert {name: calls for name, calls in played} == {"a": 10, "b": 100, "c": 1000}
    assert times == {"get": {"a": [1000] * 3, "b": [100] * 3, "c": [10] * 3}} and left_out == {"get": {}}


def test_a_slow_beginning_does_not_shorten_the_slices():
    class Cold(Scripted):
        def slice(self, case, calls):
            first = not self.log
            return super().slice(case, calls) * (1000 if first else 1) + 2000 / calls

    log = []
    rounds.measure([Cold("a", 100, log)], [cases.CASES["get"]], 1, 0.01)
    assert 65 <= log[-1][1] <= 100


def test_who_fails_amid_a_case_is_left_out_of_it():
    log = []
    times, left_out = rounds.measure([Scripted("a", 100, log), Scripted("b", 10000, log, fails_in_round=3)],
                                     [cases.CASES["get"]], 5, 0.01)
    assert times == {"get": {"a": [100] * 5}} and left_out == {"get": {"b": "it died"}}


def test_keys_are_as_long_as_said_and_nobody_elses():
    stems = [cases.stem(number, case) for number in (0, 1, 12) for case in cases.CASES.values()]
    keys = [key for stem in stems for key in cases.keys_of(stem, 20000, 10)]
    assert len(set(keys)) == len(keys) and {len(key) for key in keys} == {10}
    assert len(cases.keys_of("00a", 1, 100)[0]) == 100


def test_random_picks_are_the_same_every_time():
    keys = cases.keys_of("00a", 100, 10)
    picks = cases.random_picks(keys)
    assert picks == cases.random_picks(keys) and all(len(set(pick)) == len(pick) for pick in picks)
    assert {len(pick) for pick in picks} <= set(range(1, 51)) and len({len(pick) for pick in picks}) > 20
