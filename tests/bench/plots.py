"""Bars: each case a panel, each contender's time as a multiple of the floor's."""

import math
import pathlib
import textwrap

from .contenders import FLOOR, OURS

OWN, OTHER, GROUND = "#c2410c", "#64748b", "#d6d3d1"


def draw(result, folder):
    """Writes cachecmp.png and cachecmp.svg into `folder` and returns their paths. ImportError where matplotlib is not there."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    shown = {name: case for name, case in result["cases"].items() if len(case["contenders"]) > 1}
    columns = min(3, max(1, len(shown)))
    rows = max(1, math.ceil(len(shown) / columns))
    figure, axes = pyplot.subplots(rows, columns, figsize=(6 * columns, 3.2 * rows), squeeze=False)
    for panel in axes.flat:
        panel.set_axis_off()
    for panel, (name, case) in zip(axes.flat, shown.items()):
        panel.set_axis_on()
        _bars(panel, name, case)
    figure.suptitle(f"Microseconds a call, and multiples of the floor's; {result['about']['cpus']}")
    figure.tight_layout(rect=(0, 0, 1, 0.985))
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"cachecmp.{kind}" for kind in ("png", "svg")]
    for path in paths:
        figure.savefig(path, dpi=110)
    pyplot.close(figure)
    return paths


def _bars(panel, name, case):
    who = list(case["contenders"])[::-1]  # the fastest on top
    base = FLOOR if FLOOR in who else who[-1]
    lengths = [case["contenders"][one]["ratios"][base] for one in who]
    colours = [GROUND if one == FLOOR else OWN if one in OURS else OTHER for one in who]
    panel.barh(who, lengths, color=colours)
    for place, (one, length) in enumerate(zip(who, lengths)):
        panel.text(length, place, f" {case['contenders'][one]['us']:,.1f} us  {length:.2f}x", va="center", fontsize=7)
    # One that is thirty times slower would make all others look alike.
    if max(lengths) > 12:
        panel.set_xscale("log")
        panel.set_xlim(min(lengths) / 2, max(lengths) * 5)
    else:
        panel.set_xlim(0, max(lengths) * 1.35)
    panel.set_title(textwrap.fill(f"{name}: {case['title']}", 72), fontsize=8, loc="left")
    panel.tick_params(labelsize=7)
    panel.spines[["top", "right"]].set_visible(False)
