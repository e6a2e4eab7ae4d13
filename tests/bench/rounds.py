"""Rounds in which contenders take turns, so that whatever a machine does meanwhile happens to all of them."""

from .contenders import Absent

MOST_CALLS = 20000  # in a slice: a delete needs a key for each


def calls_for(contender, case, seconds):
    """How many calls of it fill a slice."""
    contender.slice(case, 1)  # the first is slow, and says nothing
    calls = 1
    while True:
        wanted = max(1, min(MOST_CALLS, round(seconds * 1e6 / max(contender.slice(case, calls), 0.1))))
        # What it costs to begin, a hundred tasks for example, weighs less the more calls there are: look again.
        if wanted <= 2 * calls:
            return wanted
        calls = min(wanted, 8 * calls)


def measure(contenders, cases, rounds, seconds, progress=lambda done, of: None):
    """(case -> contender -> microseconds a call, one figure a round; case -> contender -> why it is left out).

    Within a round each contender plays a slice of about `seconds` of each case. Who begins changes from round to round.
    """
    players = {case.name: [c for c in contenders if c.verb(case)] for case in cases}
    times = {case.name: {c.name: [] for c in players[case.name]} for case in cases}
    left_out = {case.name: {} for case in cases}
    calls = {}
    for round_ in range(rounds + 1):
        for number, case in enumerate(cases):
            progress(round_ * len(cases) + number, (rounds + 1) * len(cases))
            among = players[case.name]
            turn = round_ % max(1, len(among))
            for contender in among[turn:] + among[:turn]:
                try:
                    if round_ == 0:  # for warming up, and to see how fast it is
                        calls[case.name, contender.name] = calls_for(contender, case, seconds)
                    else:
                        figure = contender.slice(case, calls[case.name, contender.name])
                        times[case.name][contender.name].append(figure)
                except Absent as why:
                    left_out[case.name][contender.name] = str(why)
                    players[case.name] = [c for c in players[case.name] if c is not contender]
                    del times[case.name][contender.name]
    progress(1, 1)
    return times, left_out
