"""`truebook backup` and `truebook restore` (docs/operations.md)."""

import asyncio
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from truebook.cli.options import ConfigFile, Data, Json, config_of
from truebook.config import Config

FIRST_STEP = "asking the engines for a snapshot"


def backup(
    folder: Path, /, *, data: Data = None, config: ConfigFile = None, json: Json = False
) -> None:
    """Back the exchange up into a new folder, while it runs or while nothing does.

    Parameters
    ----------
    folder
        Where to; it must be empty or not be there. Keep it like a key: it has secrets in it.
    """
    print_backup(config_of(data, config), folder, json)


def restore(
    folder: Path,
    /,
    *,
    data: Data = None,
    config: ConfigFile = None,
    replay: Annotated[bool, Parameter(show_default=False)] = True,
    json: Json = False,
) -> None:
    """Make an exchange of a backup, in a data folder that is empty or isn't there.

    Parameters
    ----------
    folder
        The backup.
    replay
        Compute the state anew from the first entry on, and compare each snapshot with it.
    """
    print_restored(config_of(data, config), folder, replay, json)


def print_backup(config: Config, folder: Path, json: bool) -> None:
    """`truebook backup`."""
    from truebook.backup.taking import take
    from truebook.cli.replaying import log_address
    from truebook.cli.reports import print_json
    from truebook.cli.snapshotting import ask_for_snapshots
    from truebook.installation import running
    from truebook.progress import Progress

    progress = Progress(stream=sys.stderr)
    state = running(config)
    bus_url = config.bus.url or (state.bus_url if state is not None else "")
    try:
        if bus_url:
            progress.show(FIRST_STEP)
            asyncio.run(ask_for_snapshots(bus_url))
        with log_address(config) as log_url:
            manifest = take(config, log_url, folder, progress.show)
    finally:
        progress.end()
    found = {
        "folder": str(folder.absolute()),
        "position": manifest.position,
        "entries": manifest.entries,
        "chain": manifest.chain,
        "files": len(manifest.files),
        "bytes": sum(file.bytes for file in manifest.files),
        "database": manifest.database,
    }
    if json:
        print_json(found)
        return
    for name, value in found.items():
        print(f"{name:10} {value}")
    print("There are keys and salts of passwords in it: keep it like a key.", file=sys.stderr)
    if manifest.database == "postgresql":
        told = "PostgreSQL isn't copied: it can be made again from the log; pg_dump is quicker."
        print(told, file=sys.stderr)


def print_restored(config: Config, folder: Path, replay: bool, json: bool) -> None:
    """`truebook restore`."""
    from truebook.backup.restoring import restore as restore_backup
    from truebook.cli.engines import make_engine
    from truebook.cli.reports import print_json
    from truebook.installation import folder_of
    from truebook.progress import Progress

    progress = Progress(stream=sys.stderr)
    make = partial(make_engine, config.engine.kind, progress.show)
    try:
        restored = restore_backup(config, folder, make if replay else None, progress.show)
    finally:
        progress.end()
    found = {
        "data": str(folder_of(config).path),
        "position": restored.manifest.position,
        "entries": restored.manifest.entries,
        "chain": restored.manifest.chain,
        "stateHash": restored.state_hash,
    }
    if json:
        print_json(found)
        return
    for name, value in found.items():
        print(f"{name:10} {value}")
