"""The arithmetic: medians, and the ratios within rounds."""

import statistics


def ratio(figures, base):
    """The median of the ratios to `base` within a round each. Both drift with the machine; their ratio does not."""
    if len(figures) != len(base):
        raise ValueError("figures of different rounds")
    return statistics.median(f / b for f, b in zip(figures, base))


def spread(figures):
    """How far the middle half of the figures reaches, as a part of their median."""
    if len(figures) < 2:
        return 0.0
    low, _, high = statistics.quantiles(figures, n=4)
    return (high - low) / statistics.median(figures)


def summary(by_contender):
    """contender -> {"us", "spread", "ratios": {each other: ...}, "samples"}, the fastest first.

    `ratios` says how many times the other's time it takes.
    """
    told = {name: {"us": statistics.median(figures), "spread": spread(figures),
                   "ratios": {other: ratio(figures, base) for other, base in by_contender.items()},
                   "samples": figures}
            for name, figures in by_contender.items()}
    return dict(sorted(told.items(), key=lambda item: item[1]["us"]))
