"""What ``get_stats()`` says of slabs, in order by slab. Takes its answers and asks nobody: any client can use it."""


def of_stats_slabs(answers):
    """``[(server, {slab: {name: value}})]`` of the answers to ``stats slabs``; names of no slab beside the slabs."""
    return [(server, _by_slab(stats, "")) for server, stats in answers]


def of_stats_items(answers):
    """``[(server, {slab: {name: value}})]`` of the answers to ``stats items``."""
    return [(server, _by_slab(stats, "items:")) for server, stats in answers]


def _by_slab(stats, prefix):
    result = {}
    for name, value in stats.items():
        slab, colon, figure = name.removeprefix(prefix).partition(":")
        if colon:
            result.setdefault(slab, {})[figure] = value
        else:
            result[name] = value
    return result
