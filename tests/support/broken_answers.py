"""The scripts of vectors/broken_answers.txt for the scripted server, by name, and the group that each belongs to."""

import pathlib
import re

from support.scripted_server import close, drip, echo_gets, reset, send, wait

_FILE = pathlib.Path(__file__).resolve().parents[1] / "vectors" / "broken_answers.txt"
_STEP = re.compile(r'(?P<verb>[a-z]+)(?: "(?P<bytes>(?:[^"\\]|\\.)*)")?(?: \*)?(?: (?P<number>\d+))?(?:; |$)')
_ESCAPE = re.compile(r"\\(x[0-9a-f]{2}|.)")
_ESCAPED = {"r": "\r", "n": "\n", '"': '"', "\\": "\\"}
_STEPS = {
    "send": lambda data, number: send(data * (number or 1)),
    "drip": lambda data, ms: drip(data, ms / 1000),
    "wait": lambda data, ms: wait(ms / 1000),
    "close": lambda data, number: close(),
    "reset": lambda data, number: reset(),
    "serve": lambda data, number: echo_gets(),
}


def _unescaped(text):
    def one(match):
        return chr(int(match[1][1:], 16)) if match[1][0] == "x" else _ESCAPED[match[1]]
    return _ESCAPE.sub(one, text or "").encode("latin-1")


def _script(text):
    steps, at = [], 0
    while at < len(text):
        step = _STEP.match(text, at)
        assert step, f"no step: {text[at:]}"
        steps.append(_STEPS[step["verb"]](_unescaped(step["bytes"]), int(step["number"] or 0)))
        at = step.end()
    return steps


def _read():
    scripts, groups = {}, {}
    for line in _FILE.read_text().splitlines():
        if line.startswith("["):
            group = line.strip("[]")
        elif line and line[0] != "#":
            name, _, script = line.partition(": ")
            scripts[name], groups[name] = _script(script), group
    return scripts, groups


BROKEN, GROUP = _read()
