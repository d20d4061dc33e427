"""`truebook replay`: on the log of what runs, or of a data folder on which nothing does.

Promise: there is never a second server on a log, nor an `up` beside a private one.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from truebook.cli.engines import make_engine
from truebook.cli.reports import print_json
from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.interface import Position
from truebook.commandlog.server import start_log_server
from truebook.commandlog.whole_log import open_whole_log
from truebook.config import Config, UserError
from truebook.installation import archive_url, folder_of, running
from truebook.progress import Progress
from truebook.verify.replay import BeyondTheEnd, Replayed, replay

LOG_FOLDER = "log"


def print_replay(config: Config, to: str | None, json: bool) -> None:
    """Replay from genesis and print what came out. Raises UserError."""
    try:
        end = None if to is None else Position.parse(to)
    except ValueError as error:
        raise UserError(f"--to: {error}") from None
    progress = Progress(stream=sys.stderr)
    with log_address(config) as url:
        engine = make_engine(config.engine.kind, progress.show)
        reader = open_whole_log(url, archive_url(config), allow_not_durable=True)
        try:
            replayed = replay(
                reader, engine, SYSTEM_CLOCK, end, partial(progress.show, "replaying")
            )
        except BeyondTheEnd as error:
            raise UserError(f"--to: {error}") from None
        finally:
            reader.close()
            progress.end()
    _print(replayed, json)


def _print(replayed: Replayed, json: bool) -> None:
    found = {
        "position": str(replayed.position),
        "stateHash": replayed.state_hash.hex(),
        "commands": replayed.commands,
        "seconds": round(replayed.seconds, 3),
    }
    if json:
        print_json(found)
        return
    for name, value in found.items():
        print(f"{name:10} {value}")


@contextmanager
def log_address(config: Config) -> Iterator[str]:
    """Where the log can be read, for as long as the context lasts.

    If nothing runs on the data folder, its log server is started for that long, and the folder is
    locked against `truebook up` meanwhile. Raises UserError.
    """
    state = running(config)
    if config.log.url or state is not None:
        yield config.log.url or (state.log_url if state else "")
        return
    folder = folder_of(config)
    if not (folder.path / LOG_FOLDER).is_dir():
        raise UserError(f"there is no log in {folder.path}")
    folder.lock()
    try:
        server = start_log_server(folder.path)
        try:
            server.wait_ready()
            yield server.url
        finally:
            server.stop()
    finally:
        folder.unlock()
