"""Bars: each case a panel, each contender's time as a multiple of the floor's, which is a line."""

import math
import pathlib
import textwrap

from .cases import GROUPS
from .contenders import FLOOR, OURS

OWN, OTHER, RAW = "#c2410c", "#94a3b8", "#57534e"
COLUMNS, WIDTH = 4, 5.0  # panels in a row, inches of one
MOST = 12  # times the floor that a linear scale still shows


def draw(result, folder):
    """Writes cachecmp.png and cachecmp.svg into `folder` and returns their paths. ImportError where matplotlib is not there."""
    import matplotlib
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.fonttype"] = "none"  # words, not their outlines: a tenth of the size
    from matplotlib import pyplot

    shown = {name: case for name, case in result["cases"].items() if len(case["contenders"]) > 1}
    groups = {group: [name for name in names if name in shown] for group, names in GROUPS.items()}
    groups = {group: [names[i:i + COLUMNS] for i in range(0, len(names), COLUMNS)] for group, names in groups.items() if names}
    heights = [0.5 + sum(_height(row, shown) for row in rows) for rows in groups.values()]
    figure = pyplot.figure(figsize=(WIDTH * COLUMNS, 0.8 + sum(heights)), layout="constrained")
    about = result["about"]
    figure.suptitle(f"Time a call, as a multiple of a raw socket's (dashed); {about['cpus']}; memcached {about['memcached']}",
                    fontsize=13)
    for part, (group, rows) in zip(figure.subfigures(max(1, len(groups)), 1, squeeze=False, height_ratios=heights or None).flat,
                                   groups.items()):
        part.suptitle(group, fontsize=12, fontweight="bold", x=0.01, ha="left")
        axes = part.subplots(len(rows), COLUMNS, squeeze=False, height_ratios=[_height(row, shown) for row in rows])
        for row, names in zip(axes, rows):
            for panel, name in zip(row, names + [None] * (COLUMNS - len(names))):
                if name is None:
                    panel.set_axis_off()
                else:
                    _bars(panel, name, shown[name])
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"cachecmp.{kind}" for kind in ("png", "svg")]
    for path in paths:
        figure.savefig(path, dpi=100)
    pyplot.close(figure)
    return paths


def _height(names, cases):
    """Inches of a row of panels: as many bars as the fullest has."""
    return 0.85 + 0.2 * max(len(cases[name]["contenders"]) for name in names)


def _bars(panel, name, case):
    contenders = case["contenders"]
    base = FLOOR if FLOOR in contenders else next(iter(contenders))
    who = sorted((one for one in contenders if one != FLOOR), key=lambda one: contenders[one]["ratios"][base], reverse=True)
    lengths = [contenders[one]["ratios"][base] for one in who]
    # One that is thirty times slower would make all others look alike.
    far = max(lengths) / min(1, *lengths) > MOST
    left = min(0.8, *(0.8 * length for length in lengths)) if far else 0
    panel.barh(who, [length - left for length in lengths], left=left, height=0.72,
               color=[OWN if one in OURS else RAW if one.startswith(("raw-", "bare-")) else OTHER for one in who])
    panel.axvline(1, color="black", linestyle="--", linewidth=0.9)
    for place, (one, length) in enumerate(zip(who, lengths)):
        panel.annotate(f"{length:.2f}x  {contenders[one]['us']:,.1f} us", (max(length, 1) if base == FLOOR else length, place),
                       xytext=(4, 0), textcoords="offset points", va="center", fontsize=7.5)
    if far:
        panel.set_xscale("log")
        panel.set_xlim(left, max(lengths) * (max(lengths) / left) ** 0.6)  # with room for the last label
        panel.xaxis.set_major_formatter("{x:g}")
    else:
        panel.set_xlim(0, max(1, *lengths) * 1.5)
    title = case["title"].partition("; floor")[0].partition("; values")[0]
    panel.set_title(f"{textwrap.shorten(title, 60, placeholder=' ...')}\n{name}; {base}: {contenders[base]['us']:,.1f} us",
                    fontsize=9, loc="left")
    panel.tick_params(labelsize=8)
    for label in panel.get_yticklabels():
        if label.get_text() in OURS:
            label.set(color=OWN, fontweight="bold")
    panel.spines[["top", "right"]].set_visible(False)
