"""`truebook remake`: what the store starts when the bus no longer has what it missed."""

import logging
import sys

from truebook.cli.engines import make_engine
from truebook.cli.loglines import log_lines
from truebook.commandlog.event_frames import pack_frame
from truebook.commandlog.interface import Position
from truebook.commandlog.whole_log import open_whole_log
from truebook.config import Config, UserError
from truebook.installation import archive_url, attached
from truebook.lifeline import Lifeline
from truebook.verify.remake import remade


def write_remade(config: Config, after: str) -> None:
    """Write the event entries behind a position to standard output. Raises UserError."""
    Lifeline.from_environment()
    log_lines(sys.stderr, logging.WARNING)
    try:
        position = Position.parse(after)
    except ValueError as error:
        raise UserError(f"--after: {error}") from None
    url = config.log.url or attached(config).log.url
    reader = open_whole_log(url, archive_url(config), allow_not_durable=True)
    try:
        for entry in remade(reader, make_engine(config.engine.kind, logging.info), position):
            sys.stdout.buffer.write(pack_frame(entry))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Nobody reads on; what is left of the output must not complain when it is closed.
        sys.stdout = None
    finally:
        reader.close()
