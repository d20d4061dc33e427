"""`truebook remake`: what the store starts when the bus no longer has what it missed."""

import logging
import sys
from functools import partial

from truebook.cli.engines import make_engine
from truebook.cli.loglines import TEXT_OF_TROUBLE, log_lines
from truebook.commandlog.durability import UNCHECKED
from truebook.commandlog.event_frames import pack_frame
from truebook.commandlog.interface import Position, Tail
from truebook.commandlog.whole_log import open_whole_log
from truebook.config import Config, UserError
from truebook.installation import archive_url, attached, snapshots_path
from truebook.lifeline import Lifeline
from truebook.snapshots.folder import kept_by_all
from truebook.snapshots.restoring import restore
from truebook.verify.remake import BEGIN, remade


def write_remade(config: Config, after: str, to: str) -> None:
    """Write the event entries behind a position, up to and with another, to standard output. Raises
    UserError."""
    Lifeline.from_environment()
    log_lines(sys.stderr, TEXT_OF_TROUBLE)
    first, last = _position("--after", after), _position("--to", to)
    url = config.log.url or attached(config).log.url
    reader = open_whole_log(url, archive_url(config), durability=UNCHECKED)
    try:
        reader.last_position()
        make = partial(make_engine, config.engine.kind, logging.info)
        kept = kept_by_all(snapshots_path(config))
        restored = restore(sorted(kept, reverse=True), make, reader.chain_at, first)
        engine, begin = make(), BEGIN
        if restored is not None:
            head = restored.snapshot.head
            engine, begin = restored.engine, Tail(head.position, head.event_hash)
        for entry in remade(reader, engine, first, last, begin):
            sys.stdout.buffer.write(pack_frame(entry))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Nobody reads on; what is left of the output must not complain when it is closed.
        sys.stdout = None
    finally:
        reader.close()


def _position(option: str, text: str) -> Position:
    try:
        return Position.parse(text)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from None
