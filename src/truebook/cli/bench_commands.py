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
