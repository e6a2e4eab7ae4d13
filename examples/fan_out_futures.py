"""Many calls at once, with futures: python3 fan_out_futures.py [host:port]"""

import concurrent.futures
import sys

import cmemcache

address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:11211"


def show(what, result):
    print(f"{what:<42} {result!r}")


# Every call returns at once, with a concurrent.futures.Future. One connection and one thread serve them all.
with cmemcache.FutureClient([address], timeout=2) as fc:
    stored = [fc.set(f"fan:{n}", {"n": n, "square": n * n}, time=60) for n in range(1000)]
    show("1000 sets, stored", sum(bool(future.result()) for future in stored))

    # Results as they come. The key of a future is yours to keep.
    asked = {fc.get(f"fan:{n}"): n for n in range(0, 2000, 2)}
    hits = {}
    for future in concurrent.futures.as_completed(asked, timeout=5):
        if (value := future.result()) is not None:
            hits[asked[future]] = value["square"]
    show("1000 gets, hits", len(hits))
    show("the square of 30", hits[30])

    # Many keys of one kind are cheaper as one call, which is a future as well.
    keys = [f"fan:{n}" for n in range(5)]
    show("get_multi of five", sorted(fc.get_multi(keys).result(timeout=1)))

    # A callback is run by the client's own thread. It may start other calls there, but must not wait for them.
    begun = concurrent.futures.Future()
    fc.incr("fan:visits").add_done_callback(lambda visits: begun.set_result(visits.result() or fc.add("fan:visits", 1)))
    show("incr of nothing, then add", begun.result(timeout=5).result(timeout=5))

    # Whoever has waited long enough takes the call back. Its reply goes nowhere when it comes.
    late = fc.get("fan:0")
    show("cancelled, or done already", late.cancel() or late.done())
    show("delete_multi", fc.delete_multi([f"fan:{n}" for n in range(1000)] + ["fan:visits"]).result())

# Trouble raises from result(): here nobody listens. A blocking client has futures, too: they share its options.
with cmemcache.Client(["127.0.0.1:1"]) as nobody:
    future = nobody.futures.get("fan:0")
    try:
        future.result(timeout=5)
    except cmemcache.ServerDown as trouble:
        show("result(), server down", trouble)
    show("the same, blocking: a miss", nobody.get("fan:0"))
