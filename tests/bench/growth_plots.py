"""A picture of each curve: cost over what grows, both with logarithms, so that a straight line is a power."""

import math
import pathlib

from .contenders import OURS
from .growth import CURVES

OURS_COLOURS = ("#7c2d12", "#c2410c", "#f97316", "#fdba74", "#b45309")
OTHERS_COLOURS = ("#334155", "#64748b", "#94a3b8", "#0f766e", "#14b8a6")


def draw(curves, folder):
    """Writes growth_NAME.png and growth_NAME.svg into `folder` and returns their paths. ImportError without matplotlib."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "growth"})  # small, and the same every time
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, verbs in curves.items():
        panels = [panel for verb in verbs for panel in _panels(CURVES[name], verb)]
        columns = min(3, len(panels))
        rows = math.ceil(len(panels) / columns)
        figure, axes = pyplot.subplots(rows, columns, figsize=(4.4 * columns, 3.3 * rows + 0.6), squeeze=False)
        for axis in axes.flat[len(panels):]:
            axis.set_axis_off()
        for axis, (verb, figure_name, label) in zip(axes.flat, panels):
            _lines(axis, CURVES[name], verb, verbs[verb], figure_name, label)
        figure.suptitle(CURVES[name].title, fontsize=11)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="lower center", ncol=6, fontsize=8, frameon=False)
        figure.tight_layout(rect=(0, 0.25 / (3.3 * rows + 0.6), 1, 1))
        for kind in ("png", "svg"):
            paths.append(folder / f"growth_{name}.{kind}")
            figure.savefig(paths[-1], dpi=110, metadata={"Date": None} if kind == "svg" else None)
        pyplot.close(figure)
    return paths


def _panels(curve, verb):
    cells = curve.verbs[verb].cells
    if "rate" in cells:
        yield verb, "rate", "a second"
    elif curve.name in ("servers", "placement"):  # the rest is the servers', who all run on the same CPU, or nobody's
        yield verb, "client_us", "microseconds of the client's CPU"
    elif cells != ("memory",):
        yield verb, "us", "microseconds"
    if "latency" in cells:
        yield verb, "p99_us", "microseconds until the answer, 99 of 100"
    if "memory" in cells:
        yield verb, "memory", "bytes for each"


def _lines(axis, curve, verb, told, name, label):
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

    ours, others = iter(OURS_COLOURS), iter(OTHERS_COLOURS)
    for contender, points in told.items():
        shown = {point: 1e6 / f["us"] if name == "rate" else f.get(name, 0) for point, f in points.items()}
        shown = {point: figure for point, figure in shown.items() if figure > 0}
        is_ours = contender.partition("/")[0] in OURS
        axis.plot(list(shown), list(shown.values()), marker="o", markersize=3, linewidth=1.4,
                  linestyle="--" if "/" in contender else "-", color=next(ours if is_ours else others), label=contender)
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.xaxis.set_major_locator(FixedLocator(sorted({point for points in told.values() for point in points})))
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    for ticks in (axis.xaxis, axis.yaxis):
        ticks.set_minor_locator(NullLocator())
        ticks.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}" if x >= 1 else f"{x:g}"))
    axis.set_xlabel(curve.axis, fontsize=8)
    axis.set_ylabel(label, fontsize=8)
    axis.set_title(curve.verbs[verb].title, fontsize=8, loc="left")
    axis.tick_params(labelsize=7)
    axis.grid(True, linewidth=0.3)
    axis.spines[["top", "right"]].set_visible(False)
