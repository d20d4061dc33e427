"""The command line: `truebook …`. README.md and `--help` say what each command is for.

Promise: results go to standard output, as one JSON value with `--json`; errors go to standard
error. Exit status 0: done; 1: the user's mistake; 2: ours. What a command doesn't need isn't
imported: `truebook ps` answers at once, and only what runs the engine loads the compiler.
"""

import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter

from truebook import __version__
from truebook.cli.account_commands import key_app, list_accounts, password
from truebook.cli.admin_commands import admin_app
from truebook.cli.options import ConfigFile, Data, Json, config_of
from truebook.cli.proof_commands import proof_app
from truebook.config import UserError

app = App(
    name="truebook",
    help="An exchange whose book can be proved true.",
    version=__version__,
)
account_app = App(name="account", help="Accounts and their keys.")
log_app = App(name="log", help="The log: checked, shown, exported.")
bench_app = App(name="bench", help="Measure.")
app.command(account_app)
app.command(admin_app)
account_app.command(key_app)
account_app.command(list_accounts, name="list")
account_app.command(password)
app.command(log_app)
app.command(proof_app)
app.command(bench_app)

Url = Annotated[
    str | None, Parameter(help="The API's address; by default of what runs on the data folder.")
]
KeyFile = Annotated[
    Path | None,
    Parameter(help="What `account create --json` printed; by default a demo account's."),
]
Kind = Annotated[Literal["fast", "naive"] | None, Parameter(name="--engine", show=False)]


@app.command
def up(
    *,
    data: Data = None,
    config: ConfigFile = None,
    host: str | None = None,
    port: int | None = None,
    ws_port: int | None = None,
    engines: int | None = None,
    quorum: int | None = None,
    apis: int | None = None,
    bots: bool | None = None,
    engine: Kind = None,
) -> None:
    """Start the whole exchange on this machine; Ctrl-C stops it.

    Parameters
    ----------
    host
        Where the API listens; 127.0.0.1 by default.
    port
        The API's port, 0 for any free one; 8080 by default.
    ws_port
        The websocket server's port; 8081 by default.
    engines
        How many engines; the others stand by and check the first. 1 by default.
    quorum
        How many engines must agree on what happened before anybody is told; 1 by default.
    apis
        How many API processes share the port; 1 by default.
    bots
        Whether a market maker and a noise taker trade.
    """
    # Until the supervisor listens for it an interrupt ends the process at once. As an exception it
    # could come while C code imports something, which may drop it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    settings = config_of(
        data,
        config,
        api={"host": host, "port": port, "processes": apis},
        ws={"port": ws_port},
        engine={"processes": engines, "kind": engine, "quorum": quorum},
        bots={"enabled": bots},
    )
    import logging

    from truebook.cli.loglines import log_lines
    from truebook.supervisor.supervise import supervise

    log_lines(sys.stderr, logging.WARNING)
    supervise(settings)


@app.command(name="engine")
def engine_role(
    *, data: Data = None, config: ConfigFile = None, number: int = 1, engine: Kind = None
) -> None:
    """Run one engine, on the log and bus of the configuration.

    Parameters
    ----------
    number
        Which of several engines with this data folder it is.
    """
    from truebook.cli.roles import run_engine

    run_engine(config_of(data, config, engine={"kind": engine}), number)


@app.command(name="api")
def api_role(
    *,
    data: Data = None,
    config: ConfigFile = None,
    host: str | None = None,
    port: int | None = None,
    socket: Annotated[int | None, Parameter(show=False)] = None,
) -> None:
    """Run one API process, on the log and bus of the configuration.

    Parameters
    ----------
    host
        Where it listens; 127.0.0.1 by default.
    port
        Its port; 8080 by default.
    """
    from truebook.cli.roles import run_api

    run_api(config_of(data, config, api={"host": host, "port": port}), socket)


@app.command(name="feed")
def feed_role(*, data: Data = None, config: ConfigFile = None) -> None:
    """Run the feed: depth, trades, candles, tickers and order updates, for who subscribes."""
    from truebook.cli.role_feed import run_feed

    run_feed(config_of(data, config))


@app.command(name="store")
def store_role(*, data: Data = None, config: ConfigFile = None) -> None:
    """Keep the database up to date, on the bus of the configuration."""
    from truebook.cli.role_store import run_store

    run_store(config_of(data, config))


@app.command(show=False)
def remake(*, after: str = "0-0", data: Data = None, config: ConfigFile = None) -> None:
    """Write the events behind a position, made again from the log, to standard output."""
    from truebook.cli.remaking import write_remade

    write_remade(config_of(data, config), after)


@app.command(name="ws")
def ws_role(
    *,
    data: Data = None,
    config: ConfigFile = None,
    host: str | None = None,
    port: int | None = None,
    socket: Annotated[int | None, Parameter(show=False)] = None,
) -> None:
    """Run the websocket server, on the bus of the configuration.

    Parameters
    ----------
    host
        Where it listens; 127.0.0.1 by default.
    port
        Its port; 8081 by default.
    """
    from truebook.cli.role_ws import run_ws

    run_ws(config_of(data, config, api={"host": host}, ws={"port": port}), socket)


@app.command(name="maker")
def maker_role(
    *, data: Data = None, config: ConfigFile = None, url: Url = None, key_file: KeyFile = None
) -> None:
    """Run the market maker against an API, as the demo account unless told otherwise."""
    from truebook.cli.role_maker import run_maker

    run_maker(config_of(data, config), url, key_file)


@app.command(name="taker")
def taker_role(
    *, data: Data = None, config: ConfigFile = None, url: Url = None, key_file: KeyFile = None
) -> None:
    """Run the noise taker against an API, as the demo account unless told otherwise."""
    from truebook.cli.role_taker import run_taker

    run_taker(config_of(data, config), url, key_file)


@app.command(name="archive")
def archive_role(*, data: Data = None, config: ConfigFile = None) -> None:
    """Run the archive: keep all of the log in files, and the log server's memory bounded."""
    from truebook.cli.role_archive import run_archive

    run_archive(config_of(data, config))


@app.command(name="witness")
def witness_role(
    *,
    once: Annotated[bool, Parameter(negative=())] = False,
    data: Data = None,
    config: ConfigFile = None,
    json: Json = False,
) -> int:
    """Compare what the engines attest, with each other and with the log.

    Parameters
    ----------
    once
        Check everything now, tell what is wrong, and end: exit status 1 if anything is.
    """
    if once:
        from truebook.cli.witness_once import check_once

        return check_once(config_of(data, config), json)
    from truebook.cli.role_witness import run_witness

    run_witness(config_of(data, config))
    return 0


@app.command
def resume(*, data: Data = None, config: ConfigFile = None, json: Json = False) -> None:
    """Go on after a halt, from what the log says: docs/witness.md."""
    from truebook.cli.resuming import resume_venue

    resume_venue(config_of(data, config), json)


@app.command
def ps(*, data: Data = None, config: ConfigFile = None, json: Json = False) -> None:
    """List the processes that run on the data folder."""
    from truebook.cli.reports import print_processes

    print_processes(config_of(data, config), json)


@app.command
def status(*, data: Data = None, config: ConfigFile = None, json: Json = False) -> None:
    """Tell whether everything is well: log, engines, feed, store, children."""
    from truebook.cli.reports import print_status

    print_status(config_of(data, config), json)


@account_app.command
def create(
    name: str,
    /,
    *,
    data: Data = None,
    config: ConfigFile = None,
    credit: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    json: Json = False,
) -> None:
    """Open an account and print a key to it, once.

    Parameters
    ----------
    name
        Of the account; nobody else has it.
    credit
        What it is given, as in USDC=100000; may be repeated.
    """
    from truebook.cli.reports import print_created

    print_created(config_of(data, config), name, credit, json)


@app.command
def replay(
    *,
    source: Annotated[
        Literal["genesis", "snapshot", "database"], Parameter(name="--from")
    ] = "genesis",
    to: str | None = None,
    data: Data = None,
    config: ConfigFile = None,
    json: Json = False,
    engine: Kind = None,
) -> None:
    """Compute the state anew, and print its hash: it is the same on all three roads.

    Parameters
    ----------
    source
        Where to begin: before the first command, at the latest snapshot, or at what the database
        says; from there on the log is applied.
    to
        The position of the last entry to apply; the end of the log by default.
    """
    settings = config_of(data, config, engine={"kind": engine})
    from truebook.cli.replaying import print_replay

    print_replay(settings, source, to, json)


@app.command
def snapshot(*, data: Data = None, config: ConfigFile = None, json: Json = False) -> None:
    """Have every engine write its state into a file now; engines start from such files."""
    from truebook.cli.snapshotting import print_snapshot

    print_snapshot(config_of(data, config), json)


@app.command
def at(
    moment: str,
    what: Literal["depth", "balances", "order"],
    subject: str,
    /,
    *,
    data: Data = None,
    config: ConfigFile = None,
    json: Json = False,
    engine: Kind = None,
) -> None:
    """Tell what was true at a position of the log, or at a time.

    Parameters
    ----------
    moment
        A position (1795246042096-0), a time (2026-11-21T07:27:22.096, UTC), or milliseconds.
    what
        A market's depth, an account's balances, or an order.
    subject
        The market (SOL_USDC), the account's name, or the order's id.
    """
    from truebook.cli.travelling import print_past

    settings = config_of(data, config, engine={"kind": engine})
    print_past(settings, moment, what, subject, json)


@log_app.command
def verify(*, data: Data = None, config: ConfigFile = None, json: Json = False) -> int:
    """Check the whole log since genesis, archived and not: exit status 1 if anything is wrong."""
    from truebook.cli.log_tools import verify_log

    return verify_log(config_of(data, config), json)


@log_app.command
def show(
    *,
    first: Annotated[str | None, Parameter(name="--from")] = None,
    last: Annotated[str | None, Parameter(name="--to")] = None,
    data: Data = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Print the commands of the log, with --json one line an entry.

    Parameters
    ----------
    first
        The position to begin at; the first by default.
    last
        The position to end with; the last by default.
    """
    from truebook.cli.log_tools import show_log

    show_log(config_of(data, config), first, last, json)


@log_app.command
def export(
    file: Path,
    /,
    *,
    form: Annotated[Literal["csv", "parquet"], Parameter(name="--format")] = "csv",
    first: Annotated[str | None, Parameter(name="--from")] = None,
    last: Annotated[str | None, Parameter(name="--to")] = None,
    data: Data = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Write the commands of the log into a file, one row each.

    Parameters
    ----------
    file
        What to write; replaced if it is there.
    form
        Parquet needs `pip install 'truebook[export]'`.
    first
        The position to begin at; the first by default.
    last
        The position to end with; the last by default.
    """
    from truebook.cli.log_tools import export_log

    export_log(config_of(data, config), file, form, first, last, json)


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


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its status."""
    call = partial(app, arguments, result_action="return_value", exit_on_error=False)
    sys.exit(exit_status(call))


def exit_status(command: Callable[[], Any]) -> int:
    """Run a command; its exit status. What went wrong is told on standard error."""
    try:
        result = command()
    except UserError as error:
        print(f"truebook: {error}", file=sys.stderr)
        return 1
    except CycloptsError:
        # Cyclopts has told it.
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        from truebook.commandlog.interface import LogNotDurable

        if isinstance(error, LogNotDurable):
            print(f"truebook: {error} (log.allow_not_durable)", file=sys.stderr)
            return 1
        if type(error).__module__.startswith("truebook"):
            print(f"truebook: {error}", file=sys.stderr)
        else:
            traceback.print_exc()
        return 2
    return result if isinstance(result, int) else 0
