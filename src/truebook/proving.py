"""`truebook replay`: on the log of what runs, or of a data folder on which nothing does."""

import sys

from truebook.clock import SYSTEM_CLOCK
from truebook.commandlog.interface import Position
from truebook.commandlog.valkey_reader import ValkeyLogReader
from truebook.config import Config, UserError
from truebook.engines import make_engine
from truebook.installation import log_address
from truebook.progress import Progress
from truebook.reports import print_json
from truebook.verify.replay import BeyondTheEnd, Replayed, replay


def print_replay(config: Config, to: str | None, json: bool) -> None:
    """Replay from genesis and print what came out. Raises UserError."""
    try:
        end = None if to is None else Position.parse(to)
    except ValueError as error:
        raise UserError(f"--to: {error}") from None
    progress = Progress(stream=sys.stderr)
    with log_address(config) as url:
        engine = make_engine(config.engine.kind, progress.show)
        reader = ValkeyLogReader(url)

        def show(done: Position, last: Position) -> None:
            progress.show(f"replaying to {last}, at {done}")

        try:
            replayed = replay(reader, engine, SYSTEM_CLOCK, end, show)
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
