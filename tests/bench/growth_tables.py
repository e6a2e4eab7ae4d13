"""Tables of curves, in Markdown."""

import re

from .growth import CURVES


def number(x):
    """Three digits, or all of a whole number."""
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}"


def _of_bytes(x):
    return f"{number(x / 1024)} KB" if abs(x) >= 10_240 else f"{x:,.0f} B"


def _latency(f):
    return f"{number(f['p50_us'] / 1000)} / {number(f['p99_us'] / 1000)}"


# What is shown of a point's figures, and what it is called.
CELLS = {
    "time": ("microseconds; in brackets the client's CPU time", lambda f: f"{number(f['us'])} ({number(f['client_us'])})"),
    "memory": ("memory for each", lambda f: _of_bytes(f["memory"]) if "memory" in f else ""),
    "latency": ("milliseconds until the answer: median / 99 of 100", _latency),
    "rate": ("thousand a second; in brackets the connections", lambda f: f"{number(1000 / f['us'])} ({f['connections']:.0f})"),
    "cpu": ("CPU microseconds: client + server", lambda f: f"{number(f['client_us'])} + {number(f['server_us'])}"),
    "pick": ("nanoseconds of CPU", lambda f: number(1000 * f["client_us"])),
    "whole": ("milliseconds to make the placement, and its memory",
              lambda f: f"{number(f['build_us'] / 1000)}, {_of_bytes(f['kept'])}"),
}


def title_of(verb):
    return verb.title[:1].upper() + verb.title[1:]


def lines(name, verbs):
    """The tables of one curve, given {verb: {contender: {point: figures}}}."""
    curve = CURVES[name]
    for verb, told in verbs.items():
        for cell in curve.verbs[verb].cells:
            what, show = CELLS[cell]
            shown = {contender: {point: show(f) for point, f in figures.items()} for contender, figures in told.items()}
            points = sorted({point for row in shown.values() for point, text in row.items() if text})
            if not points:
                continue
            yield f"\n**{title_of(curve.verbs[verb])}**: {what}\n"
            yield f"| {curve.axis} | " + " | ".join(f"{point:,}" for point in points) + " |"
            yield "| --- |" + " ---: |" * len(points)
            for contender, row in shown.items():
                yield f"| {contender} | " + " | ".join(row.get(point, "") for point in points) + " |"


def put_into(text, curves):
    """`text` with new tables between its marks, <!-- growth: NAME --> and <!-- end -->, for the curves that there are."""
    def tables(mark):
        name = mark[2]
        return f"{mark[1]}{chr(10).join(lines(name, curves[name]))}\n\n{mark[3]}" if name in curves else mark[0]
    return re.sub(r"(<!-- growth: (\w+) -->\n).*?(<!-- end -->)", tables, text, flags=re.S)
