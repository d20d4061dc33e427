"""`truebook ROLE`: each process of an exchange, as one runs it alone and as the supervisor does."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from truebook.cli.options import ConfigFile, Data, Json, config_of

roles_app = App()

Url = Annotated[
    str | None, Parameter(help="The API's address; by default of what runs on the data folder.")
]
KeyFile = Annotated[
    Path | None,
    Parameter(help="What `account create --json` printed; by default a demo account's."),
]
Kind = Annotated[Literal["fast", "naive"] | None, Parameter(name="--engine", show=False)]


@roles_app.command(name="engine")
def engine(
    *, data: Data = None, config: ConfigFile = None, number: int = 1, engine: Kind = None
) -> None:
    """Run one engine, on the log and bus of the configuration.

    Parameters
    ----------
    number
        Which of several engines with this data folder it is.
    """
    from truebook.cli.role_engine import run_engine

    run_engine(config_of(data, config, engine={"kind": engine}), number)


@roles_app.command(name="api")
def api(
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
    from truebook.cli.role_api import run_api

    run_api(config_of(data, config, api={"host": host, "port": port}), socket)


@roles_app.command(name="feed")
def feed(*, data: Data = None, config: ConfigFile = None) -> None:
    """Run the feed: depth, trades, candles, tickers and order updates, for who subscribes."""
    from truebook.cli.role_feed import run_feed

    run_feed(config_of(data, config))


@roles_app.command(name="store")
def store(*, data: Data = None, config: ConfigFile = None) -> None:
    """Keep the database up to date, on the bus of the configuration."""
    from truebook.cli.role_store import run_store

    run_store(config_of(data, config))


@roles_app.command(show=False)
def remake(*, to: str, after: str = "0-0", data: Data = None, config: ConfigFile = None) -> None:
    """Write the events behind a position, up to another that is published, made again from the log,
    to standard output."""
    from truebook.cli.remaking import write_remade

    write_remade(config_of(data, config), after, to)


@roles_app.command(name="ws")
def ws(
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


@roles_app.command(name="maker")
def maker(
    *, data: Data = None, config: ConfigFile = None, url: Url = None, key_file: KeyFile = None
) -> None:
    """Run the market maker against an API, as the demo account unless told otherwise."""
    from truebook.cli.role_maker import run_maker

    run_maker(config_of(data, config), url, key_file)


@roles_app.command(name="taker")
def taker(
    *, data: Data = None, config: ConfigFile = None, url: Url = None, key_file: KeyFile = None
) -> None:
    """Run the noise taker against an API, as the demo account unless told otherwise."""
    from truebook.cli.role_taker import run_taker

    run_taker(config_of(data, config), url, key_file)


@roles_app.command(name="archive")
def archive(*, data: Data = None, config: ConfigFile = None) -> None:
    """Run the archive: keep all of the log in files, and the log server's memory bounded."""
    from truebook.cli.role_archive import run_archive

    run_archive(config_of(data, config))


@roles_app.command(name="witness")
def witness(
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
