"""The archive as a process: alone with a configuration, or as a child of the supervisor."""

import sys

from truebook.cli.loglines import log_lines
from truebook.commandlog.durability import durability_of
from truebook.config import Config
from truebook.installation import archive_url, attached
from truebook.lifeline import Lifeline


def run_archive(config: Config) -> None:
    """Be the archive, until SIGTERM or SIGINT. Raises UserError."""
    lifeline = Lifeline.from_environment()
    log_lines(sys.stdout)
    from truebook.commandlog.archive.archiver import Plan
    from truebook.commandlog.archive.running import run_archiving

    config = attached(config)
    archive = config.archive
    run_archiving(
        Plan(
            log_bytes_max=archive.log_bytes_max,
            segment_bytes=archive.segment_bytes,
            segment_s=archive.segment_seconds,
            vanished_s=archive.reader_seconds,
        ),
        log_url=config.log.url,
        bus_url=config.bus.url,
        archive_url=archive_url(config),
        durability=durability_of(config.log),
        serving=lifeline.serving,
    )
