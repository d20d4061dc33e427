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
def recovery(*, orders: int = 1_000_000, takeovers: int = 20, json: Json = False) -> None:
    """Measure snapshots, replay, how fast an engine is back or replaced, and a quorum's price.

    Parameters
    ----------
    orders
        How many rest in the books meanwhile.
    takeovers
        How often the publishing engine is killed, and how often it is stopped.
    """
    from truebook.bench.recovery import run as run_recovery

    run_recovery(orders, takeovers, json)


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
    engines: int = 1,
    quorum: int = 1,
    ws: Annotated[bool, Parameter(negative=())] = False,
    depth: int = 16,
    url: str = "",
    key: Annotated[list[Path] | None, Parameter(negative=())] = None,
    json: Json = False,
) -> None:
    """Measure orders from socket to socket, on an exchange of its own or on one that runs.

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
    engines
        Engines of the exchange; as many as the quorum at the least.
    quorum
        How many engines must agree before anything is answered.
    ws
        Send orders by websocket, logged on once a connection, instead of by HTTP.
    depth
        Of websockets, how many requests each has under way.
    url
        An exchange that runs already, as http://127.0.0.1:8080: what an exchange of its own could
        be told (resting, apis, engines, quorum) is its own affair, and cross has nobody to trade
        with.
    key
        With --url: a file with what `truebook account create … --json` printed; may be repeated.
    """
    from truebook.cli.benches import elsewhere_options, order_options

    options = order_options(connections, resting, mix)._replace(
        seconds=seconds,
        rounds=rounds,
        rate=rate,
        apis=apis,
        engines=max(engines, quorum),
        quorum=quorum,
        depth=depth if ws else 0,
    )
    if url or key:
        options = elsewhere_options(options, url, key or [])
    from truebook.bench.orders import run as run_orders

    run_orders(options, json)


@bench_app.command
def fanout(
    *,
    subscribers: str = "1000",
    rate: str = "100",
    burst: int = 32,
    seconds: float = 4.0,
    rounds: int = 3,
    json: Json = False,
) -> None:
    """Measure how many messages reach how many subscribers, and how late.

    Parameters
    ----------
    subscribers
        How many, as in 100,1000: each is measured. All hear depth and trades of one market.
    rate
        Events a second, as in 10,100, besides as many as the subscribers take.
    burst
        How many events come at once where they are coalesced.
    seconds
        How long each run lasts.
    rounds
        How often all is measured; the medians are told.
    """
    from truebook.bench.fanout import Options
    from truebook.bench.fanout import run as run_fanout
    from truebook.cli.benches import numbers

    rates = [float(each) for each in numbers(rate, "--rate", 1, 100_000)]
    counts = numbers(subscribers, "--subscribers", 1, 9_000)
    run_fanout(Options(counts, rates, burst, seconds, rounds), json)


@bench_app.command
def engine(*, commands: int = 400_000, rounds: int = 3, json: Json = False) -> None:
    """Measure commands through the durable log and the engine, and until all have followed.

    Parameters
    ----------
    commands
        How many are written to the log at once, in entries of 256.
    rounds
        How often; the medians are told.
    """
    from truebook.bench.engine import Options
    from truebook.bench.engine import run as run_engine

    run_engine(Options(commands, rounds), json)


@bench_app.command
def idle(*, seconds: float = 10.0, json: Json = False) -> None:
    """Measure what an exchange takes while nobody wants anything of it.

    Parameters
    ----------
    seconds
        How long it is looked at.
    """
    from truebook.bench.idle import run as run_idle

    run_idle(seconds, json)


@bench_app.command
def database(
    *, url: str | None = None, commands: int = 200_000, trades: int = 1_000_000, json: Json = False
) -> None:
    """Measure what the store costs, and how fast candles are told.

    Parameters
    ----------
    url
        An empty database; `sqlite` for a temporary file. A private PostgreSQL server by default.
    commands
        How many are followed.
    trades
        How many a symbol's month has.
    """
    from truebook.bench.database import run as run_database

    run_database(url, commands, trades, json)
