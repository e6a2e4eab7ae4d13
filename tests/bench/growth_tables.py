"""Tables of curves, in Markdown."""

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
    "time": ("microseconds; in brackets the CPU time of the client", lambda f: f"{number(f['us'])} ({number(f['client_us'])})"),
    "memory": ("memory for each", lambda f: _of_bytes(f["memory"]) if "memory" in f else ""),
    "latency": ("milliseconds until the answer: median / 99 of 100", _latency),
    "rate": ("thousand a second; in brackets the connections", lambda f: f"{number(1000 / f['us'])} ({f['connections']:.0f})"),
    "cpu": ("CPU microseconds: client + server", lambda f: f"{number(f['client_us'])} + {number(f['server_us'])}"),
    "pick": ("nanoseconds", lambda f: number(1000 * f["us"])),
    "whole": ("milliseconds to make the placement, and its memory",
              lambda f: f"{number(f['build_us'] / 1000)}, {_of_bytes(f['kept'])}"),
}


def lines(name, verbs):
    """The tables of one curve, given {verb: {contender: {point: figures}}}."""
    curve = CURVES[name]
    yield f"### {curve.title}"
    for verb, told in verbs.items():
        for cell in curve.verbs[verb].cells:
            what, show = CELLS[cell]
            points = sorted({point for of_contender in told.values() for point in of_contender})
            yield f"\n**{curve.verbs[verb].title[0].upper()}{curve.verbs[verb].title[1:]}**: {what}\n"
            yield f"| {curve.axis} | " + " | ".join(f"{point:,}" for point in points) + " |"
            yield "| --- |" + " ---: |" * len(points)
            for contender, figures in told.items():
                cells = [show(figures[point]) if point in figures else "" for point in points]
                yield f"| {contender} | " + " | ".join(cells) + " |"
    yield ""
