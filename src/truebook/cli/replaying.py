"""`truebook replay`: on the log of what runs, or of a data folder on which nothing does.

Promise: there is never a second server on a log, nor an `up` beside a private one.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal, NamedTuple

from truebook.allocation import keep_freed_memory
from truebook.cli.attestations import attested_by_engines
from truebook.cli.engines import make_engine
from truebook.cli.reports import print_json
from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.interface import LogReader, Position
from truebook.commandlog.reached_log import ReachedLog
from truebook.commandlog.server import start_log_server
from truebook.commandlog.whole_log import open_whole_log
from truebook.config import Config, UserError
from truebook.engine.interface import Engine
from truebook.installation import (
    archive_url,
    database_url,
    folder_of,
    running,
    snapshots_path,
)
from truebook.progress import Progress
from truebook.snapshots.folder import kept_by_all
from truebook.store.interface import StateUnreadable
from truebook.store.reading import state_of
from truebook.verify.attested import first_at
from truebook.verify.replay import BeyondTheEnd, Contradicted, Replayed, replay_against
from truebook.verify.roads import Beginning, NoRoad, from_genesis, from_snapshot, from_tables

LOG_FOLDER = "log"


Road = Literal["genesis", "snapshot", "database"]


class _Found(NamedTuple):
    replayed: Replayed
    attested: bool
    note: str = ""


def print_replay(config: Config, road: Road, to: str | None, json: bool) -> None:
    """Replay from where the road begins and print what came out. Raises UserError."""
    keep_freed_memory()
    end = None if to is None else position_of("--to", to)
    progress = Progress(stream=sys.stderr)
    with whole_log(config) as log:
        try:
            found = _replay(config, road, log, end, progress)
        except BeyondTheEnd as error:
            raise UserError(f"--to: {error}") from None
        except (NoRoad, StateUnreadable, Contradicted) as error:
            raise UserError(f"--from {road}: {error}") from None
        finally:
            progress.end()
    _print(found, json)


def _replay(
    config: Config, road: Road, log: ReachedLog, end: Position | None, progress: Progress
) -> _Found:
    make = partial(make_engine, config.engine.kind, progress.show)
    # Before the log's end is looked up: what is attested now stands before that.
    attested = [] if road == "genesis" else attested_by_engines(config, log)
    last = log.last_position() if end is None else end
    make()  # so that loading the engine's code isn't in the time
    began_s = SYSTEM_CLOCK.elapsed_s()
    start, note = _begin(config, road, log, make, last)
    seconds = SYSTEM_CLOCK.elapsed_s() - began_s if road != "genesis" else 0.0
    attestation = first_at(attested, start.position, last)
    tell = partial(progress.show, "replaying")
    replayed = replay_against(
        attestation, log, start.engine, SYSTEM_CLOCK, last, tell, start.position
    )
    replayed = replayed._replace(seconds=replayed.seconds + seconds)
    return _Found(replayed, attestation is not None, note)


def _begin(
    config: Config, road: Road, log: LogReader, make: Callable[[], Engine], to: Position
) -> tuple[Beginning, str]:
    """Where the road begins, and what there is to say about it."""
    if road == "genesis":
        return from_genesis(make), ""
    if road == "snapshot":
        try:
            return from_snapshot(log, kept_by_all(snapshots_path(config)), make, to), ""
        except NoRoad as error:
            return from_genesis(make), f"{error}: replayed from genesis"
    state = state_of(database_url(config))
    if state.position > to:
        note = f"the database is at {state.position} already, behind {to}: replayed from genesis"
        return from_genesis(make), note
    return from_tables(log, state.position, state.tables, make, to), ""


def position_of(what: str, text: str) -> Position:
    """The position that somebody has written; UserError, with `what` it was for, if it is none."""
    try:
        return Position.parse(text)
    except ValueError as error:
        raise UserError(f"{what}: {error}") from None


@contextmanager
def whole_log(config: Config) -> Iterator[ReachedLog]:
    """The log of a configuration, archived entries included. Raises UserError."""
    with log_address(config) as url:
        log = open_whole_log(url, archive_url(config), durability=UNCHECKED)
        try:
            yield log
        finally:
            log.close()


def _print(found: _Found, json: bool) -> None:
    told = {
        "position": str(found.replayed.position),
        "stateHash": found.replayed.state_hash.hex(),
        "commands": found.replayed.commands,
        "seconds": round(found.replayed.seconds, 3),
        "attested": found.attested,
    }
    if found.note:
        told["note"] = found.note
    if json:
        print_json(told)
        return
    for name, value in told.items():
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
