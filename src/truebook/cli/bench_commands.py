"""`truebook bench …`: what measures."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from truebook.cli.options import Json

bench_app = App(name="bench", help="Measure.")


@bench_app.command
def kernel(
    *files: Path,
    json: Json = False,
    batch: int = 4096,
    profile: Annotated[bool, Parameter(negative=())] = False,
    latency: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Measure what a command costs the engine.

    Parameters
    ----------
    files
        Workloads, as `python -m truebook.bench.workload` makes them.
    batch
        Commands that the engine is given at once.
    profile
        Also tell what a command makes, what its parts take, and what the slowest batch took.
    latency
        Also tell what single commands take: p50, p99, p99.9 and the longest.
    """
    from truebook.bench.kernel import Options, run

    return int(run(list(files), json, Options(batch, profile, latency)))


@bench_app.command
def recovery(*, orders: int = 1_000_000, json: Json = False) -> None:
    """Measure snapshots, replay, and how fast an engine is back.

    Parameters
    ----------
    orders
        How many rest in the books meanwhile.
    """
    from truebook.bench.recovery import run as run_recovery

    run_recovery(orders, json)


@bench_app.command
def orders(
    *,
    connections: str = "1,16,64",
    resting: str = "0",
    mix: str = "place,cross,cancel,batch,mixed",
    seconds: float = 2.0,
    rounds: int = 3,
    rate: float = 0.0,
    apis: int = 1,
    json: Json = False,
) -> None:
    """Measure orders from socket to socket, on an exchange of its own.

    Parameters
    ----------
    connections
        How many, as in 1,16,64: each is measured.
    resting
        Orders in the books meanwhile, as in 0,100000,1000000: an exchange for each.
    mix
        What is asked for: place (it rests), cross (it trades), cancel, batch (of 20), and mixed
        (every order is cancelled by the next request).
    seconds
        How long each run lasts.
    rounds
        How often all is measured; the medians are told.
    rate
        Requests a second, due at their time whatever became of those before them; by default each
        connection sends the next when the last is answered.
    apis
        API processes of the exchange.
    """
    from truebook.cli.benches import order_options

    options = order_options(connections, resting, mix)._replace(
        seconds=seconds, rounds=rounds, rate=rate, apis=apis
    )
    from truebook.bench.orders import run as run_orders

    run_orders(options, json)
