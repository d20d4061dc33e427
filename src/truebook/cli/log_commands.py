"""`truebook log …`: the log checked, shown, exported."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from truebook.cli.options import ConfigFile, Data, Json, config_of

log_app = App(name="log", help="The log: checked, shown, exported.")


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
