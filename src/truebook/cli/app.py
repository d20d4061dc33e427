"""The command line: `truebook …`. README.md and `--help` say what each command is for.

Promise: results go to standard output, as one JSON value with `--json`; errors go to standard
error. Exit status 0: done; 1: the user's mistake; 2: ours. What a command doesn't need isn't
imported: `truebook ps` answers at once, and only what runs the engine loads the compiler.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter

from truebook import __version__
from truebook.cli.account_commands import key_app, list_accounts, password
from truebook.cli.admin_commands import admin_app
from truebook.cli.attester_commands import attester_app
from truebook.cli.backup_commands import backup, restore
from truebook.cli.bench_commands import bench_app
from truebook.cli.database_commands import database_app
from truebook.cli.interrupts import ending_at_once
from truebook.cli.log_commands import log_app
from truebook.cli.options import ConfigFile, Data, Json, config_of
from truebook.cli.proof_commands import proof_app
from truebook.cli.role_commands import Kind, roles_app
from truebook.config import UserError

app = App(
    name="truebook",
    help="An exchange whose book can be proved true.",
    version=__version__,
)
account_app = App(name="account", help="Accounts and their keys.")
app.command(account_app)
app.command(admin_app)
admin_app.command(attester_app)
account_app.command(key_app)
account_app.command(list_accounts, name="list")
account_app.command(password)
app.command(log_app)
app.command(database_app)
app.command(proof_app)
app.command(bench_app)
app.command(backup)
app.command(restore)
app.command(roles_app, name="*")


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
    # Until the supervisor listens for it an interrupt ends the process at once: interrupts.py.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    settings = config_of(
        data,
        config,
        api={"host": host, "port": port, "processes": apis},
        ws={"port": ws_port},
        engine={"processes": engines, "kind": engine, "quorum": quorum},
        bots={"enabled": bots},
    )
    # Forks of this process are to find it with one thread; NumPy would start some, for nothing.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from truebook.cli.loglines import TEXT_OF_TROUBLE, log_lines
    from truebook.cli.preloading import plant
    from truebook.supervisor.supervise import supervise

    nurseries = plant(settings.engine.kind, main)
    log_lines(sys.stderr, TEXT_OF_TROUBLE)
    supervise(settings, nurseries)


@app.command
def found(*, data: Data = None, config: ConfigFile = None, json: Json = False) -> None:
    """Set up the assets, fees and markets of a new exchange, as `truebook up` does by itself.

    Waits for the log's server. A log that has entries is left as it is.
    """
    from truebook.cli.founding import found_exchange

    found_exchange(config_of(data, config), json)


@app.command
def trust(number: int, /, *numbers: int, data: Data = None, config: ConfigFile = None) -> None:
    """Make the attestations of engines count that were started one by one.

    Parameters
    ----------
    number
        Of an engine on this data folder, where it has its key.
    numbers
        Of further engines there.
    """
    from truebook.cli.founding import trust_engines

    trust_engines(config_of(data, config), (number, *numbers))


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


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its status."""
    sys.exit(exit_status(partial(_run, arguments)))


def _run(arguments: list[str] | None) -> Any:
    with ending_at_once():
        command, bound, _ = app.parse_args(arguments, exit_on_error=False)
    return command(*bound.args, **bound.kwargs)


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
